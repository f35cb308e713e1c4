// The page of VS Code as a user handles it. Selectors are those of VS Code's own smoke tests.

import process from "node:process";

import type { Locator, Page } from "playwright-core";

export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(20_000);
  }

  async ready(): Promise<void> {
    await this.page.locator(".monaco-workbench .explorer-viewlet").waitFor();
  }

  /** Says what is done, so that a failure can be placed. */
  async step<T>(what: string, action: () => Promise<T>): Promise<T> {
    const done = await action();
    process.stdout.write(`  ✓ ${what}\n`);
    return done;
  }

  /** Waits for what the page does not show. */
  async until(what: string, holds: () => boolean, withinMs = 5_000): Promise<void> {
    const end = Date.now() + withinMs;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Opens a file from the Explorer, to stay. */
  async openFile(name: string): Promise<void> {
    await this.page.locator(".explorer-viewlet .monaco-list-row", { hasText: name }).dblclick();
    await this.editorOf(name).waitFor();
  }

  editorOf(name: string): Locator {
    return this.page.locator(`.monaco-editor[data-uri$="/${name}"]`);
  }

  /** The tab of a file. */
  tab(name: string): Locator {
    return this.page.locator(`.tabs-container .tab[data-resource-name="${name}"]`);
  }

  /** Runs a command from the palette by its title. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget .quick-input-box input");
    await input.fill(`>${title}`);
    await this.page
      .locator(".quick-input-widget .monaco-list-row", { hasText: title })
      .first()
      .click();
  }

  /** Our item in the status bar, with that label. */
  status(label: RegExp): Locator {
    const ours = this.page.locator("[id='benchwright.benchwright.benchwright']");
    return ours.and(this.page.getByLabel(label));
  }

  /** A code lens with that text. */
  lens(text: string | RegExp): Locator {
    return this.page.locator(".contentWidgets .codelens-decoration > *", { hasText: text }).first();
  }

  /** Clicks on a code lens; while VS Code asks for it anew it is a text, which takes no click. */
  async clickLens(text: string | RegExp): Promise<void> {
    await this.lens(text).and(this.page.locator("a")).click();
  }

  /** A notification that holds that text. */
  notification(text: string | RegExp): Locator {
    return this.page.locator(".notifications-toasts .notification-list-item", { hasText: text });
  }

  /** The line of the active editor with that text. */
  line(text: string): Locator {
    return this.page.locator(".editor-instance .view-lines .view-line", { hasText: text }).first();
  }

  /** Puts the cursor on the first line with that text, and that line in the middle. */
  async goTo(text: string): Promise<void> {
    await this.page.keyboard.press("Control+f");
    const input = this.page.locator(".find-widget.visible textarea").first();
    await input.fill(text);
    await this.page.keyboard.press("Enter");
    await this.page.keyboard.press("Escape");
    await this.page.keyboard.press("Home");
    await this.line(text).waitFor();
  }

  /** Rests the mouse where nothing reacts. */
  async rest(): Promise<void> {
    await this.page.mouse.move(700, 4);
  }
}
