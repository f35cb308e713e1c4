"""Where a testbench goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_server.jobs.placing import _write_beside, planned
from benchwright_sim.errors import OutputError


def test_a_testbench_is_named_after_the_top(tmp_path: Path) -> None:
    source = tmp_path / "fifo.sv"
    assert planned(source, "tb_{top}.sv", "fifo") == tmp_path / "tb_fifo.sv"
    assert planned(source, "tb/{top}.sv", "a/b c", "_l3") == tmp_path / "tb" / "a_b_c_l3.sv"


def test_a_design_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="replace its design"):
        planned(tmp_path / "fifo.sv", "{top}.sv", "fifo")


def test_a_free_name_is_found(tmp_path: Path) -> None:
    path = tmp_path / "tb.sv"
    assert _write_beside(path, "a") == tmp_path / "tb_2.sv"
    assert _write_beside(path, "b") == tmp_path / "tb_3.sv"
    assert (tmp_path / "tb_2.sv").read_text("utf-8") == "a"


def test_what_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        _write_beside(tmp_path / "file" / "tb.sv", "a")
    assert "benchwright.output" in caught.value.hint
