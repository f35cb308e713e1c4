#!/usr/bin/env node
// Tests the extension in a real VS Code without a display: `node test/run.mts [NAME...]` runs all
// of runs.mts, or those named; `host` and `page` name all that run in the extension host or on the
// page. Exit code 1 where one failed, 2 where a tool is missing.

import process from "node:process";

import { buildSuites, runInHost } from "./host_session.mts";
import { packageExtensions, runOnPage } from "./page_session.mts";
import { endAllSessions, messageOf } from "./rig/session.mts";
import { findTools, MissingTool, type Tools } from "./rig/tools.mts";
import { hostRuns, pageRuns } from "./runs.mts";

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

interface Named {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The runs that are named, singly or as `host` or `page`; all where none is. */
async function chosenRuns(tools: Tools, names: readonly string[]): Promise<Named[]> {
  const [host, page] = [hostRuns(tools), pageRuns(tools)];
  const known = ["host", "page", ...[...host, ...page].map(({ name }) => name)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new MissingTool(`no run is named ${unknown.join(", ")}; there are ${known.join(", ")}`);
  }
  const wanted = (name: string, group: string): boolean =>
    names.length === 0 || names.includes(name) || names.includes(group);
  const inHost = host.filter(({ name }) => wanted(name, "host"));
  const onPage = page.filter(({ name }) => wanted(name, "page"));
  await buildSuites(
    tools,
    inHost.flatMap(({ suites }) => suites),
  );
  const vsix = onPage.length === 0 ? [] : packageExtensions(tools);
  return [
    ...inHost.map((run) => ({ name: run.name, run: () => runInHost(tools, run) })),
    ...onPage.map((run) => ({ name: run.name, run: () => runOnPage(tools, run, vsix) })),
  ];
}

async function main(names: readonly string[]): Promise<number> {
  let failed = 0;
  for (const { name, run } of await chosenRuns(findTools(), names)) {
    const started = Date.now();
    process.stdout.write(`\n== ${name}\n`);
    try {
      await run();
      process.stdout.write(`${name}: passed in ${Math.round((Date.now() - started) / 1000)} s\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`${name}: FAILED: ${messageOf(error)}\n`);
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
