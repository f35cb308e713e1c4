"""Small designs that a test writes down, their bins, and what is said of them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from benchwright_agent.explain.asked import read_asked
from benchwright_agent.explain.explain import Source
from benchwright_agent.explain.explanation import Explanation, Seen
from benchwright_agent.explain.inquiry import Answer, explain_run, list_bins
from benchwright_sim.bins import Bin
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration


@cache
def written(text: str, name: str = "design.sv") -> Path:
    """A file with this text."""
    folder = Path(tempfile.mkdtemp(prefix="benchwright-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / name
    path.write_text(text)
    return path


@cache
def elaborated(text: str, name: str = "design.sv") -> Elaboration:
    """The design with this text."""
    return elaborate(load_design([written(text, name)]))


@cache
def explanations(text: str, name: str = "design.sv") -> dict[str, Explanation]:
    """All bins of a design explained, by `line:kind:name`."""
    elaboration = elaborated(text, name)
    found = Source(elaboration).explain(list_bins(elaboration), {})
    return {key(explanation.bin): explanation for explanation in found}


def key(bin_: Bin) -> str:
    """What tells bins of a test's design apart."""
    return f"{bin_.line}:{bin_.kind}:{bin_.name}"


def wish(text: str, bin_key: str, name: str = "design.sv") -> str:
    """The condition of a bin's first way."""
    return explanations(text, name)[bin_key].ways[0].wish


def ran(text: str, bench: str, place: str) -> Answer:
    """What a run of a testbench says of a place."""
    design = load_design([written(text)])
    testbench = written(bench, "bench.sv")
    return explain_run(read_asked(place), design, testbench, bench_top=None, timeout_s=30)


def seen(answer: Answer, bin_name: str) -> dict[str, Seen | None]:
    """What was seen of each guard of an explained bin, by what the guard wants."""
    (found,) = [e for e in answer.explanations if e.bin.name == bin_name]
    way = found.ways[0]
    return {guard.wish: way.seen[n] if way.seen else None for n, guard in enumerate(way.guards)}
