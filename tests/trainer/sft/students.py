"""A small student from nothing, made once, and data for it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from benchwright_agent.models.dialect.canonical import INPUTS, OTHERS
from benchwright_agent.models.model import Message
from benchwright_sim.buildcache import cached_folder
from benchwright_sim.toolchain import cache_dir
from benchwright_trainer.dataset.writing import write_dataset
from benchwright_trainer.rollouts.trace import Judged, Trace
from benchwright_trainer.sft.options import StudentOptions
from benchwright_trainer.sft.student import make_student
from benchwright_trainer.sft.vocabulary import train_tokenizer

ALIASES = (*INPUTS[:16], *OTHERS[:48])
SMALL = StudentOptions(
    vocab=1024, d_model=256, n_layers=1, n_heads=4, n_kv_heads=2, d_ff=256, context=1024
)
LONG = 900


def texts() -> list[str]:
    """Our examples."""
    root = Path(__file__).parents[3]
    return [path.read_text("utf-8") for path in sorted(root.glob("examples/*/*.sv"))]


def small_student() -> Path:
    """Its folder; read only."""

    def build(folder: Path) -> None:
        train_tokenizer(texts(), SMALL, folder, added=ALIASES)
        make_student(SMALL, folder, folder)

    return cached_folder(cache_dir() / "test-models" / "student", "2", build)


def traces(n: int, *, n_long: int = 0) -> Iterator[Trace]:
    """Questions for a passage of an example, answered with it; the last ones are too long."""
    chance = random.Random(1)
    for number in range(n):
        text = chance.choice(texts())
        answer = text[: chance.randint(40, 200)]
        question = text * 9 if number >= n - n_long else text[: chance.randint(40, 300)]
        yield Trace(
            key=f"{number:04}",
            design=f"d{number}",
            kind="direct",
            intermediate="",
            transition="loop",
            before=None,
            prompt=(Message("system", "Test designs."), Message("user", question)),
            answer=answer,
            after=Judged(answer, "ok", {"line": (1, 2)}),
            design_tokens=10,
        )


def dataset(folder: Path, n: int = 16, *, n_long: int = 0) -> Path:
    """A data set of such samples."""
    write_dataset(folder, traces(n, n_long=n_long), card={"name": "small"})
    return folder
