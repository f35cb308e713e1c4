import * as assert from "node:assert/strict";

import * as vscode from "vscode";

import { coverageDetails, coveredFiles } from "../../src/coverage";
import {
  act,
  actionsOn,
  diagnosticsOf,
  type Extension,
  extension,
  hintsOf,
  lineOf,
  open,
  pathOf,
  runOf,
  shown,
  until,
} from "./editor";

/** What is shown of gate.sv, some lines of which nothing executes. */
describe("coverage shown", () => {
  let active: Extension;
  let gate: vscode.TextDocument;

  before(async () => {
    gate = await open(pathOf("gate.sv"));
    active = await extension();
    const { last } = await runOf(active, () =>
      act(gate, lineOf(gate, "module gate"), /^Generate coverage testbench/),
    );
    assert.equal(last.state, "done", last.message ?? "");
    await shown(pathOf("tb_gate.sv"));
    gate = await open(pathOf("gate.sv"));
  });

  it("by the editor's own coverage, in numbers and by line", async () => {
    const [file] = await coveredFiles(active.server);
    assert.ok(file);
    assert.equal(file.uri.fsPath, pathOf("gate.sv"));
    assert.ok(file.statementCoverage.total > 0);
    assert.ok(file.branchCoverage && file.branchCoverage.covered < file.branchCoverage.total);
    const { token } = new vscode.CancellationTokenSource();
    const details = await coverageDetails(active.server, file.uri, token);
    const statements = details.filter((each) => each instanceof vscode.StatementCoverage);
    const never = statements.filter(({ executed }) => executed === 0);
    assert.ok(never.length > 0 && never.length < statements.length);
  });

  it("by hints at the ends of lines and by faded lines", async () => {
    const hints = await until("hints", async () => {
      const found = await hintsOf(gate);
      return found.size > 0 ? found : undefined;
    });
    assert.ok(
      [...hints.values()].some((text) => /never|of/.test(text)),
      [...hints.values()].join(),
    );
    const faded = diagnosticsOf(gate).filter(({ tags }) =>
      tags?.includes(vscode.DiagnosticTag.Unnecessary),
    );
    assert.ok(faded.length > 0);
    for (const { severity, code } of diagnosticsOf(gate)) {
      assert.equal(severity, vscode.DiagnosticSeverity.Hint);
      assert.ok(typeof code === "object" && /^(https|file)$/.test(code.target.scheme));
    }
  });

  it("by lenses on modules and a hover on a line", async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      "vscode.executeCodeLensProvider",
      gate.uri,
      20,
    );
    const titles = lenses.map(({ command }) => command?.title ?? "");
    assert.ok(
      titles.some((title) => /%/.test(title)),
      titles.join(),
    );
    assert.ok(
      titles.some((title) => /Generate/.test(title)),
      titles.join(),
    );
    const [line] = [...(await hintsOf(gate)).keys()];
    assert.ok(line !== undefined);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      gate.uri,
      new vscode.Position(line, gate.lineAt(line).firstNonWhitespaceCharacterIndex),
    );
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map(textOf)
      .join("\n");
    assert.match(text, /line|branch|term|state/);
  });

  it("at the right lines after edits above, and on disk's state after undo", async () => {
    const before = await hintsOf(gate);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(gate.uri, new vscode.Position(0, 0), "// one\n// two\n");
    await vscode.workspace.applyEdit(edit);
    const moved = new Map([...before].map(([line, text]) => [line + 2, text]));
    await until("hints have moved", async () => same(await hintsOf(gate), moved), 3_000);
    await vscode.commands.executeCommand("undo");
    await until("hints are back", async () => same(await hintsOf(gate), before), 3_000);
  });

  it("with actions on an uncovered line", async () => {
    // Diagnostics are pushed: those of the text before the last edit may still stand.
    await until(
      "actions",
      async () => {
        const line = diagnosticsOf(gate)[0]?.range.start.line ?? 0;
        const titles = (await actionsOn(gate, line)).map(({ title }) => title);
        return [/^Cover/, /^Explain/, /^Waive/].every((wanted) =>
          titles.some((title) => wanted.test(title)),
        );
      },
      5_000,
    );
  });

  it("no longer by hints once the setting is off, and again when it is on", async () => {
    const settings = vscode.workspace.getConfiguration("benchwright");
    const workspace = vscode.ConfigurationTarget.Workspace;
    await settings.update("hints.enabled", false, workspace);
    await until("no hints", async () => (await hintsOf(gate)).size === 0, 5_000);
    await settings.update("hints.enabled", undefined, workspace);
    await until("hints", async () => (await hintsOf(gate)).size > 0, 5_000);
    await settings.update("fade", false, workspace);
    await until(
      "no faded lines",
      () =>
        diagnosticsOf(gate).every(
          ({ tags }) => tags?.includes(vscode.DiagnosticTag.Unnecessary) !== true,
        ),
      5_000,
    );
    await settings.update("fade", undefined, workspace);
  });

  it("beside the errors of a file that is broken, which elaboration names", async () => {
    const line = lineOf(gate, "endmodule");
    const edit = new vscode.WorkspaceEdit();
    edit.insert(gate.uri, new vscode.Position(line, 0), "  assign missing_name = ;\n");
    await vscode.workspace.applyEdit(edit);
    const errors = await until("an error", () => {
      const found = diagnosticsOf(gate).filter(
        ({ severity }) => severity === vscode.DiagnosticSeverity.Error,
      );
      return found.length > 0 ? found : undefined;
    });
    assert.equal(errors[0]?.range.start.line, line);
    assert.ok((await hintsOf(gate)).size > 0);
    await open(pathOf("gate.sv")); // it is the active editor that is reverted
    await vscode.commands.executeCommand("workbench.action.files.revert");
    const severe = (): string[] =>
      diagnosticsOf(gate)
        .filter(({ severity }) => severity !== vscode.DiagnosticSeverity.Hint)
        .map(({ message }) => message);
    await until("no error", () => severe().length === 0);
  });
});

function textOf(content: vscode.MarkdownString | vscode.MarkedString): string {
  return typeof content === "string" ? content : content.value;
}

function same(one: ReadonlyMap<number, string>, other: ReadonlyMap<number, string>): boolean {
  return one.size === other.size && [...one].every(([line, text]) => other.get(line) === text);
}
