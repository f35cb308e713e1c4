"""Seconds to the first token of a second round: the prompt's beginning kept, against read again.

    python benchmarks/bench_prefix.py [--model FILE.gguf] [--design-tokens 3000] [--runs 3]

A prompt of the agent is the design followed by what a round has to say. Round 1 leaves the model's
state behind; round 2 has the same design and at most 300 other tokens at its end. It is answered
from that state and, in turn, from an empty one. Processor seconds are those of the model's process,
which other work on the machine hardly changes. Without --model one of 45 million random weights is
made: what it says is noise, what it costs is not. Prints a table; writes JSON to
benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from bisect import bisect_left
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import Message, Model, Request, Sampling

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
TARGET = 5
NEW_TOKENS = 300


@dataclass(frozen=True, slots=True)
class First:
    """One first token.

    Attributes:
        read_tokens: of the prompt that had to be computed.
        wall_s: from the question to the token.
        cpu_s: of all threads of the model's process.
    """

    read_tokens: int
    wall_s: float
    cpu_s: float


def main() -> None:
    """Runs the comparison and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a GGUF file instead of a random one")
    parser.add_argument("--design-tokens", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    path = options.model or random_model()
    with LlamaCpp(path, context_tokens=2 * options.design_tokens + 2000) as model:
        design = design_text(model, options.design_tokens)
        runs = [pair(model, design, number) for number in range(options.runs)]
    cold, kept = ([run[side] for run in runs] for side in (0, 1))
    ratios = {name: median(cold, name) / median(kept, name) for name in ("wall_s", "cpu_s")}
    Console(width=100).print(table(path, cold, kept, ratios))
    RESULTS.mkdir(exist_ok=True)
    record = {
        "parameters": read_gguf(path).parameters,
        "cores": psutil.cpu_count(logical=False),
        "cold": [asdict(first) for first in cold],
        "kept": [asdict(first) for first in kept],
        "ratios": ratios,
    }
    (RESULTS / "prefix.json").write_text(json.dumps(record, indent=1) + "\n")


def random_model() -> Path:
    """A file of random weights, made once."""
    sys.path.insert(0, str(REPOSITORY))
    from tests.tiny_model import shaped_gguf  # noqa: PLC0415 - found only from here on

    return shaped_gguf(
        layers=8, hidden=512, heads=8, kv_heads=4, head_dim=64, ffn=1536, vocab=32_000
    )


def design_text(model: Model, n_tokens: int) -> str:
    """Sources of the examples, as many lines as make up the tokens."""
    files = sorted((REPOSITORY / "examples").rglob("*.sv"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    n_lines = bisect_left(
        range(len(lines)), n_tokens, key=lambda n: model.count(question("\n".join(lines[:n]), ""))
    )
    return "\n".join(lines[:n_lines])


def question(design: str, feedback: str) -> tuple[Message, ...]:
    """The prompt of a round."""
    return (Message("system", "You write testbenches."), Message("user", design + feedback))


def feedback(model: Model, design: str, number: int) -> str:
    """What differs from round to round, up to the bound of tokens."""
    n_design = model.count(question(design, ""))
    lines = [f"\n{number}{i}.sv:{i * 7 % 90} branch not covered" for i in range(NEW_TOKENS)]
    n_lines = len(lines)
    while model.count(question(design, "".join(lines[:n_lines]))) - n_design > NEW_TOKENS:
        n_lines = n_lines * 9 // 10
    return "".join(lines[:n_lines])


def pair(model: LlamaCpp, design: str, number: int) -> tuple[First, First]:
    """The second round from an empty state, and after a first one."""
    rounds = [question(design, feedback(model, design, 10 * number + i)) for i in (1, 2)]
    cold = first_token(model, rounds[1], reuse=False)
    first_token(model, rounds[0], reuse=True)
    return cold, first_token(model, rounds[1], reuse=True)


def first_token(model: LlamaCpp, messages: tuple[Message, ...], *, reuse: bool) -> First:
    """Asks for one token."""
    (child,) = psutil.Process().children()
    before_s = sum(child.cpu_times()[:2])
    request = Request(messages, Sampling(max_tokens=1, temperature=0), reuse_prefix=reuse)
    reply = model.answer(request)
    cpu_s = sum(child.cpu_times()[:2]) - before_s
    return First(reply.prompt_tokens - reply.reused_tokens, reply.first_token_s, cpu_s)


def median(firsts: list[First], name: str) -> float:
    """Of one figure."""
    return float(statistics.median(getattr(first, name) for first in firsts))


def table(path: Path, cold: list[First], kept: list[First], ratios: dict[str, float]) -> Table:
    """Both sides, medians of the runs."""
    title = f"first token of round 2, {read_gguf(path).parameters / 1e6:.0f} M weights"
    shown = Table(title=title, title_justify="left")
    for column in ("", "tokens read", "wall s", "processor s"):
        shown.add_column(column, justify="right" if column else "left")
    for name, firsts in (("from an empty state", cold), ("beginning kept", kept)):
        figures = (median(firsts, field) for field in ("wall_s", "cpu_s"))
        n_read = f"{median(firsts, 'read_tokens'):.0f}"
        shown.add_row(name, n_read, *(f"{figure:.3f}" for figure in figures))
    shown.add_row("times faster", "", *(f"{ratio:.1f}" for ratio in ratios.values()))
    shown.add_row(
        f"at least {TARGET}", "", *("yes" if r >= TARGET else "NO" for r in ratios.values())
    )
    return shown


if __name__ == "__main__":
    main()
