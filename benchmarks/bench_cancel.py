"""Seconds from a cancel to the return of a model's answer: while it reads, writes, or says nothing.

    PYTHONPATH=. python benchmarks/bench_cancel.py [--runs 5]

The local model has 45 million random weights and runs in its child process; the served one is a
scripted server on loopback that streams, stalls, or never begins. A caller cancels half a second
into an answer. Prints a table of medians and worst; writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import Message, Model, Request, Sampling
from benchwright_agent.models.served.openai_server import OpenAIServer
from tests.model_script import Script
from tests.model_server import model_server
from tests.tiny_model import shaped_gguf

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
AFTER_S = 0.5
TARGET_S = 0.2


def main() -> None:
    """Measures every situation and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="of each situation")
    options = parser.parse_args()
    figures = {name: measured(ask, options.runs) for name, ask in situations()}
    shown = Table(title="seconds from cancel to return", title_justify="left")
    for column in ("", "median", "worst", "target"):
        shown.add_column(column, justify="right" if column else "left")
    for name, seconds in figures.items():
        middle, worst = statistics.median(seconds), max(seconds)
        shown.add_row(name, f"{middle:.3f}", f"{worst:.3f}", f"{TARGET_S:g}")
    Console(width=100).print(shown)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cancel.json").write_text(json.dumps(figures, indent=1) + "\n")


def situations() -> Iterator[tuple[str, Callable[[], float]]]:
    """Name, and one cancelled answer; models are open while theirs are measured."""
    path = shaped_gguf(
        layers=8, hidden=512, heads=8, kv_heads=4, head_dim=64, ffn=1536, vocab=32_000
    )
    with LlamaCpp(path) as model:
        model.count([Message("user", "x")])
        yield "local, reading 9,000 words", partial(cancelled, model, "module fifo; " * 3_000)
        yield "local, writing", partial(cancelled, model, "module fifo")
    scripts = {
        "served, streaming": Script("word " * 9_000, chunk=5, pace_s=0.01),
        "served, stalled": Script("word " * 99, stall_after=9),
        "served, silent": Script("word", delay_s=30),
    }
    for name, script in scripts.items():
        with (
            model_server(partial(answered, script)) as server,
            closing(OpenAIServer("scripted", base_url=server.base_url)) as served,
        ):
            yield name, partial(cancelled, served, "hello")


def answered(script: Script, _request: Mapping[str, Any], _n_call: int) -> Script:
    """The same to everyone."""
    return script


def cancelled(model: Model, text: str) -> float:
    """Seconds by which one answer outlives its cancel."""
    at = time.monotonic() + AFTER_S
    request = Request((Message("user", text),), Sampling(max_tokens=4_000))
    model.answer(request, cancelled=lambda: time.monotonic() >= at)
    return time.monotonic() - at


def measured(ask: Callable[[], float], runs: int) -> list[float]:
    """Several of them."""
    return [ask() for _ in range(runs)]


if __name__ == "__main__":
    main()
