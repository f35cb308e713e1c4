// A workspace that is not trusted: nothing runs, until the user says that it may.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { Session } from "../rig/session.mts";
import type { Workbench } from "../rig/workbench.mts";

const OURS = /python|verilator/;

export async function untrustedStartsNothing(
  workbench: Workbench,
  session: Session,
): Promise<void> {
  const { page } = workbench;
  await workbench.step("opening a design starts no process", async () => {
    await workbench.openFile("fifo.sv");
    await sleep(4_000);
    assert.deepEqual(session.processes(OURS), []);
  });
  await workbench.step("the status bar says why", async () => {
    await workbench.status(/not trusted/).waitFor();
  });
  await workbench.step("once trusted, the server runs", async () => {
    await workbench.command("Workspaces: Manage Workspace Trust");
    await page
      .locator(".workspace-trust-editor")
      .getByRole("button", { name: /^Trust/ })
      .first()
      .click();
    await page
      .locator(".modal-editor-part, .monaco-modal-editor-block")
      .locator(".codicon-close")
      .first()
      .click();
    await workbench.status(/Ready/).waitFor();
    assert.notDeepEqual(session.processes(OURS), []);
  });
}
