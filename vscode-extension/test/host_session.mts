// Suites that run inside the extension host, where the whole API of VS Code is at hand.

import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

import { build } from "esbuild";

import { remoteUri, workbenchUrl } from "./rig/browser.mts";
import { Session, type SessionOptions } from "./rig/session.mts";
import type { Tools } from "./rig/tools.mts";

export interface HostRun extends SessionOptions {
  /** Names of files in host/, without .test.ts. */
  readonly suites: readonly string[];
  readonly timeoutS: number;
}

/** Marks the reporter's lines among everything that VS Code writes to its console (host/index.ts). */
const PREFIX = "benchwright-test: ";
const BUILT = ".vscode-test/host";

export async function buildSuites(tools: Tools, suites: readonly string[]): Promise<void> {
  const source = join(tools.extension, "test/host");
  await build({
    entryPoints: [
      join(source, "index.ts"),
      ...suites.map((name) => join(source, `${name}.test.ts`)),
    ],
    outdir: join(tools.extension, BUILT),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    external: ["vscode", "mocha"],
    sourcemap: "inline",
    logLevel: "warning",
  });
}

/** Runs the suites in a VS Code of their own and relays what they print as it comes. */
export async function runInHost(tools: Tools, options: HostRun): Promise<void> {
  const environment = {
    ...options.environment,
    BENCHWRIGHT_TEST_SUITES: options.suites.join(","),
    NODE_OPTIONS: "--enable-source-maps",
  };
  await Session.run(tools, { ...options, environment }, async ({ page, server, workspace }) => {
    let exited: (code: number) => void;
    const exit = new Promise<number>((done) => (exited = done));
    await page.exposeFunction("codeAutomationLog", (_type: string, words: unknown[]) => {
      for (const line of words.map(String).join(" ").split("\n")) {
        if (line.startsWith(PREFIX)) process.stdout.write(`${line.slice(PREFIX.length)}\n`);
      }
    });
    await page.exposeFunction("codeAutomationExit", (code: number) => {
      exited(code);
    });
    const url = workbenchUrl(server.port, workspace.opened, [
      ["extensionDevelopmentPath", remoteUri(server.port, tools.extension)],
      ["extensionTestsPath", remoteUri(server.port, join(tools.extension, BUILT, "index.js"))],
    ]);
    await page.goto(url);
    const outcome = await Promise.race([
      exit,
      server.ended(),
      new Promise<string>((done) => page.once("crash", () => done("the page of VS Code crashed"))),
      sleep(options.timeoutS * 1000, `no end after ${options.timeoutS} s`, { ref: false }),
    ]);
    if (outcome !== 0) {
      throw new Error(typeof outcome === "string" ? outcome : "tests failed in the extension host");
    }
  });
}
