// What VS Code is to open: a private folder per test, filled with copies.

import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

export interface Workspace {
  /** Everything of this run lies below. */
  readonly root: string;
  /** The folder, or the .code-workspace file, to open. */
  readonly opened: string;
}

export type Settings = Readonly<Record<string, unknown>>;

export function privateRoot(name: string): string {
  const root = mkdtempSync(join(tmpdir(), `benchwright-vscode-${name}-`));
  for (const folder of ["home", "extensions", "logs"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  return root;
}

/** Copies of folders with designs; several open as one multi-root workspace. */
export function copyDesigns(
  root: string,
  designs: readonly string[],
  settings: Settings = {},
): Workspace {
  const folders = designs.map((design) => {
    const folder = join(root, "work", basename(design).replace(/^\d+_/, ""));
    cpSync(design, folder, { recursive: true });
    return folder;
  });
  const [first] = folders;
  if (first === undefined) throw new Error("a workspace needs a design");
  if (folders.length === 1) {
    writeJson(join(first, ".vscode/settings.json"), settings);
    return { root, opened: first };
  }
  const opened = join(root, "work/both.code-workspace");
  writeJson(opened, { folders: folders.map((path) => ({ path })), settings });
  return { root, opened };
}

export function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
