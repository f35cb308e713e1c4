import * as assert from "node:assert/strict";

import * as vscode from "vscode";

import {
  act,
  type Extension,
  extension,
  JOB,
  lineOf,
  open,
  pathOf,
  processesOf,
  runOf,
  SERVER,
  until,
} from "./editor";

describe("crash", () => {
  let active: Extension;
  let fifo: vscode.TextDocument;

  before(async () => {
    fifo = await open(pathOf("fifo.sv"));
    active = await extension();
  });

  it("is told, leaves no job behind, and a restart mends it", async () => {
    void act(fifo, lineOf(fifo, "module fifo"), /^Generate coverage testbench/);
    await until("the job runs", () => processesOf(JOB).length > 0);
    const servers = processesOf(SERVER);
    assert.ok(servers.length > 0);
    for (const { pid } of servers) {
      process.kill(pid, "SIGKILL");
    }
    await until("the crash is noticed", () => active.server.state === "crashed", 5_000);
    await until("no job is left", () => processesOf(JOB).length === 0, 5_000);

    await vscode.commands.executeCommand("benchwright.restart");
    await until("the server runs again", () => active.server.state === "running");
    const { last } = await runOf(active, () =>
      act(fifo, lineOf(fifo, "module fifo"), /^Generate coverage testbench/),
    );
    assert.equal(last.state, "done", last.message ?? "");
  });

  it("a restart leaves one server", async () => {
    await vscode.commands.executeCommand("benchwright.restart");
    await until("the server runs again", () => active.server.state === "running");
    await until("one server", () => processesOf(SERVER).length === 1, 5_000);
  });
});
