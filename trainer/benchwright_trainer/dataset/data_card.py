"""The data card: what a data set holds and what it was made of, as the Hugging Face hub shows it.

The figures come from the rows. What rows cannot tell is the maker's `card`, plain JSON values of
which these keys have a place of their own, all of them optional:

name, about: of the data set, in words.
license: SPDX identifier of the data set.
sources: source of designs -> its licence.
stage: of the recipe.
rejected: reason -> traces that were not kept.
versions: tool -> version.
hashes: what else the data set depends on -> SHA-256.
parts: label -> SHA-256 of a data set that went into this one.
options: of filtering and the like.

Other keys are shown with the options.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import yaml

from benchwright_sim.coverage import percent
from benchwright_trainer.dataset.manifest import SHARDS, Manifest
from benchwright_trainer.dataset.samples import Sample
from benchwright_trainer.markdown_table import table

CARD = "README.md"

_KNOWN = ("name", "about", "license", "sources", "rejected", "versions", "hashes", "parts")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_FIRST_BIN = 256
"""Designs of fewer tokens are counted together; each further bin is twice as wide."""


@dataclass(slots=True)
class Figures:
    """Counts over rows, which are added one by one.

    Attributes:
        groups: (kind, intermediate, transition) -> rows.
        coverage: the same -> coverage before and after, summed.
        bins: number of the bin of `_FIRST_BIN << bin` tokens -> rows.
        designs: ids.
    """

    groups: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    coverage: dict[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict)
    bins: Counter[int] = field(default_factory=Counter)
    designs: set[str] = field(default_factory=set)

    def add(self, sample: Sample) -> None:
        """Counts one row."""
        group = sample["kind"], sample["intermediate"], sample["transition"]
        before, after = self.coverage.get(group, (0.0, 0.0))
        self.groups[group] += 1
        self.coverage[group] = before + sample["coverage_before"], after + sample["coverage"]
        self.bins[(sample["design_tokens"] // _FIRST_BIN).bit_length()] += 1
        self.designs.add(sample["design"])


def card_text(manifest: Manifest, figures: Figures) -> str:
    """The card: a head in YAML for programs, Markdown for people."""
    card = manifest.card
    head = yaml.safe_dump(_head(manifest), sort_keys=False, allow_unicode=True, width=100)
    parts = [
        f"---\n{head}---",
        f"# {_name(card)}",
        _about(manifest, figures),
        _section("Samples", _samples(figures)),
        _section("Design sizes", _sizes(figures)),
        _section("Traces that were not kept", _rejected(card.get("rejected") or {})),
        _section("Data sets in it", _pairs(("Part", "SHA-256"), card.get("parts"))),
        _section("Sources of designs", _pairs(("Source", "Licence"), card.get("sources"))),
        _section("Versions", _pairs(("Tool", "Version"), _versions(manifest))),
        _section("Hashes", _pairs(("What", "SHA-256"), _hashes(manifest))),
        _section("Options", _options(card)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(manifest: Manifest) -> dict[str, Any]:
    card = manifest.card
    size = next((name for bound, name in _SIZES if manifest.rows < bound), "n>1M")
    terms = {"license": str(card["license"]).lower()} if card.get("license") else {}
    return terms | {
        "pretty_name": _name(card),
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["systemverilog", "verilog", "testbench", "code-coverage"],
        "size_categories": [size],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": f"{SHARDS}/train-*.parquet"}],
            }
        ],
    }


def _name(card: Mapping[str, Any]) -> str:
    return str(card.get("name") or "Testbenches that were executed")


def _about(manifest: Manifest, figures: Figures) -> str:
    n_shards = len(manifest.shards)
    counted = (
        f"{manifest.rows:,} samples of {len(figures.designs):,} designs, in {n_shards} Parquet "
        f"file{'s' if n_shards > 1 else ''}. The prompt shows a design and, unless the sample is a "
        "direct one, a testbench with what simulating it gave; the completion is the answer to "
        "learn. How both ended, and what they cover, stands beside them (coverage from 0 to 1, 0 "
        "where a testbench did not run)."
    )
    said = str(manifest.card.get("about") or "")
    return f"{said}\n\n{counted}" if said else counted


def _samples(figures: Figures) -> str:
    rows = []
    for group, n in sorted(figures.groups.items()):
        before, after = (_percent(total, n) for total in figures.coverage[group])
        rows.append((group[0], group[1] or "-", group[2] or "-", f"{n:,}", before, after))
    head = ("Kind", "States by", "Answers by", "Samples", "Coverage before %", "after %")
    return table(head, rows, n_words=3)


def _percent(total: float, n: int) -> str:
    return percent(Fraction(total / n).limit_denominator(10**9))


def _sizes(figures: Figures) -> str:
    rows = []
    for number in range(max(figures.bins) + 1):
        least = _FIRST_BIN << (number - 1) if number else 0
        rows.append((f"{least:,} to {(_FIRST_BIN << number) - 1:,}", f"{figures.bins[number]:,}"))
    return table(("Tokens of the design", "Samples"), rows)


def _rejected(counts: Mapping[str, int]) -> str:
    rows = [(reason, f"{n:,}") for reason, n in counts.items()]
    return table(("Reason", "Traces"), rows) if rows else ""


def _pairs(head: tuple[str, str], values: Mapping[str, Any] | None) -> str:
    return table(head, values.items(), n_words=2) if values else ""


def _versions(manifest: Manifest) -> dict[str, str]:
    return dict(manifest.versions) | dict(manifest.card.get("versions") or {})


def _hashes(manifest: Manifest) -> dict[str, str]:
    shards = {shard.file: shard.sha256 for shard in manifest.shards}
    return {"all rows": manifest.sha256} | dict(manifest.card.get("hashes") or {}) | shards


def _options(card: Mapping[str, Any]) -> str:
    found = {key: value for key, value in card.items() if key not in _KNOWN and value is not None}
    if not found:
        return ""
    return f"```json\n{json.dumps(found, indent=1, ensure_ascii=False)}\n```"


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""
