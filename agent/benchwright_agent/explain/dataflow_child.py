"""Runs pyverilog's dataflow analysis on one preprocessed file; a program of its own.

Usage: `python dataflow_child.py SOURCE TOP RESULT` in a scratch folder, since the parser writes its
tables to disk. Started by `dataflow` only: pyverilog may hang or need any amount of memory.

Limits are pyverilog's: Verilog-2005, no parameter overrides of the top, functions unrolled.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_MAX_NODES = 200
_RECURSION_LIMIT = 20_000


def main() -> None:
    """Reads SOURCE, writes what drives each signal below TOP to RESULT."""
    from pyverilog.dataflow.bindvisitor import BindVisitor  # noqa: PLC0415 - slow to load
    from pyverilog.dataflow.modulevisitor import ModuleVisitor  # noqa: PLC0415 - slow to load
    from pyverilog.dataflow.signalvisitor import SignalVisitor  # noqa: PLC0415 - slow to load
    from pyverilog.vparser.parser import VerilogParser  # noqa: PLC0415 - slow to load

    source, top, result = sys.argv[1:]
    sys.setrecursionlimit(_RECURSION_LIMIT)
    tree = VerilogParser(outputdir=".").parse(Path(source).read_text("utf-8"))
    modules = ModuleVisitor()
    modules.visit(tree)
    table = modules.get_moduleinfotable()
    signals = SignalVisitor(table, top)
    signals.start_visit()
    binds = BindVisitor(table, top, signals.getFrameTable(), noreorder=False)
    binds.start_visit()
    flow = binds.getDataflows()
    kinds = {_path(name): sorted(term.termtype) for name, term in flow.getTerms().items()}
    drivers = {_path(name): [_driver(b) for b in found] for name, found in flow.binddict.items()}
    Path(result).write_text(json.dumps({"signals": kinds, "drivers": drivers}))


def _path(name: Any) -> str:
    """A signal's path below the top."""
    return str(name).partition(".")[2]


def _driver(bind: Any) -> dict[str, Any]:
    """One assignment of a signal: what it reads, whether a clock's edge brings it, its value."""
    reads: set[str] = set()
    for tree in (bind.tree, bind.msb, bind.lsb, bind.ptr):
        _read(tree, reads)
    clocked = bind.alwaysinfo is not None and bool(bind.alwaysinfo.isClockEdge())
    return {
        "reads": sorted(reads),
        "clocked": clocked,
        "fixed": bind.parameterinfo in ("parameter", "localparam"),
        "whole": bind.msb is None and bind.ptr is None,
        "value": _text(bind.tree, _path(bind.dest), [_MAX_NODES]),
    }


def _parts(tree: Any) -> list[Any]:
    """Direct parts of a dataflow tree; absent sides of branches are None."""
    names = ("nextnodes", "condnode", "truenode", "falsenode", "var", "ptr", "msb", "lsb")
    found: list[Any] = []
    for name in names:
        part = getattr(tree, name, None)
        found.extend(part if isinstance(part, list | tuple) else [part])
    return found


def _read(tree: Any, reads: set[str]) -> None:
    if tree is None or isinstance(tree, str | int):
        return
    if type(tree).__name__ == "DFTerminal":
        reads.add(_path(tree.name))
    for part in _parts(tree):
        _read(part, reads)


def _text(tree: Any, held: str, room: list[int]) -> str:
    """A dataflow tree as an expression; where a branch assigns nothing the signal is held."""
    from pyverilog.utils.op2mark import op2mark  # noqa: PLC0415 - slow to load

    room[0] -= 1
    if room[0] < 0:
        return "..."
    if tree is None:
        return held
    match type(tree).__name__:
        case "DFTerminal":
            text = _path(tree.name)
        case "DFBranch":
            text = _branch(tree, held, room)
        case "DFOperator":
            words = [_text(node, held, room) for node in tree.nextnodes]
            mark = op2mark(tree.operator)
            text = f"{mark}{words[0]}" if len(words) == 1 else f"({words[0]} {mark} {words[1]})"
        case "DFConcat":
            text = f"{{{', '.join(_text(node, held, room) for node in tree.nextnodes)}}}"
        case "DFPointer":
            text = f"{_text(tree.var, held, room)}[{_text(tree.ptr, held, room)}]"
        case "DFPartselect":
            bounds = [_text(bound, held, room) for bound in (tree.msb, tree.lsb)]
            text = f"{_text(tree.var, held, room)}[{':'.join(dict.fromkeys(bounds))}]"
        case _:
            text = str(getattr(tree, "value", "?"))
    return text


def _branch(tree: Any, held: str, room: list[int]) -> str:
    """A choice, left out where it is none."""
    sides = (tree.condnode, tree.truenode, tree.falsenode)
    test, then, other = (_text(side, held, room) for side in sides)
    return then if test == "1" or then == other else f"({test} ? {then} : {other})"


if __name__ == "__main__":
    main()
