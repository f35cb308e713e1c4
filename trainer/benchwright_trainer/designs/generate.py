"""Rows of generated designs: the same options give the same rows, byte for byte.

A design that equals an earlier one of its family but for names is drawn again; what a family cannot
vary any more is left to the next families.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from itertools import count

from benchwright_agent.evaluation.rows import Row
from benchwright_agent.protocol.task import SourceText
from benchwright_trainer.designs.features import add_features
from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.options import GeneratedOptions, family_names
from benchwright_trainer.designs.registry import Family, families
from benchwright_trainer.errors import TrainerError

_TRIES = 12
_COMMENT = re.compile(r"//.*")
_TOKEN = re.compile(r"\d*'[sS]?[bdhBDH][0-9a-fA-F]+|[A-Za-z_]\w*|\d+|\S")

Meta = dict[str, str | int]


def generated_rows(options: GeneratedOptions) -> Iterator[tuple[Row, Meta]]:
    """Rows and what is known of them: families take turns, none has two equal designs.

    Raises:
        TrainerError: the families cannot give so many different designs.
    """
    known = families()
    kinds = [known[name] for name in options.families or family_names(options.split)]
    shapes: set[tuple[str, str]] = set()
    number = 0
    for turn in count():
        before = number
        for kind in kinds:
            if number >= options.n:
                return
            maker = _fresh(kind, options, turn, shapes)
            if maker is not None:
                yield _row(kind, maker, number, options)
                number += 1
        if number == before:
            raise TrainerError(
                f"only {number} different designs can be drawn, not {options.n}",
                hint="ask for fewer, or for more families",
            )


def draw(kind: Family, seed: str, options: GeneratedOptions) -> Maker:
    """One design of a family."""
    maker = Maker(random.Random(seed), options.split, kind.titles)
    kind.draw(maker)
    add_features(maker)
    return maker


def _fresh(
    kind: Family, options: GeneratedOptions, turn: int, shapes: set[tuple[str, str]]
) -> Maker | None:
    for attempt in range(_TRIES):
        seed = f"{options.seed}/{options.split}/{kind.name}/{turn}/{attempt}"
        maker = draw(kind, seed, options)
        if options.split == "parameters" and not maker.unseen:
            continue
        key = (kind.name, shape(maker.source()))
        if key not in shapes:
            shapes.add(key)
            return maker
    return None


def shape(source: str) -> str:
    """A digest of a source that is the same for sources that differ in names and comments only."""
    numbers: dict[str, str] = {}
    tokens = (
        numbers.setdefault(token, f"#{len(numbers)}")
        if token[0].isalpha() or token[0] == "_"
        else token
        for token in _TOKEN.findall(_COMMENT.sub("", source))
    )
    return hashlib.sha256(" ".join(tokens).encode()).hexdigest()


def _row(kind: Family, maker: Maker, number: int, options: GeneratedOptions) -> tuple[Row, Meta]:
    row = Row(
        id=f"{kind.name}-{options.split}-{number:05}",
        files=(SourceText(f"{maker.title}{maker.style.suffix}", maker.source()),),
        specs=(SourceText("spec.md", maker.specification()),),
        module=maker.title,
    )
    meta: Meta = {
        "family": kind.name,
        "split": options.split,
        "seed": options.seed,
        "style": maker.style.words,
        **{f"parameter.{key}": value for key, value in maker.choices.items()},
    }
    return row, meta
