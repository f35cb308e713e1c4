/** Asks for the reason of a waiver, before the server writes it. */

import * as vscode from "vscode";

const WAIVE = "benchwright.waive";

/** The arguments of a command of the server, those of a waiver with its reason; undefined: stop. */
export async function withReason(
  command: string,
  args: readonly unknown[],
): Promise<readonly unknown[] | undefined> {
  const [given] = args;
  if (command !== WAIVE || typeof given !== "object" || given === null || "reason" in given) {
    return args;
  }
  const reason = await reasonForWaiver("bins" in given ? given.bins : undefined);
  return reason === undefined ? undefined : [{ ...given, reason }];
}

/** The reason that the user gives; undefined when the question is dismissed. */
export async function reasonForWaiver(bins?: unknown): Promise<string | undefined> {
  const several = Array.isArray(bins) && bins.length > 1;
  const reason = await vscode.window.showInputBox({
    title: several ? `Waive ${bins.length} Bins` : "Waive",
    prompt: "Why need this not be covered? The reason and your name are kept in the waiver file.",
    placeHolder: "debug port, tied off in this product",
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === "" ? "A waiver needs a reason." : undefined),
  });
  return reason?.trim();
}
