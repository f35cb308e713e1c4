"""Commands, with a scripted job: what a client is told, and that nothing stays behind."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import psutil
import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.server.editor import Editor, living, plain

pytestmark = pytest.mark.asyncio


@pytest.fixture
def server_command() -> tuple[str, ...]:
    return (sys.executable, str(Path(__file__).with_name("scripted_server.py")))


def source(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("module dut (input logic a);\nendmodule\n", encoding="utf-8")
    return path


async def running(editor: Editor, run: str) -> None:
    """Waits until a run says how far it is."""
    await editor.until(lambda: any(r["id"] == run and r["binsLeft"] for r in editor.runs))


def family(editor: Editor) -> list[psutil.Process]:
    return psutil.Process(editor.pid).children(recursive=True)


async def test_a_run_is_cancelled_from_the_progress_bar(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "stubborn.sv"))
    run = await editor.started("generate", uri=uri, module="dut")
    await running(editor, run)
    processes = family(editor)
    assert len(processes) >= 2
    began_s = time.monotonic()
    editor.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(run))
    assert (await editor.ended(run))["state"] == "cancelled"
    assert time.monotonic() - began_s < 3
    assert living(processes) == []
    assert not (tmp_path / "tb_dut.sv").exists()
    report = editor.progress_reports[run][-2]
    assert isinstance(report, lsp.WorkDoneProgressReport)
    assert "bins left" in (report.message or "")
    end = editor.progress_reports[run][-1]
    assert isinstance(end, lsp.WorkDoneProgressEnd)
    assert end.message == "cancelled"


async def test_a_run_is_cancelled_by_command(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "long.sv"))
    first = await editor.started("generate", uri=uri, module="dut")
    second = await editor.started("generate", uri=uri, module="dut")
    await running(editor, first)
    states = {r["id"]: r["state"] for r in map(plain, await editor.command("runs"))}
    assert states == {first: "running", second: "queued"}
    await editor.command("cancel", runId=second)
    assert (await editor.ended(second))["state"] == "cancelled"
    await editor.command("cancel", runId=first)
    assert (await editor.ended(first))["state"] == "cancelled"


async def test_a_finished_run_keeps_its_best(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "long.sv"))
    run = await editor.started("generate", uri=uri, module="dut")
    await running(editor, run)
    await editor.command("finish", runId=run)
    assert (await editor.ended(run))["state"] == "done"
    assert (tmp_path / "tb_dut.sv").read_text("utf-8").startswith("// 1\n")


async def test_a_cancelled_run_keeps_its_best_on_request(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path, options={"settings": {"keepOnCancel": True}})
    uri = editor.open(source(tmp_path, "long.sv"))
    run = await editor.started("generate", uri=uri, module="dut")
    await running(editor, run)
    editor.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(run))
    assert (await editor.ended(run))["state"] == "done"


async def test_runs_of_several_designs_go_on_together_if_allowed(
    editor: Editor, tmp_path: Path
) -> None:
    await editor.begin(tmp_path, options={"parallelRuns": 2})
    runs = []
    for name in ("long_a.sv", "long_b.sv", "long_c.sv"):
        uri = editor.open(source(tmp_path, name))
        runs.append(await editor.started("generate", uri=uri, module="dut", output=f"tb_{name}"))
    await running(editor, runs[0])
    await running(editor, runs[1])
    states = [r["state"] for r in map(plain, await editor.command("runs"))]
    assert states == ["running", "running", "queued"]
    await editor.command("cancel", runId=runs[0])
    await running(editor, runs[2])


async def test_a_crashed_run_is_told_and_leaves_nothing(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "crash.sv"))
    ended = await editor.ended(await editor.started("generate", uri=uri, module="dut"))
    assert ended["state"] == "failed"
    assert "signal 11" in ended["message"]
    assert any("something broke" in message.message for message in editor.log_messages)
    assert [m.type for m in editor.messages] == [lsp.MessageType.Error]
    await asyncio.sleep(0.1)
    assert [p.name() for p in family(editor)] == []


async def test_a_failed_run_names_place_and_remedy(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "wrong.sv"))
    ended = await editor.ended(await editor.started("generate", uri=uri, module="dut"))
    assert ended["message"] == "wrong.sv:3: no such module: x; name its file"
    assert ended["location"]["line"] == 3
    assert editor.messages[0].message.endswith(ended["message"])
    assert any("two" in message.message for message in editor.log_messages)


async def test_a_file_of_the_users_is_not_replaced_unasked(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "quick.sv"))
    bench = tmp_path / "tb_dut.sv"

    async def generate() -> dict[str, object]:
        return await editor.ended(await editor.started("generate", uri=uri, module="dut"))

    assert (await generate())["output"] == bench.as_uri()
    assert (await generate())["output"] == bench.as_uri()
    assert editor.questions == []
    bench.write_text("// mine\n", encoding="utf-8")
    editor.answer = lambda _: "Keep both"
    assert (await generate())["output"] == (tmp_path / "tb_dut_2.sv").as_uri()
    assert [a.title for a in editor.questions[0].actions or []] == [
        "Replace",
        "Keep both",
        "Cancel",
    ]
    editor.answer = lambda _: None
    assert (await generate())["state"] == "cancelled"
    assert bench.read_text("utf-8") == "// mine\n"
    editor.answer = lambda _: "Replace"
    assert (await generate())["output"] == bench.as_uri()
    assert bench.read_text("utf-8").startswith("// 1")


async def test_an_untrusted_workspace_runs_nothing(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path, options={"trusted": False})
    path = source(tmp_path, "quick.sv")
    uri = editor.open(path)
    for name in ("generate", "closeRest", "simulate", "importCoverage"):
        with pytest.raises(JsonRpcException, match="not trusted"):
            await editor.command(name, uri=uri, files=["x.dat"])
    await asyncio.sleep(0.3)
    assert not path.with_suffix(".checks").exists()
    assert plain(await editor.command("tops", uri=uri))["modules"] == ["dut"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("generate", {}, "needs `uri`"),
        ("generate", {"uri": 3}, "`uri` must be a string"),
        ("generate", {"uri": "untitled:Untitled-1"}, "save it first"),
        ("generate", {"uri": "FILE", "budget": -1}, "`budget` must be"),
        ("generate", {"uri": "FILE", "output": "quick.sv"}, "would replace its design"),
        ("generate", {"uri": "FILE", "output": ""}, "is no file"),
        ("generate", {"uri": "file:///"}, "is a folder; name a source file"),
        ("simulate", {"uri": "file:///"}, "is a folder; name a source file"),
        ("cover", {"uri": "FILE", "line": -1}, "`line` must be a line"),
        ("cover", {"uri": "FILE", "line": 0}, "nothing that is known to be open"),
        ("cover", {"uri": "FILE", "bins": [1]}, "a list of strings"),
        ("explain", {"uri": "FILE"}, "needs `line` or `bin`"),
        ("waive", {"uri": "FILE"}, "nothing that is known to be open"),
        ("importCoverage", {"uri": "FILE"}, "needs `files`"),
        ("cancel", {"runId": "none"}, "there is no run"),
        ("finish", {}, "no run goes on"),
    ],
)
async def test_wrong_arguments_are_errors_that_say_what_is_wrong(
    editor: Editor, tmp_path: Path, name: str, arguments: dict[str, object], words: str
) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "quick.sv"))
    given = {key: uri if value == "FILE" else value for key, value in arguments.items()}
    with pytest.raises(JsonRpcException, match=words):
        await editor.command(name, **given)


async def test_a_testbench_in_no_folder_is_said(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    gone = tmp_path / "gone" / "failing.sv"
    run = await editor.started("simulate", uri=gone.as_uri())
    assert (await editor.ended(run))["state"] == "failed"


async def test_the_top_is_chosen(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "quick.sv"))
    tops = plain(await editor.command("tops", uri=uri))
    assert tops == {"tops": ["dut"], "modules": ["dut", "part"], "chosen": None}
    await editor.command("selectTop", uri=uri, top="part")
    assert plain(await editor.command("tops", uri=uri))["chosen"] == "part"
    run = await editor.started("generate", uri=uri)
    assert (await editor.ended(run))["top"] == "part"
    with pytest.raises(JsonRpcException, match="no module 'prat'; there are dut, part"):
        await editor.command("selectTop", uri=uri, top="prat")
    await editor.command("selectTop", uri=uri, top=None)
    assert plain(await editor.command("tops", uri=uri))["chosen"] is None


async def test_bins_are_waived_in_the_waiver_file(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "quick.sv"))
    waivers = tmp_path / "waivers.toml"
    await editor.command("waive", uri=uri, bins=['a"b', "c"], reason="tied off", author="me")
    await editor.command("waive", uri=uri, bins=["d"])
    from benchwright_sim.waivers import read_waivers

    first, second = read_waivers(waivers)
    assert (first.bins, first.reason, first.author) == (('a"b', "c"), "tied off", "me")
    assert second.reason.startswith("TODO")
    shown = await editor.until(lambda: editor.shown_documents)
    selection = shown[0].selection
    assert selection is not None
    line = waivers.read_text("utf-8").splitlines()[selection.start.line]
    assert line[selection.start.character : selection.end.character].startswith("TODO")


async def test_diagnostics_follow_the_text(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    path = source(tmp_path, "slow.sv")
    uri = editor.open(path, "bad slow\n")
    await asyncio.sleep(0.5)
    editor.change(uri, "bad one\n")
    for number in range(5):
        editor.change(uri, f"bad {number}\n")
    await editor.until(lambda: [d for d in editor.diagnostics.get(uri, ()) if d.message == "bad 4"])
    assert path.with_suffix(".checks").read_text("utf-8").count("begin") <= 3
    editor.change(uri, "good\n")
    await editor.until(lambda: not editor.diagnostics[uri])
    assert editor.messages == []


async def test_an_error_goes_though_it_is_mended_while_another_design_is_checked(
    editor: Editor, tmp_path: Path
) -> None:
    await editor.begin(tmp_path)
    part = editor.open(source(tmp_path, "part.sv"), "bad part\n")
    await editor.until(lambda: editor.diagnostics.get(part))
    user = source(tmp_path, "slow_user.sv")
    editor.open(user, "slow, uses part.sv\n")
    checks = user.with_suffix(".checks")
    await editor.until(lambda: checks.exists() or None)
    editor.change(part, "good\n")
    await editor.until(lambda: not editor.diagnostics[part] or None)
    await asyncio.sleep(2.5)
    assert not editor.diagnostics[part]
    assert checks.read_text("utf-8").count("begin") == 2


async def test_runs_end_with_the_session(editor: Editor, tmp_path: Path) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "stubborn.sv"))
    await running(editor, await editor.started("generate", uri=uri, module="dut"))
    processes = family(editor)
    await editor.shutdown_async(None)
    assert living(processes, 0.5) == []
    editor.exit(None)
    editor.error = RuntimeError("the test has ended the session")


@pytest.mark.parametrize("how", ["exit", "eof", "kill"])
async def test_runs_end_when_the_client_or_the_server_vanishes(
    editor: Editor, tmp_path: Path, how: str
) -> None:
    await editor.begin(tmp_path)
    uri = editor.open(source(tmp_path, "long.sv"))
    await running(editor, await editor.started("generate", uri=uri, module="dut"))
    processes = [psutil.Process(editor.pid), *family(editor)]
    editor.error = RuntimeError("the test has ended the session")
    if how == "exit":
        editor.exit(None)
    elif how == "kill":
        processes[0].kill()
    else:
        assert editor._server is not None
        assert editor._server.stdin is not None
        editor._server.stdin.close()
    assert await asyncio.to_thread(living, processes, 5.0) == []
