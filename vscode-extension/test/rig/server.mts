// VS Code's server for one test run, in a process group, home and data folder of its own.

import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { MARK } from "./processes.mts";
import type { Tools } from "./tools.mts";
import { writeJson, type Settings } from "./workspace.mts";

const START_TIMEOUT_MS = 30_000;
/** What VS Code on a desktop has by default, and settings without which it asks for networks. */
const QUIET: Settings = {
  "chat.disableAIFeatures": true,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "never",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export interface ServerOptions {
  readonly root: string;
  readonly mark: string;
  /** Settings of the user and of the machine, which no workspace that is not trusted overrides. */
  readonly settings: Settings;
  /** Whether every workspace is trusted without asking. */
  readonly trusted: boolean;
  /** Whether VS Code reports to the functions that its automation has in the page. */
  readonly driver: boolean;
  /** Packaged extensions to install first. */
  readonly vsix: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export class VscodeServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#process = child;
  }

  static async start(tools: Tools, options: ServerOptions): Promise<VscodeServer> {
    for (const scope of ["Machine", "User"]) {
      const settings = { ...QUIET, ...options.settings };
      writeJson(join(options.root, `data/data/${scope}/settings.json`), settings);
    }
    const child = spawn(tools.node, serverArguments(tools, options), {
      cwd: options.root,
      detached: true,
      env: serverEnvironment(options),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(join(options.root, "logs/server.log"));
    child.stderr.pipe(log, { end: false });
    child.stdout.pipe(log, { end: false });
    return new VscodeServer(await announcedPort(child), child);
  }

  /** Settles when the server ends, whoever ended it. */
  async ended(): Promise<string> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise((done) => this.#process.once("exit", done));
    }
    return `VS Code's server ended with ${String(this.#process.exitCode ?? this.#process.signalCode)}`;
  }

  /** Asks the server and all that it started to end. */
  terminate(): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGTERM");
    } catch {
      return; // The group has ended already.
    }
  }
}

function serverArguments(tools: Tools, options: ServerOptions): string[] {
  return [
    join(tools.server, "out/server-main.js"),
    ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token"],
    ...["--accept-server-license-terms", "--telemetry-level", "off"],
    ...["--server-data-dir", join(options.root, "data")],
    ...["--extensions-dir", join(options.root, "extensions")],
    // The driver reports what runs in the extension host, and keeps notifications from showing.
    ...(options.driver ? ["--enable-smoke-test-driver"] : []),
    ...options.vsix.flatMap((vsix) => ["--install-extension", vsix]),
    ...(options.vsix.length > 0 ? ["--start-server"] : []),
    ...(options.trusted ? ["--disable-workspace-trust"] : []),
  ];
}

/** The caller's environment with a home of its own, but the caller's warm cache of the simulator. */
function serverEnvironment(options: ServerOptions): NodeJS.ProcessEnv {
  const home = join(options.root, "home");
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_DATA_HOME: join(home, ".local/share"),
    BENCHWRIGHT_CACHE_DIR: process.env["BENCHWRIGHT_CACHE_DIR"] ?? join(cache, "benchwright"),
    BENCHWRIGHT_DATA_DIR: join(home, "benchwright"),
    EXTENSIONS_GALLERY: "{}",
    ...options.environment,
    [MARK]: options.mark,
  };
}

function announcedPort(child: ChildProcess): Promise<number> {
  return new Promise((found, failed) => {
    let said = "";
    const fail = (why: string): void => {
      failed(new Error(`VS Code's server ${why}:\n${said}`));
    };
    const timer = setTimeout(fail, START_TIMEOUT_MS, "did not say its port in time");
    child.once("exit", (code) => {
      fail(`ended with ${String(code)}`);
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const port = /Extension host agent listening on (\d+)/.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      found(Number(port));
    });
  });
}
