/**
 * The modules of the workspace as a tree of test items: a top holds its testbenches and the modules
 * that it instantiates.
 */

import * as vscode from "vscode";

import { LANGUAGES } from "./client";
import { type Module, modulesOf } from "./outline";

const PATTERN = "**/*.{v,sv}";
const EXCLUDED = "**/{node_modules,obj_dir,build,.venv,.git}/**";
const MAX_FILES = 2_000;
const MAX_BYTES = 1 << 20;
const PAUSE_MS = 300;

interface Place extends Module {
  readonly uri: vscode.Uri;
}

export class ModuleTree implements vscode.Disposable {
  /** For which a testbench can be generated. */
  readonly designTag = new vscode.TestTag("design");
  /** A testbench, or a module that has one. */
  readonly benchTag = new vscode.TestTag("testbench");
  readonly #modules = new Map<string, readonly Place[]>();
  readonly #places = new WeakMap<vscode.TestItem, Place>();
  readonly #subscriptions: vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly controller: vscode.TestController) {
    const watcher = vscode.workspace.createFileSystemWatcher(PATTERN);
    controller.resolveHandler = async (item) => {
      if (item === undefined) {
        await this.scan();
      }
    };
    controller.refreshHandler = () => this.scan();
    this.#subscriptions = [
      watcher,
      watcher.onDidCreate((uri) => this.#read(uri)),
      watcher.onDidChange((uri) => this.#read(uri)),
      watcher.onDidDelete((uri) => {
        this.#take(uri, "");
      }),
      vscode.workspace.onDidOpenTextDocument((document) => {
        this.#takeDocument(document);
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.#takeDocument(document);
      }),
    ];
    vscode.workspace.textDocuments.forEach((document) => {
      this.#takeDocument(document);
    });
  }

  /** Reads every Verilog file of the workspace. */
  async scan(): Promise<void> {
    const files = await vscode.workspace.findFiles(PATTERN, EXCLUDED, MAX_FILES);
    this.#modules.clear();
    await Promise.all(files.map((uri) => this.#read(uri)));
    vscode.workspace.textDocuments.forEach((document) => {
      this.#takeDocument(document);
    });
    this.#build();
  }

  /** Where the module of an item is. */
  placeOf(item: vscode.TestItem): Place | undefined {
    return this.#places.get(item);
  }

  /** The item of a file's module, or of its first one. */
  find(uri: string, module: string | null | undefined): vscode.TestItem | undefined {
    const wanted = vscode.Uri.parse(uri).toString();
    return this.all().find((item) => {
      const place = this.#places.get(item);
      return place?.uri.toString() === wanted && (module ?? place.name) === place.name;
    });
  }

  /** Every item, tops first. */
  all(items: vscode.TestItemCollection = this.controller.items): vscode.TestItem[] {
    return [...items].flatMap(([, item]) => [item, ...this.all(item.children)]);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  async #read(uri: vscode.Uri): Promise<void> {
    try {
      const { size } = await vscode.workspace.fs.stat(uri);
      if (size <= MAX_BYTES) {
        const bytes = await vscode.workspace.fs.readFile(uri);
        this.#take(uri, new TextDecoder().decode(bytes));
      }
    } catch {
      this.#take(uri, ""); // gone, or not for us to read
    }
  }

  #takeDocument(document: vscode.TextDocument): void {
    if (document.uri.scheme === "file" && LANGUAGES.includes(document.languageId)) {
      this.#take(document.uri, document.getText());
    }
  }

  #take(uri: vscode.Uri, text: string): void {
    const key = uri.toString();
    const modules = modulesOf(text).map((module) => ({ ...module, uri }));
    if (modules.length > 0) {
      this.#modules.set(key, modules);
    } else if (!this.#modules.delete(key)) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#build();
    }, PAUSE_MS);
  }

  #build(): void {
    const places = [...this.#modules.values()].flat();
    const designs = new Map(places.filter((p) => !p.isTestbench).map((p) => [p.name, p]));
    const inner = new Set([...designs.values()].flatMap((place) => instances(place, designs)));
    const benches = places.filter((place) => place.isTestbench);
    const seen = new Set<Place>();
    const tree = (place: Place): vscode.TestItem => {
      seen.add(place);
      const own = benches.filter((bench) => subject(bench, designs) === place);
      const item = this.#item(place, own.length > 0);
      const below = instances(place, designs).filter((child) => !seen.has(child));
      item.children.replace([
        ...own.map((bench) => this.#item(bench, true)),
        ...below.filter((child) => !seen.has(child)).map(tree),
      ]);
      return item;
    };
    const tops = [...designs.values()].filter((place) => !inner.has(place)).map(tree);
    const rest = [...designs.values()].filter((place) => !seen.has(place)); // they hold each other
    const alone = benches.filter((bench) => subject(bench, designs) === undefined);
    this.controller.items.replace([
      ...tops,
      ...rest.filter((place) => !seen.has(place)).map(tree),
      ...alone.map((bench) => this.#item(bench, true)),
    ]);
  }

  #item(place: Place, hasBench: boolean): vscode.TestItem {
    const id = `${place.uri.toString()}#${place.name}`;
    const item = this.controller.createTestItem(id, place.name, place.uri);
    const end = place.character + place.name.length;
    item.range = new vscode.Range(place.line, place.character, place.line, end);
    item.description = vscode.workspace.asRelativePath(place.uri);
    item.sortText = `${place.isTestbench ? 0 : 1}${place.name}`;
    item.tags = [
      ...(place.isTestbench ? [] : [this.designTag]),
      ...(hasBench ? [this.benchTag] : []),
    ];
    this.#places.set(item, place);
    return item;
  }
}

/** The designs that a module's text names; nearly always those that it instantiates. */
function instances(place: Place, designs: ReadonlyMap<string, Place>): Place[] {
  return [...place.words].flatMap((word) => {
    const design = designs.get(word);
    return design === undefined || design === place ? [] : [design];
  });
}

/** What a testbench tests: of the designs that it names, the one with the longest name. */
function subject(bench: Place, designs: ReadonlyMap<string, Place>): Place | undefined {
  const [longest] = instances(bench, designs).sort((a, b) => b.name.length - a.name.length);
  return longest;
}
