"""`generate --cover`: a small testbench for some bins, its whole coverage reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.command import benchwright

RTL = Path(__file__).parents[1] / "rtl"
FIFO = Path(__file__).parents[2] / "examples" / "02_fifo" / "fifo.sv"

_SEARCH = ("--policy", "search", "--budget-cycles", "200000", "--json")


def _run(tmp_path: Path, *arguments: str, name: str = "tb.sv") -> tuple[dict[str, Any], str]:
    done = benchwright("generate", FIFO, "-o", name, *_SEARCH, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), (tmp_path / name).read_text()


def test_a_line_and_a_bin_take_less_than_all(tmp_path: Path) -> None:
    whole, long_text = _run(tmp_path)
    deep = next(b for b in whole["bins"] if b["name"] == "overflow:0->1")
    line = next(b["line"] for b in whole["bins"] if b["kind"] == "branch")
    record, text = _run(
        tmp_path, "--cover", f"{FIFO}:{line}", "--cover", deep["id"], name="tb_two.sv"
    )
    assert record["status"] == "closed"
    assert record["cover"] == [f"{FIFO}:{line}", deep["id"]]
    assert len(text) < len(long_text)
    assert record["testbench_cycles"] < whole["testbench_cycles"]
    assert [b["id"] for b in record["bins"]] == [b["id"] for b in whole["bins"]]
    aimed = [b for b in record["bins"] if b["line"] == line or b["id"] == deep["id"]]
    assert all(bin_["count"] for bin_ in aimed)
    assert record["verdicts"]["unknown"] > 0


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        _run(tmp_path, "--cover", f"{FIFO}:8", name=f"tb{n}.sv")[1].replace(f"tb{n}", "tb")
        for n in range(2)
    )
    assert first == second


def test_a_waived_bin_is_covered_where_it_is_asked_for(tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.toml"
    waivers.write_text('[[waiver]]\nbins = "*"\nreason = "all"\nauthor = "me"\n')
    record, _ = _run(tmp_path, "--waivers", str(waivers), "--cover", f"{FIFO}:8")
    assert record["coverage"]["toggle"][0] > 0


def test_what_cannot_be_covered_exits_with_1(tmp_path: Path) -> None:
    dead = ("--cover", "tied_mux.sv:12")
    done = benchwright(
        "generate", RTL / "tied_mux.sv", "-o", "tb.sv", *_SEARCH, *dead, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "--cover" in done.stderr


def test_what_is_no_place_is_refused_before_any_work(tmp_path: Path) -> None:
    for text, told in (("nowhere", "legal: FILE:LINE"), (f"{FIFO}:1", "no bin is on this line")):
        done = benchwright("generate", FIFO, "-o", "tb.sv", "--cover", text, cwd=tmp_path)
        assert done.returncode == 5
        assert told in done.stderr
        assert not (tmp_path / "tb.sv").exists()
    done = benchwright("generate", FIFO, "--policy", "llm", "--cover", f"{FIFO}:8", cwd=tmp_path)
    assert done.returncode == 5
