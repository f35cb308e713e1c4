// Runs that drive VS Code as a user does, by mouse and keyboard, with the packaged extension.

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";

import { workbenchUrl } from "./rig/browser.mts";
import { Session, type SessionOptions } from "./rig/session.mts";
import type { Tools } from "./rig/tools.mts";
import { Workbench } from "./rig/workbench.mts";

export interface PageRun extends SessionOptions {
  readonly steps: (workbench: Workbench, session: Session) => Promise<void>;
}

/** Packages the extension as it is published. */
export function packageExtension(tools: Tools): string {
  const vsix = join(tools.extension, ".vscode-test/benchwright.vsix");
  const npm = join(dirname(tools.node), "npm");
  const made = spawnSync(npm, ["run", "package", "--", "--out", vsix], {
    cwd: tools.extension,
    env: { ...process.env, PATH: `${dirname(tools.node)}:${process.env["PATH"] ?? ""}` },
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`npm run package failed:\n${made.stdout}${made.stderr}`);
  return vsix;
}

/** Opens a fresh VS Code with the extension installed and takes the steps. */
export async function runOnPage(tools: Tools, run: PageRun, vsix: string): Promise<void> {
  await Session.run(tools, { ...run, vsix }, async (session) => {
    const { page, server, workspace } = session;
    await page.goto(workbenchUrl(server.port, workspace.opened, []));
    const workbench = new Workbench(page);
    await workbench.ready();
    await run.steps(workbench, session);
  });
}
