/** Explanations of why something is not covered, shown as rendered markdown beside the editor. */

import * as vscode from "vscode";

import type { Run } from "./protocol";
import type { Runs } from "./runs";

const SCHEME = "benchwright-explanation";
const KEPT = 20;

export class Explanations implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  readonly #subscriptions: vscode.Disposable[];

  constructor(runs: Runs) {
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      runs.onDidChange((run) => {
        if (run.kind === "explain" && run.state === "done" && run.markdown) {
          void this.#show(run, run.markdown);
        }
      }),
    ];
  }

  provideTextDocumentContent({ query }: vscode.Uri): string {
    return this.#texts.get(query) ?? "This explanation is gone: ask for it again.";
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  async #show(run: Run, text: string): Promise<void> {
    this.#texts.set(run.id, text);
    for (const old of [...this.#texts.keys()].slice(0, -KEPT)) {
      this.#texts.delete(old);
    }
    const path = `/${run.title ?? "Explanation"}.md`;
    const uri = vscode.Uri.from({ scheme: SCHEME, path, query: run.id });
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  }
}
