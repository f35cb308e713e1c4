// A Python without Benchwright: its installation is offered, and nothing is installed unasked.

import assert from "node:assert/strict";

import type { Session } from "../rig/session.mts";
import type { Workbench } from "../rig/workbench.mts";

export async function missingIsOffered(workbench: Workbench, session: Session): Promise<void> {
  await workbench.step(
    "opening a design tells what is missing and offers what mends it",
    async () => {
      await workbench.openFile("fifo.sv");
      const offer = workbench.notification(/Benchwright/);
      await offer.waitFor();
      assert.match(await offer.innerText(), /Choose Interpreter/);
    },
  );
  await workbench.step("nothing is installed unasked", () => {
    assert.deepEqual(session.processes(/-m (pip|venv)/), []);
    return Promise.resolve();
  });
  await workbench.step("the status bar shows it", async () => {
    await workbench.status(/not installed/).waitFor();
  });
}
