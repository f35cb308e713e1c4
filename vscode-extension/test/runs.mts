// Which suites run in which VS Code: what is opened, with what settings, trusted or not.

import type { HostRun } from "./host_session.mts";
import type { Tools } from "./rig/tools.mts";
import { copyDesigns } from "./rig/workspace.mts";

export function runs(tools: Tools): HostRun[] {
  const machineSettings = { "benchwright.interpreter": [tools.python] };
  return [
    {
      name: "activation",
      suites: ["activation"],
      timeoutS: 120,
      machineSettings,
      makeWorkspace: (root) => copyDesigns(root, tools.examples, ["02_fifo"]),
    },
  ];
}
