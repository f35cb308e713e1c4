/** Subcommands of `benchwright` that the extension calls itself, with their JSON. */

import type * as vscode from "vscode";

import type { Server } from "./client";
import { type Output, run } from "./process";

/** Calls a subcommand; undefined where Benchwright is not installed. */
export async function call(
  server: Server,
  args: readonly string[],
  token?: vscode.CancellationToken,
  onLine?: (line: string) => void,
): Promise<Output | undefined> {
  const installation = await server.installation();
  if (installation === undefined) {
    return undefined;
  }
  const { program, args: first } = installation.command;
  return run(
    { program, args: [...first, ...args] },
    { ...(token === undefined ? {} : { token }), ...(onLine === undefined ? {} : { onLine }) },
  );
}

/** What a failed command said, without the shape that it has in a terminal. */
export function reasonOf(output: Output): string {
  const said = output.stderr.replace(/^\s*error:\s*/i, "").replace(/\s*\n\s*/g, " ");
  return said.trim() || `it ended with code ${output.code ?? "none"}`;
}
