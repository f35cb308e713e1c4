/** The editor as the suites use it: designs opened, actions run, states waited for. */

import * as assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import * as vscode from "vscode";

import type { Server } from "../../src/client";
import type { Run } from "../../src/protocol";
import type { Runs } from "../../src/runs";
import type { Testing } from "../../src/testing";
import { MARK, marked, type Running } from "../rig/processes.mts";

/** What `activate` gives. */
export interface Extension {
  readonly server: Server;
  readonly runs: Runs;
  readonly testing: Testing;
}

const ID = "benchwright.benchwright";

/** Waits until `probe` gives something. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  withinMs = 20_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) {
      return value;
    }
    assert.ok(Date.now() < end, `${what}: not within ${withinMs} ms`);
    await sleep(50);
  }
}

/** The extension, active, with its server running. */
export async function extension(): Promise<Extension> {
  const found = vscode.extensions.getExtension<Extension>(ID);
  assert.ok(found, `${ID} is not there`);
  const active = await found.activate();
  await until("the server runs", () => active.server.state === "running");
  return active;
}

/** The path of a file in a workspace folder. */
export function pathOf(file: string, folder = 0): string {
  const found = vscode.workspace.workspaceFolders?.[folder];
  assert.ok(found, `there is no workspace folder ${folder}`);
  return join(found.uri.fsPath, file);
}

/** Opens a file and shows it. */
export async function open(path: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
  await vscode.window.showTextDocument(document);
  return document;
}

/** Code actions with a command, on a line. */
export async function actionsOn(
  document: vscode.TextDocument,
  line: number,
): Promise<vscode.CodeAction[]> {
  return vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    document.uri,
    document.lineAt(line).range,
  );
}

/** Runs the code action of that title as a click on it does. */
export async function act(
  document: vscode.TextDocument,
  line: number,
  title: RegExp,
): Promise<void> {
  const actions = await actionsOn(document, line);
  const action = actions.find((each) => title.test(each.title));
  const titles = actions.map((each) => each.title).join(", ");
  assert.ok(action, `no action ${title.source} on line ${line + 1}, but: ${titles}`);
  if (action.edit !== undefined) {
    await vscode.workspace.applyEdit(action.edit);
  }
  if (action.command !== undefined) {
    const { command, arguments: given } = action.command;
    await vscode.commands.executeCommand(command, ...((given ?? []) as unknown[]));
  }
}

/** The line on which a text first stands. */
export function lineOf(document: vscode.TextDocument, text: string): number {
  const offset = document.getText().indexOf(text);
  assert.ok(offset >= 0, `${document.fileName} holds no ${text}`);
  return document.positionAt(offset).line;
}

/** Collects what runs tell from now on. */
export function watchRuns(runs: Runs): { readonly told: Run[]; stop: () => void } {
  const told: Run[] = [];
  const subscription = runs.onDidChange((run) => {
    told.push(run);
  });
  return { told, stop: () => void subscription.dispose() };
}

/** Starts something and waits for the end of the run that it starts. */
export async function runOf(
  { runs }: Extension,
  start: () => unknown,
  withinMs = 60_000,
): Promise<{ last: Run; told: readonly Run[] }> {
  const watch = watchRuns(runs);
  try {
    await start();
    const last = await until(
      "the run ends",
      () => watch.told.find((run) => ["done", "failed", "cancelled"].includes(run.state)),
      withinMs,
    );
    return { last, told: watch.told };
  } finally {
    watch.stop();
  }
}

/** The file's text on disk once it is there; a document of it must be saved. */
export async function savedText(path: string): Promise<string> {
  await until(`${path} is written`, () => existsSync(path));
  await until(`${path} is saved`, () =>
    vscode.workspace.textDocuments.every((each) => each.fileName !== path || !each.isDirty),
  );
  return readFileSync(path, "utf8");
}

/** Waits until a file is in the active editor. */
export async function shown(path: string): Promise<void> {
  await until(`${path} is shown`, () => vscode.window.activeTextEditor?.document.fileName === path);
}

/** Processes of this VS Code whose command matches. */
export function processesOf(pattern: RegExp): Running[] {
  const mark = process.env[MARK];
  assert.ok(mark, `${MARK} is not set`);
  return marked(mark).filter(({ command }) => pattern.test(command));
}

/** The processes of jobs: the child, Verilator, the compiler, and whatever is simulated. */
export const JOB =
  /benchwright_server\.child|verilator|clang|cc1plus|g\+\+|benchwright_sim|obj_dir/;
export const SERVER =
  /benchwright(\.exe)? lsp|benchwright_server lsp|benchwright_server(?!\.child)\b/;

/** The inlay hints of a whole document, as text by line. */
export async function hintsOf(document: vscode.TextDocument): Promise<Map<number, string>> {
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await vscode.commands.executeCommand<vscode.InlayHint[] | undefined>(
    "vscode.executeInlayHintProvider",
    document.uri,
    whole,
  );
  const text = ({ label }: vscode.InlayHint): string =>
    typeof label === "string" ? label : label.map(({ value }) => value).join("");
  return new Map((hints ?? []).map((hint) => [hint.position.line, text(hint)]));
}

/** Our diagnostics of a document. */
export function diagnosticsOf(document: vscode.TextDocument): vscode.Diagnostic[] {
  return vscode.languages
    .getDiagnostics(document.uri)
    .filter(({ source }) => source?.toLowerCase().includes("benchwright"));
}
