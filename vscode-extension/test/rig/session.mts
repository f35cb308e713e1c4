// One run of VS Code: started, used, and ended with everything that it started.

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";

import { openBrowser } from "./browser.mts";
import { killMarked, MARK, marked, settled, type Running } from "./processes.mts";
import { VscodeServer } from "./server.mts";
import type { Tools } from "./tools.mts";
import { privateRoot, type Settings, type Workspace } from "./workspace.mts";

export interface SessionOptions {
  readonly name: string;
  /** Whether every workspace is trusted without asking; it is, unless this is false. */
  readonly trusted?: boolean;
  /** Packaged extensions to install, where none under development is driven by suites. */
  readonly vsix?: readonly string[];
  readonly machineSettings?: Settings;
  readonly environment?: Readonly<Record<string, string>>;
  readonly makeWorkspace: (root: string) => Workspace;
}

/** Roots of sessions that are open, by their marks. */
const live = new Map<string, string>();

/** Ends whatever any session of this process still runs and removes its files; for signals. */
export function endAllSessions(): void {
  for (const [mark, root] of live) {
    killMarked(mark);
    rmSync(root, { recursive: true, force: true });
  }
}

export class Session {
  readonly server: VscodeServer;
  readonly page: Page;
  readonly workspace: Workspace;
  readonly #browser: Browser;
  readonly #mark: string;

  private constructor(
    server: VscodeServer,
    browser: Browser,
    page: Page,
    workspace: Workspace,
    mark: string,
  ) {
    this.server = server;
    this.#browser = browser;
    this.page = page;
    this.workspace = workspace;
    this.#mark = mark;
  }

  /**
   * Runs `use` with a fresh VS Code and says what was wrong: what `use` threw, or processes that
   * outlived it. The folder with logs and workspace stays where something was wrong.
   */
  static async run(
    tools: Tools,
    options: SessionOptions,
    use: (session: Session) => Promise<void>,
  ): Promise<void> {
    const root = privateRoot(options.name);
    const mark = randomUUID();
    live.set(mark, root);
    try {
      const session = await Session.#open(tools, options, root, mark);
      try {
        await use(session);
      } catch (error) {
        await session.page.screenshot({ path: join(root, "logs/page.png") }).catch(() => undefined);
        throw error;
      }
      await session.#close();
      rmSync(root, { recursive: true, force: true });
    } catch (error) {
      throw new Error(`${messageOf(error)}\nlogs and files are kept in ${root}`, { cause: error });
    } finally {
      killMarked(mark);
      live.delete(mark);
    }
  }

  static async #open(
    tools: Tools,
    options: SessionOptions,
    root: string,
    mark: string,
  ): Promise<Session> {
    const workspace = options.makeWorkspace(root);
    const server = await VscodeServer.start(tools, {
      root,
      mark,
      settings: options.machineSettings ?? {},
      trusted: options.trusted ?? true,
      driver: options.vsix === undefined,
      vsix: options.vsix ?? [],
      environment: options.environment ?? {},
    });
    const { browser, page } = await openBrowser(tools, root, mark);
    return new Session(server, browser, page, workspace, mark);
  }

  /** Processes of this VS Code whose command matches. */
  processes(pattern: RegExp): Running[] {
    return marked(this.#mark).filter(({ command }) => pattern.test(command));
  }

  /** Closes the window as a user does; then nothing of ours may go on running. */
  async #close(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
    await this.#browser.close();
    this.server.terminate();
    const left = await settled(this.#mark, () => true, 10_000);
    if (left.length > 0) {
      const lines = left.map(({ pid, command }) => `  ${pid} ${command}`);
      throw new Error(`processes were left (${MARK}=${this.#mark}):\n${lines.join("\n")}`);
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
