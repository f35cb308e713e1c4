/**
 * Where Benchwright is: the settings, the active Python environment, an environment of our own, or
 * what `python3` and `benchwright` on the PATH name. Each is asked for its version before it is used.
 */

import * as path from "node:path";
import * as vscode from "vscode";

import { type Command, run } from "./process";
import { chosenCommand } from "./settings";

export const MINIMUM_VERSION = "0.1.0";
const MINIMUM_PYTHON: readonly [number, number] = [3, 11];
const PROBE_TIMEOUT_MS = 20_000;

/** Benchwright as it was found. */
export interface Installation {
  /** Takes a subcommand as its next argument. */
  readonly command: Command;
  readonly server: Command;
  readonly version: string;
  readonly origin: string;
}

/** A place that was looked at in vain. */
export interface Miss {
  readonly origin: string;
  readonly reason: string;
  /** The Python that it may be installed into; undefined where there is none. */
  readonly python: string | undefined;
  /** Whether the distribution forbids pip to install there (PEP 668). */
  readonly managed: boolean;
  readonly isOld: boolean;
}

export interface Found {
  readonly installation: Installation | undefined;
  readonly misses: readonly Miss[];
}

interface Candidate {
  readonly origin: string;
  readonly command: Command;
  /** A Python interpreter, as opposed to the program `benchwright`. */
  readonly isPython: boolean;
}

interface PythonFacts {
  readonly python: readonly [number, number];
  readonly executable: string;
  readonly version: string | null;
  readonly managed: boolean;
}

const PROBE = `
import json, os, sys, sysconfig
from importlib import metadata, util
try:
    version = metadata.version("benchwright") if util.find_spec("benchwright_server") else None
except metadata.PackageNotFoundError:
    version = None
mark = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
managed = sys.prefix == sys.base_prefix and os.path.exists(mark)
print(json.dumps({"python": sys.version_info[:2], "executable": sys.executable,
                  "version": version, "managed": managed}))
`;

/** The Python of the environment that the extension makes when it is asked to install. */
export function ownPython(storage: vscode.Uri): string {
  return path.join(storage.fsPath, "environment", "bin", "python");
}

/** Looks in each place, in order, until one holds a Benchwright that is new enough. */
export async function findBenchwright(storage: vscode.Uri): Promise<Found> {
  const misses: Miss[] = [];
  for (const candidate of await candidates(storage)) {
    const result = candidate.isPython ? await askPython(candidate) : await askProgram(candidate);
    if ("version" in result) {
      return { installation: result, misses };
    }
    misses.push(result);
  }
  return { installation: undefined, misses };
}

async function candidates(storage: vscode.Uri): Promise<Candidate[]> {
  const chosen = chosenCommand();
  const [program, ...args] = chosen.path;
  if (program !== undefined) {
    return [{ origin: "benchwright.path", command: { program, args }, isPython: false }];
  }
  const [interpreter, ...options] = chosen.interpreter;
  if (interpreter !== undefined) {
    return [python("benchwright.interpreter", interpreter, options)];
  }
  const active = await activeInterpreter();
  return [
    ...(active === undefined ? [] : [python("the active Python environment", active)]),
    ...((await exists(ownPython(storage)))
      ? [python("the environment of this extension", ownPython(storage))]
      : []),
    python("python3", "python3"),
    { origin: "benchwright", command: { program: "benchwright", args: [] }, isPython: false },
  ];
}

function python(origin: string, program: string, args: readonly string[] = []): Candidate {
  return { origin, command: { program, args }, isPython: true };
}

async function exists(file: string): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(vscode.Uri.file(file));
    return true;
  } catch {
    return false;
  }
}

interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/** What ms-python.python has chosen, where that extension is there. */
async function activeInterpreter(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (extension === undefined) {
    return undefined;
  }
  try {
    const { environments } = await extension.activate();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const chosen = environments?.getActiveEnvironmentPath(folder);
    const resolved = await environments?.resolveEnvironment(chosen);
    return resolved?.executable.uri?.fsPath;
  } catch {
    return undefined; // another extension's failure must not keep ours from looking further
  }
}

async function askPython(candidate: Candidate): Promise<Installation | Miss> {
  const { program, args } = candidate.command;
  const { origin } = candidate;
  const output = await run(
    { program, args: [...args, "-c", PROBE] },
    // A folder of the user's may hold a `json.py`: it must not stand before the library.
    { timeoutMs: PROBE_TIMEOUT_MS, env: { PYTHONSAFEPATH: "1" } },
  );
  const facts = factsOf(output.stdout);
  if (output.code !== 0 || facts === undefined) {
    return miss(origin, `${program} is no Python that can be used: ${lastLine(output.stderr)}`);
  }
  const [major, minor] = facts.python;
  if (major < MINIMUM_PYTHON[0] || (major === MINIMUM_PYTHON[0] && minor < MINIMUM_PYTHON[1])) {
    const wanted = MINIMUM_PYTHON.join(".");
    return miss(origin, `${facts.executable} is Python ${major}.${minor}, ${wanted} is needed`);
  }
  const into = { python: facts.executable, managed: facts.managed };
  if (facts.version === null) {
    return { ...miss(origin, `${facts.executable} has no Benchwright`), ...into };
  }
  if (isOlder(facts.version, MINIMUM_VERSION)) {
    return { ...tooOld(origin, facts.version), ...into };
  }
  // -P: the folder that the server starts in may hold a `json.py` as well.
  const module = (name: string): Command => ({ program, args: [...args, "-P", "-m", name] });
  return {
    command: module("benchwright_agent.entry"),
    server: module("benchwright_server"),
    version: facts.version,
    origin,
  };
}

async function askProgram({ origin, command }: Candidate): Promise<Installation | Miss> {
  const { program, args } = command;
  const output = await run(
    { program, args: [...args, "--version"] },
    { timeoutMs: PROBE_TIMEOUT_MS },
  );
  const version = /^benchwright (\d+\S*)/m.exec(output.stdout)?.[1];
  if (output.code !== 0 || version === undefined) {
    return miss(
      origin,
      `${program} is no Benchwright that can be used: ${lastLine(output.stderr)}`,
    );
  }
  if (isOlder(version, MINIMUM_VERSION)) {
    return tooOld(origin, version);
  }
  return { command, server: { program, args: [...args, "lsp"] }, version, origin };
}

function miss(origin: string, reason: string): Miss {
  return { origin, reason, python: undefined, managed: false, isOld: false };
}

function tooOld(origin: string, version: string): Miss {
  const reason = `Benchwright ${version} is too old, ${MINIMUM_VERSION} is needed`;
  return { ...miss(origin, reason), isOld: true };
}

function factsOf(stdout: string): PythonFacts | undefined {
  try {
    return JSON.parse(stdout) as PythonFacts;
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Whether one version (`1.2.3`, with anything after) comes before another. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.split(".").map((part) => parseInt(part) || 0);
  const [left, right] = [numbers(version), numbers(than)];
  for (const [index, wanted] of right.entries()) {
    const had = left[index] ?? 0;
    if (had !== wanted) {
      return had < wanted;
    }
  }
  return false;
}
