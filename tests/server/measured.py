"""Files of `examples/` with what a real simulation of a small testbench knows of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from benchwright_agent.record import read_record
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.documents import split_lines
from benchwright_server.features.client_text import ClientText
from benchwright_server.features.page import Page
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Part, Result
from benchwright_server.results.view import file_view
from benchwright_server.settings import Settings
from benchwright_sim.waivers import Waiver

EXAMPLES = Path(__file__).parents[2] / "examples"
FIFO = EXAMPLES / "02_fifo" / "fifo.sv"
LOCK = EXAMPLES / "01_lock" / "lock.sv"

TB_FIFO = """\
// Two words in, one word out: the queue is never full, and its pointers never wrap.
module tb_fifo;
  logic clk = 0, rst = 1, flush = 0, push = 0, pop = 0, clear_errors = 0;
  logic [7:0] push_data = 8'h5a, pop_data;
  logic empty, full, almost_empty, almost_full, overflow, underflow;
  logic [4:0] level;

  fifo dut (.*);

  always #5 clk = ~clk;

  initial begin
    repeat (2) @(negedge clk);
    rst  = 0;
    push = 1;
    repeat (2) @(negedge clk);
    push = 0;
    pop  = 1;
    @(negedge clk);
    $finish;
  end
endmodule
"""

TB_LOCK = """\
// No key at all: the lock stays locked.
module tb_lock;
  logic clk = 0, rst_n = 0, key_valid = 0, close = 0;
  logic [7:0] key = 0;
  logic unlocked, duress, penalty;
  logic [1:0] failures;

  lock dut (.*);

  always #5 clk = ~clk;

  initial begin
    repeat (2) @(negedge clk);
    rst_n = 1;
    repeat (3) @(negedge clk);
    $finish;
  end
endmodule
"""

_BENCHES = {FIFO: TB_FIFO, LOCK: TB_LOCK}
_GUARD = "push && full && !pop"


@cache
def result_of(design: Path) -> Result:
    """What the testbench above shows of a design; simulated once."""
    with TemporaryDirectory() as folder:
        bench, saved = Path(folder, f"tb_{design.stem}.sv"), Path(folder, "run.json")
        bench.write_text(_BENCHES[design], encoding="utf-8")
        command = Path(sys.executable).with_name("benchwright")
        arguments = ["simulate", str(bench), str(design), "-o", str(saved), "--quiet"]
        subprocess.run([str(command), *arguments], check=True, cwd=folder)
        record = read_record(saved)
    spec = DesignSpec(folder=design.parent, sources=(design,))
    return Result(
        key=spec.key,
        spec=spec,
        root=design.parent,
        texts={design.name: design.read_text(encoding="utf-8")},
        parts=(Part(bench, "testbench", record, "2026-01-01T00:00:00+00:00"),),
        guards={bin_.id: _GUARD for bin_ in record.coverage if bin_.line == 68},
    )


def page_of(
    design: Path,
    *,
    text: str | None = None,
    settings: Settings | None = None,
    waivers: Sequence[Waiver] = (),
    provisional: Provisional | None = None,
    encoding: lsp.PositionEncodingKind = lsp.PositionEncodingKind.Utf16,
) -> Page:
    """A measured design as features see it, with `text` in its buffer."""
    shown = design.read_text(encoding="utf-8") if text is None else text
    return Page(
        uri=design.as_uri(),
        text=ClientText(split_lines(shown), PositionCodec(encoding)),
        view=file_view(design, shown, result_of(design), provisional, waivers),
        settings=settings or Settings(),
    )


def unmeasured(text: str, path: Path = Path("/w/design.sv")) -> Page:
    """A text of which nothing is known."""
    return Page(
        uri=path.as_uri(),
        text=ClientText(split_lines(text), PositionCodec()),
        view=file_view(path, text, None),
        settings=Settings(),
    )


def with_settings(page: Page, settings: Settings) -> Page:
    """The same file with other settings."""
    return replace(page, settings=settings)


def line_of(page: Page, text: str) -> int:
    """The number of the first line that holds a text."""
    return next(n for n, line in enumerate(page.text.lines) if text in line)


def lines(first: int, last: int | None = None) -> lsp.Range:
    """The range of whole lines."""
    end = first if last is None else last
    return lsp.Range(lsp.Position(first, 0), lsp.Position(end, 0))


WHOLE = lines(0, 1_000_000)
