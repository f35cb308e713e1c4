/** Benchwright in VS Code: what is made when it starts, and who hears of whom. */

import * as vscode from "vscode";

import { Server } from "./client";
import { registerCommands } from "./commands";
import { Explanations } from "./explanations";
import { Runs } from "./runs";
import { changesCoverage, needsRestart } from "./settings";
import { Status } from "./status";
import { Testing } from "./testing";

/** What tests see of the running extension. */
export interface Benchwright {
  readonly server: Server;
  readonly runs: Runs;
  readonly testing: Testing;
  readonly status: Status;
}

let running: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<Benchwright> {
  const log = vscode.window.createOutputChannel("Benchwright", { log: true });
  const server = new Server(context.globalStorageUri, log);
  const runs = new Runs(server);
  const status = new Status(server, runs);
  const testing = new Testing(server, runs);
  context.subscriptions.push(
    log,
    server,
    runs,
    status,
    testing,
    new Explanations(runs),
    registerCommands(server, runs, log),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (needsRestart(change)) {
        void server.restart();
      } else if (changesCoverage(change)) {
        testing.publishSoon();
      }
    }),
  );
  running = server;
  await server.restart();
  return { server, runs, testing, status };
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}
