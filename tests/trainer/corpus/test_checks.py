"""A design passes only if it elaborates, builds, runs and can be driven and covered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_agent.evaluation.folders import folder_rows
from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.rows import Row
from benchwright_agent.protocol.task import SourceText
from benchwright_trainer.corpus.checks import CheckJob, SettleJob, Verdict
from tests.trainer.corpus.sample_designs import (
    BROKEN,
    COUNTER,
    MUX,
    NO_INPUT,
    PARITY,
    TWO_TOPS,
    folder,
)

SYSTEM = (
    'module calls (input a, output y);\n  initial $system("true");\n  assign y = a;\nendmodule\n'
)
ENDLESS = "module endless (input a, output reg y);\n  initial forever y = ~y;\nendmodule\n"
FATAL = (
    'module fatal (input a, output y);\n  assign y = a;\n  initial $fatal(1, "no");\nendmodule\n'
)
REAL = "module analogue (input real a, output y);\n  assign y = a > 0.5;\nendmodule\n"
ESCAPED = "module \\a+b (input x, output y);\n  assign y = ~x;\nendmodule\n"


def check(*files: str, module: str | None = None) -> Verdict:
    """What is found out about a design of these files."""
    texts = tuple(SourceText(f"f{n}.sv", text) for n, text in enumerate(files))
    verdict = CheckJob("key", Row("x", texts, module=module)).run()
    assert isinstance(verdict, Verdict)
    assert verdict.key == "key"
    return verdict


def test_a_design_that_works_has_a_top_and_bins() -> None:
    verdict = check(COUNTER)
    assert (verdict.module, verdict.reason, verdict.detail) == ("counter", None, "")
    assert verdict.n_bins > 10


def test_of_two_tops_the_named_one_is_taken() -> None:
    assert check(TWO_TOPS).reason == "several tops"
    assert "mux; parity" in check(TWO_TOPS).detail
    assert check(TWO_TOPS, module="parity").module == "parity"
    assert check(TWO_TOPS, module="other").reason == "no top"


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        (BROKEN, "does not elaborate", "f0.sv:2"),
        ("module empty ();\nendmodule\n", "cannot be driven", "empty has no input"),
        (NO_INPUT, "cannot be driven", "constant has no input"),
        ("package p;\nendpackage\n", "no top", "declare no module"),
        ("", "does not elaborate", "no .v or .sv file"),
        ("module m (input a);\nmissing u (a);\nendmodule\n", "does not elaborate", "missing"),
        (REAL, "cannot be driven", "a"),
        (SYSTEM, "refused", "$system"),
        (FATAL, "does not run", "no"),
        (ENDLESS, "does not run", ""),
    ],
)
def test_why_a_design_is_left_out(text: str, reason: str, said: str) -> None:
    verdict = check(text)
    assert verdict.reason == reason
    assert said in verdict.detail
    assert "benchwright-corpus" not in verdict.detail
    assert len(verdict.detail) <= 300


def test_a_top_with_an_escaped_name_is_instantiated() -> None:
    assert check(ESCAPED).reason is None


def test_a_job_that_a_worker_was_lost_over_says_so() -> None:
    job = CheckJob("key", Row("x", (SourceText("a.sv", MUX),)))
    assert job.lost("hung", "for 900 s").reason == "check failed"
    assert SettleJob("1", job.row).lost("crashed", "with -11").reason == "check failed"


def settle(row: Row) -> Row:
    """A folder's design as text, which has to work without that folder."""
    settled = SettleJob("1", row).run()
    assert not isinstance(settled, Failure)
    assert settled.row is not None, settled.detail
    assert settled.row.design is None
    verdict = CheckJob("key", replace(settled.row, module=None)).run()
    assert isinstance(verdict, Verdict)
    assert verdict.reason is None, verdict.detail
    return settled.row


def test_modules_headers_and_data_come_along(tmp_path: Path) -> None:
    rtl = folder(tmp_path / "rtl", parity=PARITY)
    (rtl / "rom.sv").write_text(
        '`include "width.svh"\nmodule rom (input [3:0] at, output [`WIDTH-1:0] q, output p);\n'
        '  reg [`WIDTH-1:0] held [16];\n  initial $readmemh("rom.hex", held);\n'
        "  assign q = held[at];\n  parity u (.word({12'd0, at}), .odd(p));\nendmodule\n"
    )
    (rtl / "width.svh").write_text("`define WIDTH 8\n")
    (rtl / "rom.hex").write_text("1 2 3 4 5 6 7 8 9 a b c d e f 0\n")
    (row,) = folder_rows(rtl, "rom.sv")
    names = [file.name for file in settle(row).files]
    assert sorted(names) == ["parity.sv", "rom.hex", "rom.sv", "width.svh"]


def test_a_project_with_folders_of_its_own_becomes_text(tmp_path: Path) -> None:
    home = tmp_path / "designs" / "mux"
    for name in ("rtl", "include/ours"):
        (home / name).mkdir(parents=True)
    (home / "benchwright.toml").write_text(
        'sources = ["rtl/mux.sv"]\ninclude_dirs = ["include"]\ntop = "mux"\n'
    )
    (home / "include" / "ours" / "w.svh").write_text("`define W 8\n")
    text = '`include "ours/w.svh"\n' + MUX.replace("[7:0]", "[`W-1:0]")
    (home / "rtl" / "mux.sv").write_text(text)
    (row,) = folder_rows(tmp_path / "designs", None)
    settled = settle(row)
    assert [file.name for file in settled.files] == ["include/ours/w.svh", "rtl/mux.sv"]
    assert settled.module == "mux"
