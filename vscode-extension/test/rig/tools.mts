// What the tests need on the machine, found or named in one sentence.

import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";

/** Something that must be on the machine is not; the message says what and how to get it. */
export class MissingTool extends Error {}

export interface Tools {
  readonly extension: string;
  readonly examples: string;
  readonly node: string;
  readonly server: string;
  readonly chromium: string;
  readonly python: string;
}

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * Finds Node and VS Code's server (folder VSCODE_TEST_DIR, made by scripts/setup-vscode.sh), a
 * Chromium (CHROMIUM) and a Python that holds Benchwright (BENCHWRIGHT_PYTHON).
 */
export function findTools(): Tools {
  const extension = resolve(import.meta.dirname, "../..");
  const repository = resolve(extension, "..");
  const folder = resolve(process.env["VSCODE_TEST_DIR"] ?? join(extension, ".vscode-test"));
  return {
    extension,
    examples: join(repository, "examples"),
    node: existing(join(folder, "node/bin/node"), "run scripts/setup-vscode.sh first"),
    server: existing(join(folder, "server/.stamp"), "run scripts/setup-vscode.sh first").slice(
      0,
      -7,
    ),
    chromium: findChromium(),
    python: existing(
      resolve(process.env["BENCHWRIGHT_PYTHON"] ?? join(repository, ".venv/bin/python")),
      "run `make setup`, or name a Python that holds Benchwright with BENCHWRIGHT_PYTHON",
    ),
  };
}

function findChromium(): string {
  const named = process.env["CHROMIUM"];
  if (named !== undefined) return existing(resolve(named), "CHROMIUM names it");
  for (const name of CHROMIUM_NAMES) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      if (isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  throw new MissingTool(
    "no Chromium to show VS Code in: on Debian `apt-get install chromium`, or name one with CHROMIUM",
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function existing(path: string, hint: string): string {
  if (!existsSync(path)) throw new MissingTool(`${path} does not exist: ${hint}`);
  return path;
}
