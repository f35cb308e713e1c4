/** The status bar item: whether the server runs, what the runs do, and a menu on a click. */

import * as vscode from "vscode";

import type { Server, ServerState } from "./client";
import type { Run } from "./protocol";
import type { Runs } from "./runs";

const WARNING = new vscode.ThemeColor("statusBarItem.warningBackground");
const ERROR = new vscode.ThemeColor("statusBarItem.errorBackground");

interface Look {
  readonly icon: string;
  readonly tooltip: string;
  readonly color?: vscode.ThemeColor;
}

const LOOKS: Readonly<Record<ServerState, Look>> = {
  stopped: { icon: "circle-slash", tooltip: "The language server is stopped." },
  untrusted: { icon: "shield", tooltip: "Nothing runs in a workspace that is not trusted." },
  starting: { icon: "loading~spin", tooltip: "The language server is starting." },
  running: { icon: "beaker", tooltip: "Ready." },
  missing: { icon: "warning", tooltip: "Benchwright is not installed.", color: WARNING },
  crashed: { icon: "error", tooltip: "The language server ended unexpectedly.", color: ERROR },
};

export class Status implements vscode.Disposable {
  readonly item = vscode.window.createStatusBarItem("benchwright", vscode.StatusBarAlignment.Left);
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly runs: Runs,
  ) {
    this.item.name = "Benchwright";
    this.item.command = "benchwright.showMenu";
    const draw = (): void => {
      this.#draw();
    };
    this.#subscriptions = [server.onDidChangeState(draw), runs.onDidChange(draw)];
    draw();
    this.item.show();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.item).dispose();
  }

  #draw(): void {
    const { active } = this.runs;
    const run = active.find(({ state }) => state === "running") ?? active[0];
    const look = LOOKS[this.server.state];
    this.item.text =
      run === undefined ? `$(${look.icon}) Benchwright` : `$(sync~spin) ${brief(run)}`;
    this.item.tooltip = run === undefined ? look.tooltip : described(run);
    this.item.backgroundColor = look.color;
    this.item.accessibilityInformation = { label: `Benchwright: ${this.item.tooltip}` };
  }
}

const VERBS: Readonly<Record<Run["kind"], string>> = {
  generate: "Generating",
  cover: "Covering",
  rest: "Closing the rest",
  simulate: "Simulating",
  explain: "Explaining",
  import: "Importing coverage",
};

/** What a run does, in a few words: `Generating fifo`. */
export function titleOf(run: Run): string {
  return [VERBS[run.kind], run.module ?? run.top].filter((word) => word).join(" ");
}

/** How far a run is: `93.1 %, 12 bins left`. */
export function stageOf(run: Run): string {
  const covered =
    typeof run.overall === "number" ? `${Math.floor(run.overall * 10) / 10} %` : undefined;
  const bins = run.binsLeft === 1 ? "bin" : "bins";
  const left = typeof run.binsLeft === "number" ? `${run.binsLeft} ${bins} left` : undefined;
  const known = [covered, left].filter((text) => text !== undefined).join(", ");
  return known || (run.state === "queued" ? "waiting" : (run.phase ?? ""));
}

function brief(run: Run): string {
  return [titleOf(run), stageOf(run)].filter((text) => text !== "").join(" · ");
}

function described(run: Run): string {
  return [brief(run), run.message].filter((text) => text).join("\n");
}
