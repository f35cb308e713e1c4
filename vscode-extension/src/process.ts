/** Child processes that end by themselves, or are ended: never a shell. */

import { spawn } from "node:child_process";
import * as readline from "node:readline";
import type * as vscode from "vscode";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Output {
  /** The exit code; undefined where the program could not be started or was ended. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Limits {
  readonly timeoutMs?: number;
  readonly token?: vscode.CancellationToken;
  readonly env?: NodeJS.ProcessEnv;
  /** Told of each whole line of stdout as it comes. */
  readonly onLine?: (line: string) => void;
}

const MAX_CHARACTERS = 4_000_000;

/** Runs a command to its end and gives what it printed; it never rejects. */
export function run(command: Command, limits: Limits = {}): Promise<Output> {
  return new Promise((resolve) => {
    const child = spawn(command.program, command.args, {
      env: { ...process.env, PYTHONUTF8: "1", ...limits.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    const kill = (): void => void child.kill("SIGTERM");
    const timer = limits.timeoutMs === undefined ? undefined : setTimeout(kill, limits.timeoutMs);
    const cancelled = limits.token?.onCancellationRequested(kill);
    const end = (code: number | null): void => {
      clearTimeout(timer);
      cancelled?.dispose();
      resolve({ code: code ?? undefined, stdout, stderr });
    };
    readline.createInterface({ input: child.stdout }).on("line", (line) => {
      stdout = (stdout + line + "\n").slice(0, MAX_CHARACTERS);
      limits.onLine?.(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-MAX_CHARACTERS);
    });
    child.on("error", (error) => {
      stderr += error.message;
      end(null);
    });
    child.on("close", end);
  });
}
