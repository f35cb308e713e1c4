/** The menu of the status bar item: runs that can be stopped, and what is done most. */

import * as vscode from "vscode";

import type { Runs } from "./runs";
import { stageOf, titleOf } from "./status";

interface Entry extends vscode.QuickPickItem {
  readonly command?: string;
  readonly runId?: string;
}

const FINISH: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("debug-stop"),
  tooltip: "Stop and Keep the Best",
};
const CANCEL: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("close"),
  tooltip: "Cancel",
};

const entry = (icon: string, label: string, command: string): Entry => ({
  label: `$(${icon}) ${label}`,
  command,
});
const separator = (label: string): Entry => ({
  label,
  kind: vscode.QuickPickItemKind.Separator,
});

const ACTIONS: readonly Entry[] = [
  separator("coverage"),
  entry("beaker", "Generate Testbench", "benchwright.generateTestbench"),
  entry("target", "Close the Rest", "benchwright.closeTheRest"),
  entry("dashboard", "Measure Testbench", "benchwright.measureTestbench"),
  entry("cloud-download", "Import Coverage Files…", "benchwright.importCoverageFiles"),
  entry("clear-all", "Clear Coverage", "benchwright.clearCoverage"),
  separator("set-up"),
  entry("symbol-class", "Choose Top Module…", "benchwright.chooseTop"),
  entry("hubot", "Choose Language Model…", "benchwright.chooseModel"),
  entry("gear", "Settings", "benchwright.openSettings"),
  entry("output", "Show Logs", "benchwright.showLogs"),
  entry("debug-restart", "Restart Language Server", "benchwright.restart"),
];

/** Shows the menu; runs in it go on changing while it is open. */
export function showMenu(runs: Runs): void {
  const menu = vscode.window.createQuickPick<Entry>();
  menu.title = "Benchwright";
  menu.placeholder = "What shall be done?";
  const fill = (): void => {
    menu.items = [...runEntries(runs), ...ACTIONS];
  };
  const changed = runs.onDidChange(fill);
  menu.onDidTriggerItemButton(({ item, button }) => {
    if (item.runId !== undefined) {
      void (button === FINISH ? runs.finish(item.runId) : runs.cancel(item.runId));
    }
  });
  menu.onDidAccept(() => {
    const [chosen] = menu.selectedItems;
    menu.hide();
    if (chosen?.command !== undefined) {
      void vscode.commands.executeCommand(chosen.command);
    } else if (chosen?.runId !== undefined) {
      void chooseEnd(runs, chosen.runId);
    }
  });
  menu.onDidHide(() => {
    changed.dispose();
    menu.dispose();
  });
  fill();
  menu.show();
}

function runEntries(runs: Runs): Entry[] {
  const entries = runs.active.map((run) => ({
    label: `$(${run.state === "running" ? "sync~spin" : "clock"}) ${titleOf(run)}`,
    description: stageOf(run),
    buttons: [FINISH, CANCEL],
    runId: run.id,
  }));
  return entries.length === 0 ? [] : [separator("runs"), ...entries];
}

/** Asks how a run shall end; the one run that there is needs no choosing. */
export async function endRun(runs: Runs, end: "finish" | "cancel"): Promise<void> {
  const { active } = runs;
  const [only] = active;
  const run =
    active.length === 1
      ? only
      : (
          await vscode.window.showQuickPick(
            active.map((each) => ({ label: titleOf(each), description: stageOf(each), run: each })),
            { title: end === "finish" ? "Stop and Keep the Best" : "Cancel" },
          )
        )?.run;
  if (run !== undefined) {
    await runs[end](run.id);
  }
}

async function chooseEnd(runs: Runs, id: string): Promise<void> {
  const finish = "Stop and Keep the Best";
  const choice = await vscode.window.showQuickPick([finish, "Cancel", "Let It Go On"]);
  if (choice === finish) {
    await runs.finish(id);
  } else if (choice === "Cancel") {
    await runs.cancel(id);
  }
}
