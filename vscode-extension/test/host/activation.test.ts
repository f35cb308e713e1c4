import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

import * as vscode from "vscode";

import { extension, open, pathOf } from "./editor";

describe("activation", () => {
  it("starts the server when a Verilog file is opened", async () => {
    await open(pathOf("fifo.sv"));
    const { server } = await extension();
    assert.equal(server.state, "running");
  });

  it("knows the languages by their files", async () => {
    const wanted = { "a.v": "verilog", "b.sv": "systemverilog", "c.svh": /^systemverilog/ };
    for (const [file, language] of Object.entries(wanted)) {
      writeFileSync(pathOf(file), "// empty\n");
      const { languageId } = await vscode.workspace.openTextDocument(pathOf(file));
      assert.match(languageId, new RegExp(language));
    }
  });

  it("registers every command that it contributes", async () => {
    const found = vscode.extensions.getExtension("benchwright.benchwright");
    const manifest = found?.packageJSON as { contributes: { commands: { command: string }[] } };
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = manifest.contributes.commands.filter(({ command }) => !registered.has(command));
    assert.deepEqual(missing, []);
  });
});
