/**
 * The commands of the palette, the menus and the keyboard. The server's own commands, which code
 * actions and lenses carry, are registered by the language client under the server's names.
 */

import * as vscode from "vscode";

import { LANGUAGES, type Server } from "./client";
import { chooseInterpreter } from "./install";
import { endRun, showMenu } from "./menu";
import { chooseModel } from "./models";
import type { Runs } from "./runs";
import { SECTION } from "./settings";
import { chooseTop } from "./top";
import { reasonForWaiver } from "./waiving";

type Handler = (uri?: unknown) => unknown;

export function registerCommands(
  server: Server,
  runs: Runs,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const handlers: Readonly<Record<string, Handler>> = {
    generateTestbench: onFile(({ uri }) => server.execute("benchwright.generate", { uri })),
    closeTheRest: onFile(({ uri }) => server.execute("benchwright.closeRest", { uri })),
    measureTestbench: onFile(({ uri }) => server.execute("benchwright.simulate", { uri })),
    coverLine: onFile(({ uri, line }) => server.execute("benchwright.cover", { uri, line })),
    explainLine: onFile(({ uri, line }) => server.execute("benchwright.explain", { uri, line })),
    waiveLine: onFile(async ({ uri, line }) => {
      const reason = await reasonForWaiver();
      if (reason !== undefined) {
        await server.execute("benchwright.waive", { uri, line, reason });
      }
    }),
    importCoverageFiles: onFile(({ uri }) => importCoverage(server, uri)),
    chooseTop: onFile(({ uri }) => chooseTop(server, vscode.Uri.parse(uri))),
    clearCoverage: () => server.execute("benchwright.clear", {}),
    finishRun: () => endRun(runs, "finish"),
    cancelRun: () => endRun(runs, "cancel"),
    showMenu: () => {
      showMenu(runs);
    },
    showCoverage: () => vscode.commands.executeCommand("workbench.view.testCoverage.focus"),
    chooseModel: () => chooseModel(server),
    chooseInterpreter: () => chooseInterpreter(),
    restart: () => server.restart(),
    showLogs: () => {
      log.show();
    },
    openSettings: () =>
      vscode.commands.executeCommand(
        "workbench.action.openSettings",
        `@ext:benchwright.${SECTION}`,
      ),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([name, handler]) =>
      vscode.commands.registerCommand(`${SECTION}.${name}`, handler),
    ),
  );
}

interface Target {
  readonly uri: string;
  /** The cursor's, counted from 0. */
  readonly line: number;
}

/** A command on the file that a menu names, or else on the one in the active editor. */
function onFile(act: (target: Target) => unknown): Handler {
  return (given) => {
    const editor = vscode.window.activeTextEditor;
    const uri = given instanceof vscode.Uri ? given : editor?.document.uri;
    const language = editor?.document.languageId ?? "";
    if (uri === undefined || !(given instanceof vscode.Uri || LANGUAGES.includes(language))) {
      void vscode.window.showInformationMessage("Open a Verilog or SystemVerilog file first.");
      return undefined;
    }
    return act({ uri: uri.toString(), line: editor?.selection.active.line ?? 0 });
  };
}

async function importCoverage(server: Server, uri: string): Promise<void> {
  const files = await vscode.window.showOpenDialog({
    title: "Coverage Files of Verilator",
    openLabel: "Import",
    canSelectMany: true,
    filters: { "Verilator coverage": ["dat"], "All files": ["*"] },
  });
  if (files !== undefined && files.length > 0) {
    const paths = files.map((file) => file.fsPath);
    await server.execute("benchwright.importCoverage", { uri, files: paths });
  }
}
