// The page of VS Code in a headless Chromium.

import { createWriteStream } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { chromium, type Browser, type Page } from "playwright-core";

import { MARK } from "./processes.mts";
import type { Tools } from "./tools.mts";

const CHROMIUM_ARGUMENTS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
  ...["--no-first-run", "--disable-background-networking", "--disable-component-update"],
  "--disable-sync",
];

/** A Chromium with one empty page; what VS Code writes to its console goes to logs/page.log. */
export async function openBrowser(
  tools: Tools,
  root: string,
  mark: string,
): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({
    executablePath: tools.chromium,
    args: CHROMIUM_ARGUMENTS,
    env: { ...stringsOf(process.env), HOME: join(root, "home"), [MARK]: mark },
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  const page = await browser.newPage({
    viewport: { width: 1400, height: 900 },
    reducedMotion: "reduce",
  });
  const log = createWriteStream(join(root, "logs/page.log"));
  page.on("console", (message) => log.write(`[${message.type()}] ${message.text()}\n`));
  return { browser, page };
}

/** The address that opens a folder or a .code-workspace file, with a payload for VS Code. */
export function workbenchUrl(
  port: number,
  opened: string,
  payload: readonly (readonly [string, string])[],
): string {
  const query = new URLSearchParams({
    [opened.endsWith(".code-workspace") ? "workspace" : "folder"]: opened,
    payload: JSON.stringify([["skipWelcome", "true"], ...payload]),
  });
  return `http://127.0.0.1:${port}/?${query.toString()}`;
}

export function remoteUri(port: number, path: string): string {
  return `vscode-remote://127.0.0.1:${port}${path}`;
}

function stringsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}
