/** The settings that the extension itself reads; all others are the server's. */

import * as vscode from "vscode";

export const SECTION = "benchwright";

/** A command line that the user gave in place of what would be found. */
export interface Chosen {
  readonly path: readonly string[];
  readonly interpreter: readonly string[];
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : [];
}

function expanded(word: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  return word
    .replaceAll("${workspaceFolder}", folder)
    .replaceAll("${userHome}", process.env["HOME"] ?? "~")
    .replace(/^~(?=\/)/, process.env["HOME"] ?? "~");
}

/** `benchwright.path` and `benchwright.interpreter`, variables replaced; empty where not set. */
export function chosenCommand(): Chosen {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  return {
    path: words(configuration.get("path")).map(expanded),
    interpreter: words(configuration.get("interpreter")).map(expanded),
  };
}

/** Whether the Test Coverage view counts toggles as branches. */
export function showsToggles(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get("coverage.toggles") === true;
}

/** All settings as one object, the way the server reads them. */
export function allSettings(): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration().get<unknown>(SECTION);
  return { ...(configuration as Record<string, unknown> | undefined) };
}

/** Whether a change asks for another server process. */
export function needsRestart(change: vscode.ConfigurationChangeEvent): boolean {
  return ["path", "interpreter"].some((key) => change.affectsConfiguration(`${SECTION}.${key}`));
}

/** Whether a change shows other coverage in the Test Coverage view. */
export function changesCoverage(change: vscode.ConfigurationChangeEvent): boolean {
  return change.affectsConfiguration(`${SECTION}.coverage`);
}
