import * as assert from "node:assert/strict";

import { coveredFiles } from "../../src/coverage";
import { act, type Extension, extension, lineOf, open, pathOf, runOf, savedText } from "./editor";

describe("two workspace folders", () => {
  let active: Extension;

  before(async () => {
    await open(pathOf("fifo.sv", 0));
    active = await extension();
  });

  for (const [folder, name] of ["fifo", "arbiter"].entries()) {
    it(`keep their testbenches apart: ${name}`, async () => {
      const design = await open(pathOf(`${name}.sv`, folder));
      const { last } = await runOf(active, () =>
        act(design, lineOf(design, `module ${name}`), /^Generate coverage testbench/),
      );
      assert.equal(last.state, "done", last.message ?? "");
      assert.match(
        await savedText(pathOf(`tb_${name}.sv`, folder)),
        new RegExp(`module tb_${name}`),
      );
    });
  }

  it("show their coverage side by side", async () => {
    const files = (await coveredFiles(active.server)).map(({ uri }) => uri.fsPath).sort();
    assert.ok(files.includes(pathOf("fifo.sv", 0)), files.join());
    assert.ok(files.includes(pathOf("arbiter.sv", 1)), files.join());
  });
});
