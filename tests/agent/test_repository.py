"""What a model is shown of a design."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.protocol.repository import design_task
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import SourceError
from tests.outcome import write

FILES = {
    "rtl/top.sv": '`include "widths.svh"\n'
    "module top(input logic [`WIDTH-1:0] a, output logic y);\n  leaf u(.a(a[0]), .y(y));\n"
    "endmodule\n",
    "include/widths.svh": "`ifndef WIDTHS\n`define WIDTHS\n"
    '`include "deeper.svh"\n`define WIDTH `DEEP_WIDTH\n`endif\n',
    "include/deeper.svh": '`include "widths.svh"\n`define DEEP_WIDTH 2\n',
    "library/leaf.sv": "module leaf(input logic a, output logic y); assign y = a; endmodule\n",
    "library/unused.sv": "module unused; endmodule\n",
    "files.f": "rtl/top.sv\n+incdir+include\n-y library\n",
    "notes.md": "All that is known.\n",
}


def test_it_is_the_sources_with_what_they_include_and_use(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    elaboration = elaborate(load_design([], filelists=[tmp_path / "files.f"]))
    task = design_task(elaboration, documents=[tmp_path / "notes.md"], instruction="Be brief.")
    names = [file.name for file in task.files]
    assert names == ["deeper.svh", "widths.svh", "top.sv", "leaf.sv"]
    assert [(spec.name, spec.text) for spec in task.specs] == [("notes.md", "All that is known.\n")]
    assert (task.module, task.instruction) == ("top", "Be brief.")


@pytest.mark.parametrize("content", [None, b"", b"\0binary"])
def test_a_document_that_is_no_text_is_refused(tmp_path: Path, content: bytes | None) -> None:
    write(tmp_path, {"top.sv": "module top(input logic a); endmodule\n"})
    document = tmp_path / "notes.md"
    if content is not None:
        document.write_bytes(content)
    with pytest.raises(SourceError, match="file"):
        design_task(elaborate(load_design([tmp_path / "top.sv"])), documents=[document])
