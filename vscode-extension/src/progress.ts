/**
 * A run's progress as a notification with Cancel; the language client would show it in the status
 * bar, where it cannot be cancelled.
 */

import * as vscode from "vscode";
import type { LanguageClient, Middleware } from "vscode-languageclient/node";

interface Shown {
  readonly progress: vscode.Progress<{ message?: string; increment?: number }>;
  readonly close: () => void;
  percentage: number;
}

type HandleProgress = NonNullable<Middleware["handleWorkDoneProgress"]>;

export class ProgressNotifications {
  readonly #shown = new Map<string | number, Shown>();

  /** The middleware; `client` gives the one that is running. */
  handler(client: () => LanguageClient | undefined): HandleProgress {
    return (token, params, next) => {
      const shown = this.#shown.get(token);
      if (params.kind === "begin" && params.cancellable === true) {
        this.#open(token, params.title, params.message, () => {
          void client()?.sendNotification("window/workDoneProgress/cancel", { token });
        });
      } else if (shown === undefined) {
        next(token, params);
      } else if (params.kind === "report") {
        const percentage = params.percentage ?? shown.percentage;
        shown.progress.report({
          ...(params.message === undefined ? {} : { message: params.message }),
          increment: percentage - shown.percentage,
        });
        shown.percentage = percentage;
      } else {
        shown.close();
      }
    };
  }

  /** Takes away what a server that is gone left behind. */
  closeAll(): void {
    for (const { close } of [...this.#shown.values()]) {
      close();
    }
  }

  #open(
    token: string | number,
    title: string,
    message: string | undefined,
    cancel: () => void,
  ): void {
    const location = vscode.ProgressLocation.Notification;
    const named = title.startsWith("Benchwright") ? title : `Benchwright: ${title}`;
    void vscode.window.withProgress(
      { location, cancellable: true, title: named },
      async (progress, cancelled) => {
        cancelled.onCancellationRequested(cancel);
        if (message !== undefined) {
          progress.report({ message });
        }
        await new Promise<void>((resolve) => {
          const close = (): void => {
            this.#shown.delete(token);
            resolve();
          };
          this.#shown.set(token, { progress, close, percentage: 0 });
        });
      },
    );
  }
}
