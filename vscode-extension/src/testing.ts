/**
 * The Testing view and the Test Coverage view: run profiles that generate testbenches and simulate
 * them again, and the coverage of runs that were started elsewhere.
 */

import * as vscode from "vscode";

import type { Server } from "./client";
import { coveredFiles, coverageDetails } from "./coverage";
import { ModuleTree } from "./modules";
import { isOver, type Run, type RunStarted } from "./protocol";
import type { Runs } from "./runs";
import { stageOf } from "./status";

type Action = "generate" | "simulate";

const PAUSE_MS = 400;

export class Testing implements vscode.Disposable {
  readonly controller = vscode.tests.createTestController("benchwright", "Benchwright");
  readonly tree = new ModuleTree(this.controller);
  readonly #shown: vscode.TestRunProfile;
  readonly #subscriptions: vscode.Disposable[];
  /** Runs that a test run of the view follows, and shows itself. */
  readonly #followed = new Set<string>();
  #published = "";
  #last: Run | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly server: Server,
    private readonly runs: Runs,
  ) {
    const { Coverage, Run } = vscode.TestRunProfileKind;
    this.#shown = this.#profile("Generate Testbench", Coverage, "generate");
    this.#profile("Simulate Again", Coverage, "simulate");
    this.#profile("Generate Testbench", Run, "generate");
    this.#profile("Simulate Again", Run, "simulate");
    this.#subscriptions = [
      runs.onDidChange((run) => {
        if (isOver(run) && run.kind !== "explain") {
          this.#last = run;
          this.publishSoon();
        }
      }),
      server.onCoverageChanged(() => {
        this.publishSoon();
      }),
      server.onDidChangeState((state) => {
        if (state === "running") {
          this.publishSoon();
        }
      }),
    ];
  }

  /** Shows what is covered now, once changes have come to rest. */
  publishSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#publish(), PAUSE_MS);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#subscriptions, this.tree, this.controller).dispose();
  }

  #profile(label: string, kind: vscode.TestRunProfileKind, action: Action): vscode.TestRunProfile {
    const profile = this.controller.createRunProfile(
      label,
      kind,
      (request, token) => this.#run(request, action, token),
      true,
      action === "generate" ? this.tree.designTag : this.tree.benchTag,
    );
    profile.loadDetailedCoverage = (_run, file, token) =>
      coverageDetails(this.server, file.uri, token);
    return profile;
  }

  async #run(
    request: vscode.TestRunRequest,
    action: Action,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const run = this.controller.createTestRun(request);
    const items = this.#chosen(request, action);
    for (const item of items) {
      run.enqueued(item);
    }
    for (const item of items) {
      if (token.isCancellationRequested || run.token.isCancellationRequested) {
        run.skipped(item);
      } else {
        await this.#runItem(run, item, action);
      }
    }
    await this.#addCoverage(run);
    run.end();
  }

  /** The modules to generate for, or the testbenches to simulate. */
  #chosen(request: vscode.TestRunRequest, action: Action): vscode.TestItem[] {
    const roots = request.include ?? [...this.controller.items].map(([, item]) => item);
    const isBench = (item: vscode.TestItem): boolean =>
      this.tree.placeOf(item)?.isTestbench === true;
    const items =
      action === "generate"
        ? roots.filter((item) => !isBench(item))
        : roots.flatMap((item) => [item, ...this.tree.all(item.children)]).filter(isBench);
    return [...new Set(items)].filter((item) => request.exclude?.includes(item) !== true);
  }

  async #runItem(run: vscode.TestRun, item: vscode.TestItem, action: Action): Promise<void> {
    const place = this.tree.placeOf(item);
    if (place === undefined) {
      run.skipped(item);
      return;
    }
    const uri = place.uri.toString();
    const started =
      action === "generate"
        ? await this.server.execute<RunStarted, "benchwright.generate">("benchwright.generate", {
            uri,
            module: place.name,
          })
        : await this.server.execute<RunStarted, "benchwright.simulate">("benchwright.simulate", {
            uri,
          });
    const id = started?.runId ?? undefined;
    if (id === undefined) {
      run.skipped(item);
      return;
    }
    this.#followed.add(id);
    const teller = new Teller(run, item);
    const ended = await this.runs.follow(id, run.token, (state) => {
      teller.tell(state);
    });
    conclude(run, item, ended);
    this.#followed.delete(id);
  }

  async #addCoverage(run: vscode.TestRun): Promise<void> {
    const files = await coveredFiles(this.server);
    this.#published = signature(files);
    for (const file of files) {
      run.addCoverage(file);
    }
    void vscode.commands.executeCommand("setContext", "benchwright.hasCoverage", files.length > 0);
  }

  /** Shows coverage that did not come from a test run of the view, once it is another. */
  async #publish(): Promise<void> {
    if (this.#followed.size > 0 || this.runs.active.length > 0) {
      return; // the end of the run publishes
    }
    const now = signature(await coveredFiles(this.server));
    if (now === this.#published) {
      return;
    }
    if (now === "") {
      this.#published = now;
      await vscode.commands.executeCommand("testing.coverage.close");
      return;
    }
    const last = this.#last;
    const item = last === undefined ? undefined : this.tree.find(last.uri, last.module);
    const include = item === undefined ? [] : [item];
    const request = new vscode.TestRunRequest(include, undefined, this.#shown, false, true);
    const run = this.controller.createTestRun(request, "Benchwright", false);
    if (item !== undefined && last !== undefined) {
      conclude(run, item, last);
    }
    this.#last = undefined;
    await this.#addCoverage(run);
    run.end();
  }
}

/** Writes how a run goes on to the output of its test. */
class Teller {
  #said = "";

  constructor(
    private readonly run: vscode.TestRun,
    private readonly item: vscode.TestItem,
  ) {}

  tell(run: Run): void {
    if (run.state === "running") {
      this.run.started(this.item);
    }
    const found = run.state === "done" ? stageOf(run) : "";
    const says = [...new Set([run.phase, run.message, found])].filter((text) => text).join(": ");
    if (says !== "" && says !== this.#said) {
      this.#said = says;
      this.run.appendOutput(`${says.replaceAll("\n", "\r\n")}\r\n`, undefined, this.item);
    }
  }
}

function conclude(test: vscode.TestRun, item: vscode.TestItem, run: Run | undefined): void {
  const duration = run?.seconds === undefined ? undefined : 1_000 * run.seconds;
  if (run?.state === "done") {
    test.passed(item, duration);
  } else if (run?.state === "cancelled") {
    test.skipped(item);
  } else {
    const message = new vscode.TestMessage(run?.message ?? "The language server ended.");
    const location = run?.location ?? undefined;
    if (location !== undefined) {
      const at = new vscode.Position((location.line ?? 1) - 1, (location.column ?? 1) - 1);
      message.location = new vscode.Location(vscode.Uri.file(location.file), at);
    }
    test.failed(item, message, duration);
  }
}

function signature(files: readonly vscode.FileCoverage[]): string {
  return files.length === 0 ? "" : JSON.stringify(files);
}
