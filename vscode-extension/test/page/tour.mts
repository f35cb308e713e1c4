// What a user does on a first day, by mouse and keyboard, with a picture of each station.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Session } from "../rig/session.mts";
import type { Workbench } from "../rig/workbench.mts";

/** From a design to its testbench and coverage; pictures go to a folder. */
export function tour(pictures: string): (at: Workbench, session: Session) => Promise<void> {
  return async (workbench, { workspace }) => {
    const { page } = workbench;
    const picture = async (name: string): Promise<void> => {
      await page.screenshot({ path: join(pictures, `${name}.png`) });
    };
    await workbench.openFile("fifo.sv");
    await workbench.step("a click on the lens of the module starts the search", async () => {
      await workbench.lens(/Generate/).click();
    });
    await workbench.step("a notification shows how far it is", async () => {
      await workbench.notification(/bins? left/).waitFor();
      await picture("progress");
    });
    await workbench.step("the testbench is written and opened", async () => {
      await workbench.tab("tb_fifo.sv").waitFor({ timeout: 60_000 });
      assert.ok(existsSync(join(workspace.opened, "tb_fifo.sv")));
      await workbench.notification(/bins? left/).waitFor({ state: "hidden", timeout: 60_000 });
      await picture("testbench");
    });
    await workbench.step("coverage is drawn beside the lines", async () => {
      await workbench.tab("fifo.sv").first().click();
      await picture("coverage");
    });
    await workbench.step("the Test Coverage view sums it up", async () => {
      await workbench.command("Testing: Focus on Test Coverage View");
      await picture("view");
    });
    await workbench.step("a hover says what a line lacks", async () => {
      await workbench.line("if (push && full").hover();
      await page.locator(".monaco-hover:visible").first().waitFor();
      await picture("hover");
    });
  };
}
