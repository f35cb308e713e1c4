/** The runs of the server: which there are, and how each goes on. */

import * as vscode from "vscode";

import type { Server } from "./client";
import { isOver, type Run } from "./protocol";

/** A run as a test that started it follows it. */
export type Follow = (run: Run) => void;

export class Runs implements vscode.Disposable {
  readonly #runs = new Map<string, Run>();
  readonly #changed = new vscode.EventEmitter<Run>();
  readonly #lost = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChange = this.#changed.event;

  constructor(private readonly server: Server) {
    this.#subscriptions = [
      server.onRunChanged((run) => {
        this.#take(run);
      }),
      server.onDidChangeState((state) => {
        if (state !== "running") {
          this.#forget();
        }
      }),
    ];
  }

  /** Runs that are queued or running, the oldest first. */
  get active(): readonly Run[] {
    return [...this.#runs.values()].filter((run) => !isOver(run));
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  /** Waits for a run's end, telling of each change; cancels it when the token says so. */
  async follow(
    id: string,
    token: vscode.CancellationToken,
    tell: Follow,
  ): Promise<Run | undefined> {
    const subscriptions: vscode.Disposable[] = [];
    try {
      return await new Promise<Run | undefined>((resolve) => {
        const take = (run: Run): void => {
          tell(run);
          if (isOver(run)) {
            resolve(run);
          }
        };
        subscriptions.push(
          this.onDidChange((run) => {
            if (run.id === id) {
              take(run);
            }
          }),
          this.#lost.event(() => {
            resolve(undefined);
          }),
          token.onCancellationRequested(() => void this.cancel(id)),
        );
        const known = this.get(id);
        if (known !== undefined) {
          take(known);
        }
        if (token.isCancellationRequested) {
          void this.cancel(id);
        }
      });
    } finally {
      vscode.Disposable.from(...subscriptions).dispose();
    }
  }

  async cancel(id: string): Promise<void> {
    await this.server.execute("benchwright.cancel", { runId: id });
  }

  /** Ends the search now and keeps the best testbench so far. */
  async finish(id: string): Promise<void> {
    await this.server.execute("benchwright.finish", { runId: id });
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#changed, this.#lost).dispose();
  }

  #take(run: Run): void {
    this.#runs.set(run.id, run);
    this.#changed.fire(run);
    if (isOver(run)) {
      // Kept a moment for whoever learns the id only after a run that was over at once.
      setTimeout(() => this.#runs.delete(run.id), 60_000).unref();
    }
    this.#showRunning();
  }

  #forget(): void {
    this.#runs.clear();
    this.#lost.fire();
    this.#showRunning();
  }

  #showRunning(): void {
    const running = this.active.length > 0;
    void vscode.commands.executeCommand("setContext", "benchwright.running", running);
  }
}
