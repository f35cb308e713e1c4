"""The dataflow of Verilog-2005 designs, by pyverilog: what every register is loaded with, whole.

Of all that pyverilog's analyses give, this is what the elaborated source does not have: the next
value of a register as one expression, put together from every assignment and every condition in
its procedures. (Its cone of influence is the same as ours, which a test holds it to.)

pyverilog would call `iverilog` to preprocess, so it is given text that slang has preprocessed; it
writes parser tables, may hang and may need any amount of memory, so it runs in a bounded child
process in a scratch folder. Any failure means that there is no dataflow, never an error.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyslang.syntax import SyntaxPrinter

from benchwright_agent.explain import dataflow_child
from benchwright_sim.design import Design
from benchwright_sim.frontend.parsing import Parsed
from benchwright_sim.process import run

TIMEOUT_S = 20.0
MEMORY_BYTES = 1 << 30

_FILE_BYTES = 32 << 20
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Driver:
    """What drives a signal, or a part of it.

    Attributes:
        reads: signals, by their paths below the top.
        clocked: a clock's edge brings it about.
        value: as one expression; where nothing is assigned the signal itself.
        whole: it drives all of the signal.
    """

    reads: tuple[str, ...]
    clocked: bool
    value: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A design's dataflow.

    Attributes:
        drivers: of each signal, by its path below the top; parameters are left out.
        inputs: of the top.
    """

    drivers: Mapping[str, tuple[Driver, ...]]
    inputs: frozenset[str]

    def next_value(self, register: str) -> str:
        """What a register is loaded with; empty when that is not one expression."""
        drivers = self.drivers.get(register, ())
        return drivers[0].value if len(drivers) == 1 and drivers[0].whole else ""

    def cone(self, *signals: str) -> dict[str, int]:
        """Inputs and registers that signals depend on, and the registers that lie between."""
        pending = deque((signal, 0) for signal in signals)
        seen: set[str] = set()
        found: dict[str, int] = {}
        while pending:
            signal, distance = pending.popleft()
            if signal in seen:
                continue
            seen.add(signal)
            drivers = self.drivers.get(signal, ())
            if signal in self.inputs or any(driver.clocked for driver in drivers):
                found[signal] = distance
            for driver in drivers:
                if driver.clocked:
                    pending.extend((name, distance + 1) for name in driver.reads)
                else:
                    pending.extendleft((name, distance) for name in driver.reads)
        return found


def dataflow(design: Design, parsed: Parsed) -> Dataflow | None:
    """The dataflow of a design; None for SystemVerilog, and wherever pyverilog fails.

    Args:
        design: elaborated, with its top.
        parsed: its syntax.
    """
    if design.top is None or design.parameters or any(s.suffix != ".v" for s in design.sources):
        return None
    printer = SyntaxPrinter(parsed.tree.sourceManager)
    printer.setIncludeDirectives(False).setIncludeSkipped(False).setIncludeComments(False)
    printer.setExpandIncludes(True).setExpandMacros(True)
    text = printer.print(parsed.tree).str()
    try:
        with tempfile.TemporaryDirectory(prefix="benchwright-") as folder:
            return _analysed(Path(folder), text, design.top)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _LOG.debug("no dataflow: %s", error)
        return None


def _analysed(folder: Path, text: str, top: str) -> Dataflow | None:
    source, result = folder / "design.v", folder / "result.json"
    source.write_text(text, encoding="utf-8", errors="replace")
    program = [sys.executable, "-P", str(Path(dataflow_child.__file__).resolve())]
    done = run(
        [*program, str(source), top, str(result)],
        cwd=folder,
        timeout_s=TIMEOUT_S,
        memory_bytes=MEMORY_BYTES,
        file_bytes=_FILE_BYTES,
    )
    if not done.ok or not result.is_file():
        _LOG.debug("no dataflow: %s", done.output[-500:])
        return None
    return _read(json.loads(result.read_bytes()))


def _read(data: Mapping[str, Any]) -> Dataflow:
    drivers = {
        name: tuple(
            Driver(tuple(d["reads"]), bool(d["clocked"]), str(d["value"]), bool(d["whole"]))
            for d in found
            if not d["fixed"]
        )
        for name, found in data["drivers"].items()
    }
    inputs = {
        name
        for name, kinds in data["signals"].items()
        if "." not in name and {"Input", "Inout"} & set(kinds)
    }
    return Dataflow(drivers, frozenset(inputs))
