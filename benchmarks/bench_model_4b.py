"""Memory and time of one answer by a model of the size of Qwen3-4B, under the grammar of stimulus.

    python benchmarks/bench_model_4b.py [--model FILE.gguf] [--design FILE] [--tokens 200]
        [--threads N]

Without --model a file of the shape of Qwen3-4B-Instruct-2507 is written to a temporary folder
(TMPDIR), 2.5 GB: 36 layers, 151,936 tokens, the types per tensor of llama.cpp's Q4_K_M, and random
blocks for weights. Time and memory do not depend on what the weights are; what the model says does,
so nothing is said here of its use. Its tokenizer is a small one, which needs more tokens for a text
than Qwen's; figures are per token.

The model is asked once by a whole run of `generate`, whose search is cut short so that something is
left to ask for: task, sources and interface of the design, and places that are not covered, to be
answered in JSON under the schema made for the design. Resident memory counts the mapped file, as
far as it was read. Seconds of the processor are those of the model's process; up to the first token
they count as reading the prompt. Where other work keeps the cores busy, threads wait for each other
and use more of both. Prints a table; writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchwright_agent.loop import generate
from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.local.llamacpp_engine import CONTEXT_STEP
from benchwright_agent.models.local.memory import needed_bytes
from benchwright_agent.models.model import (
    Cancelled,
    Message,
    ModelError,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)
from benchwright_agent.options import GenerateOptions, ModelOptions
from benchwright_agent.replies.answer import read_answer
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
DESIGN = REPOSITORY / "examples" / "02_fifo" / "fifo.sv"
CONTEXT_TOKENS = 40_960
SEARCH_CYCLES = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One answer; rates are tokens per second.

    Attributes:
        n_segments: of stimulus that could be read from the answer and would run.
        estimate_bytes: what the check before loading counts on, for the context that was used.
    """

    model: str
    parameters: int
    file_bytes: int
    cores: int
    threads: int
    load_s: float
    prompt_tokens: int
    new_tokens: int
    finish: str
    n_segments: int
    prefill_s: float
    prefill_cpu_s: float
    decode_s: float
    decode_cpu_s: float
    peak_rss_bytes: int
    estimate_bytes: int

    @property
    def rates(self) -> dict[str, float]:
        """Tokens per second of wall and processor time."""
        n_decoded = self.new_tokens - 1
        return {
            "prefill_per_s": self.prompt_tokens / self.prefill_s,
            "prefill_per_cpu_s": self.prompt_tokens / self.prefill_cpu_s,
            "decode_per_s": n_decoded / self.decode_s,
            "decode_per_cpu_s": n_decoded / self.decode_cpu_s,
        }


def main() -> None:
    """Runs one answer and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a GGUF file instead of a random one")
    parser.add_argument("--design", type=Path, default=DESIGN)
    parser.add_argument("--tokens", type=int, default=200, help="of the answer at most")
    threads = psutil.cpu_count(logical=False) or 1
    parser.add_argument("--threads", type=int, default=threads, help="to compute with")
    options = parser.parse_args()
    console = Console(width=110)
    with model_file(options.model) as path:
        row = measure(path, options.design.resolve(), options.tokens, options.threads)
    console.print(table(row))
    RESULTS.mkdir(exist_ok=True)
    record = asdict(row) | row.rates | {"design": options.design.name}
    (RESULTS / "model_4b.json").write_text(json.dumps(record, indent=1) + "\n")


@contextmanager
def model_file(given: Path | None) -> Iterator[Path]:
    """The file to measure; a random one lives as long as it is used."""
    if given is not None:
        yield given
        return
    sys.path.insert(0, str(REPOSITORY))
    from tests import shaped_model  # noqa: PLC0415 - found only from here on
    from tests.tiny_model import tiny_folder  # noqa: PLC0415 - as above

    shape = shaped_model.architecture(
        layers=36, hidden=2560, heads=32, kv_heads=8, head_dim=128, ffn=9728, vocab=151_936
    )
    with tempfile.TemporaryDirectory(prefix="benchwright-") as folder:
        path = Path(folder) / "random-4b-Q4_K_M.gguf"
        shaped_model.write(path, shape, "Q4_K_M", tiny_folder())
        yield path


class OneAnswer:
    """A model that answers once, and what that took.

    Attributes:
        load_s: seconds until it was ready.
        asked: the question.
        reply: the answer.
        cpu_s: processor seconds of its process before, at the first token, and after.
        peak_rss_bytes: of its process.
    """

    def __init__(self, model: LlamaCpp) -> None:
        self._model = model
        started_s = time.perf_counter()
        model.count([Message("user", "")])
        self.load_s = time.perf_counter() - started_s
        (self._process,) = psutil.Process().children()
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.count = model.count
        self.close = model.close
        self.asked: Request | None = None
        self.reply: Reply | None = None
        self.cpu_s: list[float] = []
        self.peak_rss_bytes = 0

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The first time only."""
        if self.asked is not None:
            raise ModelError("one answer is measured")
        self.asked = request
        self.cpu_s = [cpu_s(self._process)]

        def note(text: str) -> None:
            if len(self.cpu_s) == 1:
                self.cpu_s.append(cpu_s(self._process))
            on_text(text)

        self.reply = self._model.answer(request, on_text=note, cancelled=cancelled)
        self.cpu_s.append(cpu_s(self._process))
        self.peak_rss_bytes = peak_rss_bytes(self._process)
        return self.reply


def measure(path: Path, design: Path, max_tokens: int, threads: int) -> Row:
    """One answer within one run of `generate`, whose testbench is thrown away."""
    info = read_gguf(path)
    elaboration = elaborate(load_design([design]))
    with LlamaCpp(path, context_tokens=CONTEXT_TOKENS, threads=threads) as model:
        once = OneAnswer(model)
        with tempfile.TemporaryDirectory() as folder:
            generate(
                elaboration,
                GenerateOptions(
                    output=Path(folder) / "tb.sv",
                    budget_s=None,
                    budget_cycles=SEARCH_CYCLES,
                    model=ModelOptions(
                        open=lambda: once, seconds=None, tokens=max_tokens, answer_tokens=max_tokens
                    ),
                ),
            )
    reply = once.reply
    if reply is None:
        sys.exit(f"search left nothing to ask for in {design.name}")
    segments = read_answer(reply.text, elaboration.interface, random.Random(1))
    before_s, first_s, after_s = once.cpu_s
    return Row(
        model=info.name,
        parameters=info.parameters,
        file_bytes=info.file_bytes,
        cores=os.cpu_count() or 1,
        threads=threads,
        load_s=once.load_s,
        prompt_tokens=reply.prompt_tokens,
        new_tokens=reply.new_tokens,
        finish=reply.finish,
        n_segments=len(segments),
        prefill_s=reply.first_token_s,
        prefill_cpu_s=first_s - before_s,
        decode_s=reply.seconds - reply.first_token_s,
        decode_cpu_s=after_s - first_s,
        peak_rss_bytes=once.peak_rss_bytes,
        estimate_bytes=needed_bytes(info, context_of(reply.prompt_tokens + max_tokens)),
    )


def context_of(n_tokens: int) -> int:
    """Tokens of the context that is made for so many."""
    return min(-(-n_tokens // CONTEXT_STEP) * CONTEXT_STEP, CONTEXT_TOKENS)


def cpu_s(process: psutil.Process) -> float:
    """User and system seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def peak_rss_bytes(process: psutil.Process) -> int:
    """The most memory that was ever resident (`VmHWM` of proc(5))."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def table(row: Row) -> Table:
    """The figures, for people."""
    shown = Table(title=f"{row.model}, {row.parameters / 1e9:.2f}e9 weights, {row.threads} threads")
    shown.add_column("")
    for name in ("tokens", "seconds", "processor s", "tokens/s", "tokens/processor s"):
        shown.add_column(name, justify="right")
    for name, n, wall, cpu in (
        ("prefill", row.prompt_tokens, row.prefill_s, row.prefill_cpu_s),
        ("decode", row.new_tokens - 1, row.decode_s, row.decode_cpu_s),
    ):
        rates = (f"{n / wall:.1f}", f"{n / cpu:.1f}")
        shown.add_row(name, str(n), f"{wall:.1f}", f"{cpu:.1f}", *rates)
    shown.caption = (
        f"file {_gib(row.file_bytes)}, most memory {_gib(row.peak_rss_bytes)} "
        f"(estimate {_gib(row.estimate_bytes)}), loaded in {row.load_s:.1f} s; "
        f"the answer ended by '{row.finish}' and gives {row.n_segments} segments to run"
    )
    return shown


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / (1 << 30):.2f} GiB"


if __name__ == "__main__":
    main()
