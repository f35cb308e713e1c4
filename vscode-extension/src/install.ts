/** Offers to install Benchwright where it is missing, in a terminal that the user sees. */

import * as path from "node:path";
import * as vscode from "vscode";

import { type Found, type Miss, ownPython } from "./python";
import { SECTION } from "./settings";

const INSTALL = "Install in Terminal";
const CHOOSE = "Choose Interpreter…";
const LOGS = "Show Logs";

/** Says what is missing and offers what mends it; true once an installation has ended well. */
export async function offerInstallation(
  { misses }: Found,
  storage: vscode.Uri,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  for (const { origin, reason } of misses) {
    log.warn(`${origin}: ${reason}`);
  }
  const place = misses.find((miss) => miss.isOld) ?? misses[0];
  const target = misses.find((miss) => miss.python !== undefined);
  const said =
    place === undefined
      ? "Benchwright was not found."
      : place.isOld || misses.length === 1
        ? `${place.reason} (${place.origin}).`
        : "Benchwright, which does the work, is not installed in a Python that this editor knows.";
  const choices = target === undefined ? [CHOOSE, LOGS] : [INSTALL, CHOOSE, LOGS];
  const choice = await vscode.window.showWarningMessage(said, ...choices);
  if (choice === INSTALL && target !== undefined) {
    return install(target, storage);
  }
  if (choice === CHOOSE) {
    await chooseInterpreter();
  } else if (choice === LOGS) {
    log.show();
  }
  return false;
}

/** Asks for a Python and writes it to `benchwright.interpreter`. */
export async function chooseInterpreter(): Promise<void> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Python 3.11 or newer with Benchwright",
      openLabel: "Use This Python",
    })) ?? [];
  if (file !== undefined) {
    await vscode.workspace
      .getConfiguration(SECTION)
      .update("interpreter", [file.fsPath], vscode.ConfigurationTarget.Global);
  }
}

async function install(target: Miss, storage: vscode.Uri): Promise<boolean> {
  const python = target.python ?? "python3";
  const pip = ["-m", "pip", "install", "--upgrade", "benchwright"];
  if (!target.managed) {
    return runVisibly(python, pip);
  }
  // The distribution's Python takes no packages (PEP 668): an environment of our own does.
  const own = ownPython(storage);
  const folder = path.dirname(path.dirname(own));
  await vscode.workspace.fs.createDirectory(storage);
  return (await runVisibly(python, ["-m", "venv", folder])) && runVisibly(own, pip);
}

/** Runs a program in the terminal panel; whether it ended well. */
async function runVisibly(program: string, args: string[]): Promise<boolean> {
  const task = new vscode.Task(
    { type: "process" },
    vscode.workspace.workspaceFolders?.[0] ?? vscode.TaskScope.Workspace,
    "Install",
    "Benchwright",
    new vscode.ProcessExecution(program, args),
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, focus: false };
  const execution = await vscode.tasks.executeTask(task);
  return new Promise((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess((end) => {
      if (end.execution === execution) {
        listener.dispose();
        resolve(end.exitCode === 0);
      }
    });
  });
}
