"""The model card says what is known and leaves out the rest; the hub's own library reads it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_trainer.architecture import Architecture
from benchwright_trainer.card import ModelFacts, model_card
from benchwright_trainer.comparison.comparison import compare
from benchwright_trainer.dataset.manifest import read_manifest
from benchwright_trainer.dataset.writing import write_dataset
from tests.trainer.comparison.evaluations import write_run
from tests.trainer.traces import direct, ran


@pytest.fixture
def facts(tmp_path: Path) -> ModelFacts:
    for label, pct in (("base", 10), ("stage 2", 96)):
        designs = {f"d{n}": [pct] * 5 for n in range(3)}
        write_run(tmp_path / label / "a", designs, EvalOptions())
        write_run(tmp_path / label / "d", designs, EvalOptions(rounds=1))
    write_dataset(tmp_path / "set", [direct("d", ran(5))], card={})
    (tmp_path / "nano-Q8_0.gguf").write_bytes(b"GGUF")
    return ModelFacts(
        name="nano",
        about="A small one.",
        licence="Apache-2.0",
        architecture=Architecture(2, 256, 4, 2, 64, 512, 1024, 2048),
        dialect="canonical",
        files=(tmp_path / "nano-Q8_0.gguf",),
        datasets={"stage0": read_manifest(tmp_path / "set")},
        sources={"our generator": "Apache-2.0"},
        recipe='name = "nano"\n',
        hashes={"corpus": "c0ffee"},
        versions={"torch": "2.13.0"},
        comparison=compare({label: tmp_path / label for label in ("base", "stage 2")}),
        evaluated="f16",
        label="stage 2",
        limits=("It has seen small designs only.",),
    )


def read_by_the_hub(facts: ModelFacts) -> Any:
    """The head, as the hub's library parses it."""
    from huggingface_hub import ModelCard

    return ModelCard(model_card(facts)).data


def test_it_tells_all_that_is_known(facts: ModelFacts) -> None:
    words = " ".join(model_card(facts).split())
    for part in (
        "# nano A small one. ## Use",
        "benchwright model use nano-Q8_0.gguf",
        "the form `canonical`",
        f"| nano-Q8_0.gguf | 4 | {hashlib.sha256(b'GGUF').hexdigest()} |",
        "| Context | 2,048 |",
        "| Began as | random weights |",
        f"| stage0 | {facts.datasets['stage0'].sha256} | 1 |",
        "| our generator | Apache-2.0 |",
        "| corpus | c0ffee |",
        "| torch | 2.13.0 |",
        '```toml name = "nano" ```',
        "## Evaluation Sim Pass: share",
        "### families | Model",
        "| base to stage 2 | direct | 0 [0, 0] | +100 [+100, +100] |",
        "All figures are of models as f16 GGUF files",
        "- It has seen small designs only.",
        "The weights are under Apache-2.0.",
    ):
        assert part in words


def test_the_hubs_library_reads_it(facts: ModelFacts) -> None:
    data = read_by_the_hub(facts)
    assert (data.license, data.language, data.pipeline_tag) == (
        "apache-2.0",
        ["en"],
        "text-generation",
    )
    assert data.model_name == "nano"
    found = {
        (each.dataset_name, each.metric_type, each.metric_name): each.metric_value
        for each in data.eval_results
    }
    assert found["families", "avg_cov", "Avg Cov, agentic"] == 96.0
    assert found["families", "pass_at_5", "pass@5, direct"] == 100.0
    assert len(found) == 8


def test_the_figures_are_those_of_this_model(facts: ModelFacts) -> None:
    data = read_by_the_hub(replace(facts, label="base"))
    assert {r.metric_value for r in data.eval_results if r.metric_type == "avg_cov"} == {10.0}


def test_figures_of_other_models_are_not_its_own(facts: ModelFacts) -> None:
    assert "model-index" not in model_card(replace(facts, label=""))


def test_what_is_not_known_is_left_out() -> None:
    text = model_card(ModelFacts("mine"))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["# mine", "## Use", "## Limits"]
    assert "None" not in text
    assert "license" not in text


def test_a_base_is_named(facts: ModelFacts) -> None:
    text = model_card(replace(facts, base="Qwen/Qwen3-4B-Instruct-2507"))
    assert "base_model: Qwen/Qwen3-4B-Instruct-2507\n" in text
    assert "Began as" in text
    assert "random weights" not in text


def test_the_same_facts_give_the_same_text(facts: ModelFacts) -> None:
    assert model_card(facts) == model_card(facts)
