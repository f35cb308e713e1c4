/** The language server: found, started, asked, and started again when it ended by itself. */

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  ErrorCodes,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  ResponseError,
} from "vscode-languageclient/node";

import { applyAndSave } from "./edits";
import { offerInstallation } from "./install";
import { ProgressNotifications } from "./progress";
import type { Commands, Run } from "./protocol";
import { findBenchwright, type Installation } from "./python";
import { allSettings, SECTION } from "./settings";
import { withReason } from "./waiving";

export type ServerState = "stopped" | "untrusted" | "starting" | "running" | "missing" | "crashed";

export const LANGUAGES = ["verilog", "systemverilog", "verilogheader", "systemverilogheader"];

const RESTART = "Restart";
const LOGS = "Show Logs";
const STOP_TIMEOUT_MS = 4_000;

/** What other modules see of the server; requests give undefined where it does not run. */
export class Server implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<ServerState>();
  readonly #runChanged = new vscode.EventEmitter<Run>();
  readonly #coverageChanged = new vscode.EventEmitter<readonly string[]>();
  readonly #progress = new ProgressNotifications();
  #client: LanguageClient | undefined;
  #installation: Installation | undefined;
  #state: ServerState = "stopped";
  #turn: Promise<void> = Promise.resolve();

  readonly onDidChangeState = this.#changed.event;
  readonly onRunChanged = this.#runChanged.event;
  readonly onCoverageChanged = this.#coverageChanged.event;

  constructor(
    private readonly storage: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get state(): ServerState {
    return this.#state;
  }

  get client(): LanguageClient | undefined {
    return this.#client;
  }

  /** How Benchwright is called; found anew when none was. */
  async installation(): Promise<Installation | undefined> {
    this.#installation ??= (await findBenchwright(this.storage)).installation;
    return this.#installation;
  }

  /** Starts the server, or starts it again; what is asked meanwhile waits for its turn. */
  restart(): Promise<void> {
    return this.#next(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  stop(): Promise<void> {
    return this.#next(() => this.#stop());
  }

  dispose(): void {
    void this.stop();
  }

  /** Sends a request of our own; undefined where the server does not know it or does not run. */
  async request<R>(
    method: string,
    params: object,
    token?: vscode.CancellationToken,
  ): Promise<R | undefined> {
    if (this.#client?.isRunning() !== true) {
      return undefined;
    }
    try {
      return await this.#client.sendRequest<R>(method, params, token);
    } catch (error) {
      this.log.warn(`${method}: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Runs one of the server's commands; what it refuses is shown, and gives undefined. */
  async execute<R, K extends keyof Commands>(
    command: K,
    argument: Commands[K],
  ): Promise<R | undefined> {
    const client = this.#client;
    if (client?.isRunning() !== true) {
      void this.#explainAbsence();
      return undefined;
    }
    const known = client.initializeResult?.capabilities.executeCommandProvider?.commands ?? [];
    if (!known.includes(command)) {
      void vscode.window.showWarningMessage(`This version of Benchwright has no ${command}.`);
      return undefined;
    }
    return (await this.#send(client, command, [argument])) as R | undefined;
  }

  async #send(
    client: LanguageClient,
    command: string,
    args: readonly unknown[] | undefined,
  ): Promise<unknown> {
    if (args === undefined) {
      return undefined;
    }
    try {
      const params = { command, arguments: [...args] };
      return await client.sendRequest(ExecuteCommandRequest.type, params);
    } catch (error) {
      if (!(error instanceof ResponseError && error.code === ErrorCodes.PendingResponseRejected)) {
        void vscode.window.showErrorMessage(`Benchwright: ${messageOf(error)}`);
      }
      return undefined;
    }
  }

  #next(action: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(action).catch((error: unknown) => {
      this.log.error(messageOf(error));
    });
    return this.#turn;
  }

  #become(state: ServerState): void {
    this.#state = state;
    void vscode.commands.executeCommand("setContext", "benchwright.ready", state === "running");
    this.#changed.fire(state);
  }

  async #start(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      this.#become("untrusted");
      return;
    }
    this.#become("starting");
    const found = await findBenchwright(this.storage);
    this.#installation = found.installation;
    if (found.installation === undefined) {
      this.#become("missing");
      // Not awaited: a message that nobody answers must not hold up a restart.
      void offerInstallation(found, this.storage, this.log).then(async (installed) => {
        if (installed) {
          await this.restart();
        }
      });
      return;
    }
    await this.#connect(found.installation);
  }

  async #connect({ server, version, origin }: Installation): Promise<void> {
    const line = [server.program, ...server.args].join(" ");
    this.log.info(`Benchwright ${version} of ${origin}: ${line}`);
    const client = new LanguageClient(
      SECTION,
      "Benchwright",
      {
        command: server.program,
        args: [...server.args],
        options: { env: { ...process.env, PYTHONUTF8: "1" } },
      },
      this.#options(),
    );
    client.onNotification("benchwright/runChanged", ({ run }: { run: Run }) => {
      this.#runChanged.fire(run);
    });
    client.onNotification(
      "benchwright/coverageChanged",
      ({ uris }: { uris: readonly string[] }) => {
        this.#coverageChanged.fire(uris);
      },
    );
    this.#client = client;
    try {
      await client.start();
      this.#become("running");
    } catch (error) {
      this.log.error(`the server did not start: ${messageOf(error)}`);
      this.#crashed(client);
    }
  }

  #options(): LanguageClientOptions {
    return {
      documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
      outputChannel: this.log,
      initializationOptions: { settings: allSettings(), trusted: vscode.workspace.isTrusted },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          if (this.#state !== "starting") {
            this.#crashed(this.#client);
          }
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      middleware: {
        // A code action's or lens's command: what the server refuses is said in its own words.
        executeCommand: async (command, args: unknown[]) => {
          const client = this.#client;
          const complete = await withReason(command, args);
          return client === undefined ? undefined : this.#send(client, command, complete);
        },
        handleWorkDoneProgress: this.#progress.handler(() => this.#client),
        workspace: { handleApplyEdit: applyAndSave },
      },
    };
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#progress.closeAll();
    if (client?.isRunning() === true) {
      this.#become("stopped");
      await client.dispose(STOP_TIMEOUT_MS).catch((error: unknown) => {
        this.log.warn(`the server did not end by itself: ${messageOf(error)}`);
      });
    }
  }

  #crashed(client: LanguageClient | undefined): void {
    if (client === undefined || client !== this.#client) {
      return;
    }
    this.#client = undefined;
    this.#progress.closeAll();
    this.#become("crashed");
    void this.#offerRestart("Benchwright's language server ended unexpectedly.");
  }

  async #offerRestart(said: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(said, RESTART, LOGS);
    if (choice === RESTART) {
      await this.restart();
    } else if (choice === LOGS) {
      this.log.show();
    }
  }

  /** Says why a command cannot be run now. */
  async #explainAbsence(): Promise<void> {
    if (this.#state === "untrusted") {
      const manage = "Manage Workspace Trust";
      const said = "Benchwright runs compilers and simulators: only in a workspace that you trust.";
      if ((await vscode.window.showWarningMessage(said, manage)) === manage) {
        await vscode.commands.executeCommand("workbench.trust.manage");
      }
    } else if (this.#state === "missing") {
      await this.restart();
    } else if (this.#state === "starting") {
      void vscode.window.showInformationMessage("Benchwright is starting; try again in a moment.");
    } else {
      await this.#offerRestart("Benchwright's language server is not running.");
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
