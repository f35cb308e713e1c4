// Runs that drive VS Code as a user does, by mouse and keyboard, with the packaged extension.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

import { grammarExtension } from "./page/grammar.mts";
import { workbenchUrl } from "./rig/browser.mts";
import { Session, type SessionOptions } from "./rig/session.mts";
import type { Tools } from "./rig/tools.mts";
import { Workbench } from "./rig/workbench.mts";

export interface PageRun extends SessionOptions {
  readonly steps: (workbench: Workbench, session: Session) => Promise<void>;
}

/** Packages the extension as it is published, and a grammar for the eyes. */
export function packageExtensions(tools: Tools): string[] {
  const built = join(tools.extension, ".vscode-test");
  const [ours, grammar] = [join(built, "benchwright.vsix"), join(built, "grammar.vsix")];
  runTool(tools, "npm", ["run", "package", "--", "--out", ours], tools.extension);
  const folder = grammarExtension(tools);
  const options = ["--allow-missing-repository", "--skip-license", "--out", grammar];
  runTool(tools, "npx", ["--prefix", tools.extension, "vsce", "package", ...options], folder);
  rmSync(folder, { recursive: true });
  return [ours, grammar];
}

function runTool(tools: Tools, name: string, args: readonly string[], cwd: string): void {
  const folder = dirname(tools.node);
  const environment = { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  const ran = spawnSync(join(folder, name), args, { cwd, env: environment, encoding: "utf8" });
  if (ran.status !== 0) {
    throw new Error(`${name} ${args.join(" ")} failed:\n${ran.stdout}${ran.stderr}`);
  }
}

/** Opens a fresh VS Code with the extension installed and takes the steps. */
export async function runOnPage(
  tools: Tools,
  run: PageRun,
  vsix: readonly string[],
): Promise<void> {
  await Session.run(tools, { ...run, vsix }, async (session) => {
    const { page, server, workspace } = session;
    await page.goto(workbenchUrl(server.port, workspace.opened, []));
    const workbench = new Workbench(page);
    await workbench.ready();
    await run.steps(workbench, session);
  });
}
