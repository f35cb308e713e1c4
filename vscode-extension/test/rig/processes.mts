// The processes that one test run started, found by a mark in their environment (proc(5)), which
// whatever they start inherits, in whichever session or process group.

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export const MARK = "BENCHWRIGHT_TEST_RUN";

export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose environment holds the mark, this one and zombies apart. */
export function marked(mark: string): Running[] {
  const wanted = `${MARK}=${mark}`;
  const found: Running[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(wanted)) continue;
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").join(" ").trim();
      if (command !== "") found.push({ pid, command });
    } catch {
      continue; // It ended between the listing and the reading.
    }
  }
  return found;
}

/** Waits until nothing that matches runs any more; what is left after the time is the answer. */
export async function settled(
  mark: string,
  matches: (running: Running) => boolean,
  withinMs: number,
): Promise<Running[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const left = marked(mark).filter(matches);
    if (left.length === 0 || Date.now() > end) return left;
    await sleep(100);
  }
}

/** Ends everything marked, at once and for certain. */
export function killMarked(mark: string): void {
  for (const { pid } of marked(mark)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      continue; // It ended by itself.
    }
  }
}
