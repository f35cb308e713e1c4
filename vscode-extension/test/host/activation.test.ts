import * as assert from "node:assert/strict";
import * as vscode from "vscode";
describe("activation", () => {
  it("language id", async () => {
    const [f] = await vscode.workspace.findFiles("fifo.sv");
    assert.ok(f);
    const doc = await vscode.workspace.openTextDocument(f);
    assert.equal(doc.languageId, "systemverilog");
  });
});
