// Which suites run in which VS Code: what is opened, with what settings, trusted or not.

import { join } from "node:path";

import type { HostRun } from "./host_session.mts";
import type { PageRun } from "./page_session.mts";
import { missingIsOffered } from "./page/missing.mts";
import { tour } from "./page/tour.mts";
import { untrustedStartsNothing } from "./page/untrusted.mts";
import type { Tools } from "./rig/tools.mts";
import { copyDesigns, type Workspace } from "./rig/workspace.mts";

const SETTINGS = { "benchwright.budget": 3, "benchwright.useModel": false };

export function hostRuns(tools: Tools): HostRun[] {
  const machineSettings = { "benchwright.interpreter": [tools.python] };
  const example = (name: string): string => join(tools.examples, name);
  const run = (name: string, designs: readonly string[], suites = [name]): HostRun => ({
    name,
    suites,
    timeoutS: 180,
    machineSettings,
    makeWorkspace: (root) => copyDesigns(root, designs, SETTINGS),
  });
  return [
    run("activation", [example("02_fifo")]),
    run("generate", [example("02_fifo")]),
    run("shown", [join(tools.extension, "test/designs/gate")]),
    run("crash", [example("02_fifo")]),
    run("folders", [example("02_fifo"), example("04_arbiter")]),
  ];
}

export function pageRuns(tools: Tools): PageRun[] {
  const fifo = (root: string): Workspace =>
    copyDesigns(root, [join(tools.examples, "02_fifo")], SETTINGS);
  const machineSettings = { "benchwright.interpreter": [tools.python] };
  const pictures = join(tools.extension, ".vscode-test/pictures");
  return [
    {
      name: "untrusted",
      trusted: false,
      machineSettings,
      makeWorkspace: fifo,
      steps: untrustedStartsNothing,
    },
    {
      name: "tour",
      machineSettings: { ...machineSettings, "workbench.colorTheme": "Dark Modern" },
      makeWorkspace: (root) => copyDesigns(root, [join(tools.examples, "01_lock")], SETTINGS),
      steps: tour({ design: "lock", line: "OPEN: begin", pictures }),
    },
    {
      name: "missing",
      machineSettings: { "benchwright.interpreter": ["/usr/bin/python3"] },
      makeWorkspace: fifo,
      steps: missingIsOffered,
    },
  ];
}
