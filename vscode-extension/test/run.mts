#!/usr/bin/env node
// Tests the extension in a real VS Code without a display: `node test/run.mts [NAME...]` runs all
// runs of runs.mts, or those named. Exit code 1 where one failed, 2 where a tool is missing.

import process from "node:process";

import { buildSuites, runInHost } from "./host_session.mts";
import { endAllSessions, messageOf } from "./rig/session.mts";
import { findTools, MissingTool } from "./rig/tools.mts";
import { hostRuns } from "./runs.mts";

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.once(signal, () => {
    endAllSessions();
    process.exit(code);
  });
}

async function main(names: readonly string[]): Promise<number> {
  const tools = findTools();
  const all = hostRuns(tools);
  const unknown = names.filter((name) => !all.some((run) => run.name === name));
  if (unknown.length > 0) {
    const known = all.map((run) => run.name).join(", ");
    throw new MissingTool(`no run is named ${unknown.join(", ")}; there are ${known}`);
  }
  const chosen = names.length === 0 ? all : all.filter((run) => names.includes(run.name));
  await buildSuites(
    tools,
    chosen.flatMap((run) => run.suites),
  );
  let failed = 0;
  for (const run of chosen) {
    const started = Date.now();
    process.stdout.write(`\n== ${run.name}\n`);
    try {
      await runInHost(tools, run);
      process.stdout.write(
        `${run.name}: passed in ${Math.round((Date.now() - started) / 1000)} s\n`,
      );
    } catch (error) {
      failed += 1;
      process.stdout.write(`${run.name}: FAILED: ${messageOf(error)}\n`);
    }
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof MissingTool)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
