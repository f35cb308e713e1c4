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
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${titleOf(text)}.md`, query: run.id });
    const editor = vscode.window.activeTextEditor;
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
    if (editor?.viewColumn !== undefined) {
      // The preview takes the focus; whoever asked is still typing.
      await vscode.window.showTextDocument(editor.document, editor.viewColumn);
    }
  }
}

/** The first words of an explanation, which name its place. */
function titleOf(text: string): string {
  const [first = ""] = text.trim().split("\n");
  return (
    first
      .replace(/[#*`/]/g, "")
      .trim()
      .slice(0, 60) || "Explanation"
  );
}
