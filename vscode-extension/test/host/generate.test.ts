import * as assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";

import * as vscode from "vscode";

import {
  act,
  actionsOn,
  type Extension,
  extension,
  JOB,
  lineOf,
  open,
  pathOf,
  processesOf,
  runOf,
  savedText,
  shown,
  until,
  watchRuns,
} from "./editor";

const GENERATE = /^Generate coverage testbench/;

describe("generate", () => {
  let active: Extension;
  let fifo: vscode.TextDocument;

  before(async () => {
    fifo = await open(pathOf("fifo.sv"));
    active = await extension();
  });

  it("leaves nothing behind when it is cancelled", async () => {
    const watch = watchRuns(active.runs);
    await act(fifo, lineOf(fifo, "module fifo"), GENERATE);
    await until("the job runs", () => processesOf(JOB).length > 0);
    const run = await until("progress is told", () =>
      watch.told.find((each) => each.state === "running" && typeof each.binsLeft === "number"),
    );
    await active.runs.cancel(run.id);
    await until(
      "it is cancelled",
      () => watch.told.some((each) => each.state === "cancelled"),
      3_000,
    );
    await until("its processes are gone", () => processesOf(JOB).length === 0, 3_000);
    watch.stop();
    assert.equal(existsSync(pathOf("tb_fifo.sv")), false);
  });

  it("writes, saves and shows a testbench that the code action asks for", async () => {
    const started = Date.now();
    const { last, told } = await runOf(active, () =>
      act(fifo, lineOf(fifo, "module fifo"), GENERATE),
    );
    assert.equal(last.state, "done", last.message ?? "");
    assert.match(await savedText(pathOf("tb_fifo.sv")), /module tb_fifo/);
    await shown(pathOf("tb_fifo.sv"));
    assert.ok(told.some((run) => run.state === "running" && typeof run.binsLeft === "number"));
    assert.ok(Date.now() - started < 50_000, `it took ${Date.now() - started} ms`);
    await until("its processes are gone", () => processesOf(JOB).length === 0);
  });

  it("measures a testbench again by its code action", async () => {
    const bench = await open(pathOf("tb_fifo.sv"));
    const line = lineOf(bench, "module tb_fifo");
    const { last } = await runOf(active, () => act(bench, line, /^Measure coverage/));
    assert.equal(last.kind, "simulate");
    assert.equal(last.state, "done", last.message ?? "");
  });

  it("offers nothing to generate where there is no module", async () => {
    const notes = await open(pathOf("spec.md"));
    const actions = await actionsOn(notes, 0);
    assert.deepEqual(
      actions.filter(({ title }) => GENERATE.test(title)),
      [],
    );
  });

  it("runs what the unsaved buffer holds, not the file", async () => {
    fifo = await open(pathOf("fifo.sv"));
    const onDisk = readFileSync(pathOf("fifo.sv"), "utf8");
    const edit = new vscode.WorkspaceEdit();
    edit.insert(
      fifo.uri,
      new vscode.Position(0, 0),
      "module unsaved (input logic clk, input logic a, output logic q);\n  always_ff @(posedge clk) if (a) q <= !q;\nendmodule\n\n",
    );
    assert.ok(await vscode.workspace.applyEdit(edit));
    try {
      const { last } = await runOf(active, () => act(fifo, 0, GENERATE));
      assert.equal(last.state, "done", last.message ?? "");
      assert.equal(last.module, "unsaved");
      assert.match(await savedText(pathOf("tb_unsaved.sv")), /module tb_unsaved/);
      assert.ok(fifo.isDirty);
      assert.equal(readFileSync(pathOf("fifo.sv"), "utf8"), onDisk);
    } finally {
      await open(pathOf("fifo.sv"));
      await vscode.commands.executeCommand("workbench.action.files.revert");
    }
  });
});
