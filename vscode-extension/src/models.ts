/** The language models: which there are, which one is used, and downloads that the user asked for. */

import * as vscode from "vscode";

import { call, reasonOf } from "./cli";
import type { Server } from "./client";
import { SECTION } from "./settings";

/** A row of `benchwright model list --json`. */
interface Model {
  readonly name: string;
  readonly parameters: number;
  readonly quantisation: string;
  readonly size_bytes: number;
  readonly licence: string;
  readonly source: string;
  readonly path: string | null;
  readonly in_use: boolean;
  readonly state: "here" | "missing" | "not downloaded";
}

interface Models {
  readonly in_use: string | null;
  readonly models: readonly Model[];
}

/** A line of `benchwright model pull --json`; the last one has the model's name. */
interface PullEvent {
  readonly name?: string;
  readonly note?: string;
  readonly have_bytes?: number;
  readonly total_bytes?: number | null;
}

interface Choice extends vscode.QuickPickItem {
  readonly act?: () => Promise<void>;
}

export async function chooseModel(server: Server): Promise<void> {
  const models = await listModels(server);
  if (models === undefined) {
    return;
  }
  const choice = await vscode.window.showQuickPick(choices(server, models), {
    title: "Language Model",
    placeHolder: "Gets its turn after the search; what it proposes counts only when it was run",
    matchOnDescription: true,
  });
  await choice?.act?.();
}

async function listModels(server: Server): Promise<Models | undefined> {
  const output = await call(server, ["model", "list", "--json"]);
  if (output === undefined) {
    await server.restart(); // which offers the installation
    return undefined;
  }
  if (output.code !== 0) {
    void vscode.window.showErrorMessage(`Benchwright: ${reasonOf(output)}`);
    return undefined;
  }
  return JSON.parse(output.stdout) as Models;
}

function choices(server: Server, { models }: Models): Choice[] {
  const usesModel = vscode.workspace.getConfiguration(SECTION).get("useModel") !== false;
  const here = models.filter(({ state }) => state === "here");
  const absent = models.filter(({ state }) => state === "not downloaded");
  return [
    {
      label: "$(circle-slash) No Model",
      description: usesModel ? "search alone" : "in use: search alone",
      act: () => setUseModel(false),
    },
    ...group(
      "on this machine",
      here.map((model) => ({
        label: `$(${model.in_use && usesModel ? "check" : "hubot"}) ${model.name}`,
        description: [model.in_use && usesModel ? "in use" : "", described(model)]
          .filter((text) => text !== "")
          .join(" · "),
        detail: model.path ?? "",
        act: () => use(server, model.name),
      })),
    ),
    ...group(
      "can be downloaded",
      absent.map((model) => ({
        label: `$(cloud-download) ${model.name}`,
        description: described(model),
        detail: `licence ${model.licence}, from ${model.source}`,
        act: () => offerPull(server, model),
      })),
    ),
    ...group("your own", [
      { label: "$(file) A GGUF File…", act: () => useFile(server) },
      { label: "$(link) From the Hugging Face Hub or a URL…", act: () => pullOther(server) },
    ]),
  ];
}

function group(label: string, entries: readonly Choice[]): Choice[] {
  return entries.length === 0
    ? []
    : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...entries];
}

function described({ parameters, quantisation, size_bytes }: Model): string {
  const weights =
    parameters >= 1e9 ? `${decimals(parameters, 1e9)}B` : `${decimals(parameters, 1e6)}M`;
  return `${weights} ${quantisation}, ${size(size_bytes)}`;
}

function decimals(value: number, unit: number): string {
  return (value / unit).toFixed(1);
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${decimals(bytes, 1e9)} GB` : `${decimals(bytes, 1e6)} MB`;
}

async function setUseModel(used: boolean): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  if ((configuration.get("useModel") !== false) !== used) {
    const { Global, Workspace } = vscode.ConfigurationTarget;
    const overruled = configuration.inspect("useModel")?.workspaceValue !== undefined;
    await configuration.update("useModel", used, overruled ? Workspace : Global);
  }
}

async function use(server: Server, which: string): Promise<void> {
  const output = await call(server, ["model", "use", which]);
  if (output?.code === 0) {
    await setUseModel(true);
    void vscode.window.showInformationMessage(output.stdout.trim().split("\n").at(-1) ?? "");
  } else if (output !== undefined) {
    void vscode.window.showErrorMessage(`Benchwright: ${reasonOf(output)}`);
  }
}

async function useFile(server: Server): Promise<void> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Language Model",
      openLabel: "Use This Model",
      filters: { "GGUF models": ["gguf"] },
    })) ?? [];
  if (file !== undefined) {
    await use(server, file.fsPath);
  }
}

async function pullOther(server: Server): Promise<void> {
  const spec = await vscode.window.showInputBox({
    title: "Model to Download",
    prompt:
      "hub:OWNER/REPO/FILE.gguf, hub:OWNER/REPO:QUANTISATION or the https URL of a .gguf file",
    ignoreFocusOut: true,
  });
  if (spec !== undefined && spec.trim() !== "") {
    await pull(server, spec.trim());
  }
}

async function offerPull(server: Server, model: Model): Promise<void> {
  const download = "Download";
  const choice = await vscode.window.showInformationMessage(
    `Download ${model.name}, ${size(model.size_bytes)}?`,
    { modal: true, detail: `Licence ${model.licence}, from ${model.source}` },
    download,
  );
  if (choice === download) {
    await pull(server, model.name);
  }
}

/** Downloads a model, then uses it; one that is cancelled goes on there the next time. */
export async function pull(server: Server, spec: string): Promise<void> {
  const output = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Benchwright: Downloading ${spec}`,
      cancellable: true,
    },
    async (progress, token) => {
      const shown = new PullProgress(progress);
      const args = ["model", "pull", "--json", "--", spec];
      const ended = await call(server, args, token, (line) => {
        shown.take(line);
      });
      return token.isCancellationRequested ? undefined : ended;
    },
  );
  if (output?.code === 0) {
    const name = pulledName(output.stdout);
    await use(server, name ?? spec);
  } else if (output !== undefined) {
    void vscode.window.showErrorMessage(`Benchwright: ${reasonOf(output)}`);
  }
}

class PullProgress {
  #percentage = 0;

  constructor(
    private readonly progress: vscode.Progress<{ message: string; increment?: number }>,
  ) {}

  take(line: string): void {
    const { note, have_bytes: have, total_bytes: total } = parsed(line);
    if (note !== undefined) {
      this.progress.report({ message: note });
    } else if (have !== undefined && typeof total === "number" && total > 0) {
      const percentage = (100 * have) / total;
      const message = `${size(have)} of ${size(total)}`;
      this.progress.report({ message, increment: percentage - this.#percentage });
      this.#percentage = percentage;
    } else if (have !== undefined) {
      this.progress.report({ message: size(have) });
    }
  }
}

function pulledName(stdout: string): string | undefined {
  return parsed(stdout.trim().split("\n").at(-1) ?? "").name;
}

function parsed(line: string): PullEvent {
  try {
    return JSON.parse(line) as PullEvent;
  } catch {
    return {};
  }
}
