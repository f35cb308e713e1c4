// What a user does on a first day, by mouse and keyboard, with a picture of each station.

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Session } from "../rig/session.mts";
import type { Workbench } from "../rig/workbench.mts";

const JOB = /benchwright_server\.child/;

/** Of a design with its testbench: what to click on, and where something is to be seen. */
export interface Sight {
  readonly design: string;
  /** A line that the picture of the coverage shows, by its text. */
  readonly line: string;
  readonly pictures: string;
}

/** From a design to its testbench and its coverage. */
export function tour(sight: Sight): (at: Workbench, session: Session) => Promise<void> {
  const { design, line, pictures } = sight;
  return async (workbench, session) => {
    const { workspace } = session;
    const { page } = workbench;
    mkdirSync(pictures, { recursive: true });
    const picture = async (name: string): Promise<void> => {
      await page.screenshot({ path: join(pictures, `editor-${name}.png`) });
    };
    await workbench.openFile(`${design}.sv`);
    await workbench.step("Cancel in the notification leaves neither file nor process", async () => {
      await workbench.clickLens(/Generate/);
      await workbench
        .notification(/bins? left/)
        .getByRole("button", { name: "Cancel" })
        .click();
      await workbench.lens(/Stop/).waitFor({ state: "detached" });
      await workbench.until("no process is left", () => session.processes(JOB).length === 0);
      assert.ok(!existsSync(join(workspace.opened, `tb_${design}.sv`)));
    });
    await workbench.step("a click on the lens of the module starts the search", async () => {
      await workbench.clickLens(/Generate/);
    });
    await workbench.step("a notification shows how far it is", async () => {
      await workbench.notification(/bins? left/).waitFor();
      await picture("progress");
    });
    await workbench.step("the testbench is written and opened", async () => {
      await workbench.tab(`tb_${design}.sv`).waitFor({ timeout: 60_000 });
      assert.ok(existsSync(join(workspace.opened, `tb_${design}.sv`)));
      await workbench.notification(/bins? left/).waitFor({ state: "hidden" });
      await picture("testbench");
    });
    await workbench.step("the lens tells the coverage, and no longer of the run", async () => {
      await workbench.tab(`${design}.sv`).click();
      await workbench.lens(/Stop/).waitFor({ state: "detached" });
      await workbench.lens(/: \d.*%/).waitFor();
    });
    await workbench.step("coverage is drawn beside the lines", async () => {
      await workbench.goTo(line);
      await page.locator(".editor-instance .coverage-deco-gutter").first().waitFor();
      await page
        .locator(".editor-instance .coverage-deco-gutter.coverage-deco-miss")
        .first()
        .waitFor();
      await workbench.rest();
      await picture("coverage");
    });
    await workbench.step("a hover says what a line lacks", async () => {
      await workbench.line(line).hover({ position: { x: 140, y: 9 } });
      await page.locator(".monaco-hover:visible").first().waitFor();
      await picture("hover");
      await workbench.rest();
    });
    await workbench.step("the light bulb offers what can be done about it", async () => {
      await page.keyboard.press("Control+.");
      await page.locator(".action-widget:visible").getByText("Cover this").waitFor();
      await picture("actions");
      await page.keyboard.press("Escape");
    });
    await workbench.step("the Test Coverage view sums it up", async () => {
      await workbench.command("Testing: Focus on Test Coverage View");
      const total = page.locator(".test-coverage-list-item", { hasText: `${design}.sv` }).first();
      assert.match(await total.innerText(), /\d\d%|\d\d\.\d+%/);
      await total.dblclick();
      await workbench.goTo(line);
      await workbench.rest();
      await picture("view");
    });
  };
}
