"""The model card: what stands beside a model's files, as the Hugging Face hub shows it.

It says what the model is for and what not, what it was trained on (each data set by its hash), by
which recipe, how good it is on which designs, and under which licence. The head is YAML for
programs, with the figures as the hub's `model-index`. What is not known is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchwright_trainer.architecture import Architecture, n_parameters
from benchwright_trainer.comparison.comparison import Cell, Comparison
from benchwright_trainer.comparison.rendering import name_of, to_markdown
from benchwright_trainer.dataset.manifest import Manifest, file_sha256
from benchwright_trainer.markdown_table import table

CARD = "README.md"

_TAGS = ("verilog", "systemverilog", "testbench", "code-coverage", "benchwright", "gguf")

_LIMITS = (
    "Its testbenches drive a design and check nothing: coverage says what was exercised, not "
    "whether it was right.",
    "What it writes is a program. Benchwright screens it and runs it within bounds of time, memory "
    "and output; run it elsewhere only where it can do no harm.",
    "Coverage is that of Verilator; other simulators count other points.",
)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """All that a card can tell.

    Attributes:
        name: of the model.
        about: in a sentence or two.
        licence: SPDX identifier, empty where there is none.
        base: name of the model that training began with, empty for none.
        architecture: None where it is not known.
        dialect: form of prompts, see `benchwright_agent.models.dialect`; empty for plain text.
        files: GGUF files that the card stands beside.
        datasets: stage -> what it was trained on, in the order of training.
        sources: of the designs -> their licences.
        recipe: its TOML.
        hashes: what else the model depends on -> SHA-256.
        versions: tool -> version.
        comparison: of this model with others on designs that it was not trained on.
        evaluated: form of the GGUF files that were compared, empty where it is not known.
        label: of this model in the comparison, empty where it is not in it.
        limits: further ones, a sentence each.
    """

    name: str
    about: str = ""
    licence: str = ""
    base: str = ""
    architecture: Architecture | None = None
    dialect: str = ""
    files: tuple[Path, ...] = ()
    datasets: Mapping[str, Manifest] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    recipe: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    comparison: Comparison | None = None
    evaluated: str = ""
    label: str = ""
    limits: tuple[str, ...] = ()


def model_card(facts: ModelFacts) -> str:
    """The card's text; the same facts and files give the same text.

    Raises:
        OSError: one of the files cannot be read.
    """
    head = yaml.safe_dump(_head(facts), sort_keys=False, allow_unicode=True, width=100)
    parts = (
        f"---\n{head}---",
        f"# {facts.name}",
        facts.about,
        _section("Use", _use(facts)),
        _section("Files", _files(facts)),
        _section("Model", _model(facts)),
        _section("Training", _training(facts)),
        _evaluation(facts),
        _section("Limits", "\n".join(f"- {limit}" for limit in (*_LIMITS, *facts.limits))),
        _section("Licence", _licence(facts)),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(facts: ModelFacts) -> dict[str, Any]:
    found: dict[str, Any] = {"license": facts.licence.lower()} if facts.licence else {}
    if facts.base:
        found["base_model"] = facts.base
    found |= {"language": ["en"], "pipeline_tag": "text-generation", "tags": list(_TAGS)}
    if results := list(_results(facts)):
        found["model-index"] = [{"name": facts.name, "results": results}]
    return found


def _results(facts: ModelFacts) -> Iterator[dict[str, Any]]:
    """This model's figures, in percent, one entry a split and way."""
    for cell in _cells(facts):
        metrics = [
            {
                "type": figure.replace("@", "_at_"),
                "name": f"{name_of(figure)}, {cell.way}",
                "value": round(found.value * 100, 2),
            }
            for figure, found in cell.figures.items()
            if found is not None
        ]
        if metrics:
            yield {
                "task": {"type": "text-generation", "name": f"testbenches, {cell.way}"},
                "dataset": {"type": "benchwright", "name": cell.split},
                "metrics": metrics,
            }


def _cells(facts: ModelFacts) -> tuple[Cell, ...]:
    if facts.comparison is None:
        return ()
    return tuple(cell for cell in facts.comparison.cells if cell.label == facts.label)


def _use(facts: ModelFacts) -> str:
    text = (
        "The model writes SystemVerilog testbenches that are to cover the code of a Verilog or "
        "SystemVerilog module. Shown a testbench and what simulating it gave, it writes a better "
        "one. It is meant to be run by Benchwright, which simulates what it writes:\n\n"
        f"```sh\n{_commands(facts)}\n```"
    )
    if facts.dialect:
        text += (
            f"\n\nIt was trained on prompts in the form `{facts.dialect}`, which Benchwright makes "
            "of a design and its answers turn back from. Plain text is not what it knows."
        )
    if not facts.base:
        text += "\n\nIt is no chat model: it has learnt this task and nothing else."
    return text


def _commands(facts: ModelFacts) -> str:
    file = facts.files[0].name if facts.files else f"{facts.name}.gguf"
    return f"benchwright model use {file}\nbenchwright generate DESIGN.sv"


def _files(facts: ModelFacts) -> str:
    if not facts.files:
        return ""
    rows = [(path.name, f"{path.stat().st_size:,}", file_sha256(path)) for path in facts.files]
    return table(("File", "Bytes", "SHA-256"), rows)


def _model(facts: ModelFacts) -> str:
    found = facts.architecture
    rows: list[tuple[str, str]] = []
    if found is not None:
        rows = [
            ("Architecture", "Qwen3, dense"),
            ("Parameters", f"{n_parameters(found):,}"),
            ("Layers", str(found.layers)),
            ("Width", f"{found.hidden:,}"),
            ("Heads (of keys and values)", f"{found.heads} ({found.kv_heads})"),
            ("Vocabulary", f"{found.vocab:,}"),
            ("Context", f"{found.context_tokens:,}"),
        ]
    if facts.base or facts.datasets:
        rows.append(("Began as", facts.base or "random weights"))
    return table(("Part", "Size"), rows) if rows else ""


def _training(facts: ModelFacts) -> str:
    parts = [
        "Fine-tuned after LLM4Cov (arXiv 2602.16953) on testbenches that were simulated; the card "
        "of each data set says which were kept.",
        _table(
            ("Stage", "SHA-256 of the samples", "Samples"),
            [(stage, m.sha256, f"{m.rows:,}") for stage, m in facts.datasets.items()],
        ),
        _table(("Source of designs", "Licence"), list(facts.sources.items())),
        _table(("What", "SHA-256"), list(facts.hashes.items())),
        _table(("Tool", "Version"), list(facts.versions.items())),
        f"The recipe:\n\n```toml\n{facts.recipe.strip()}\n```" if facts.recipe.strip() else "",
    ]
    known = [part for part in parts[1:] if part]
    return "\n\n".join([parts[0], *known]) if known else ""


def _evaluation(facts: ModelFacts) -> str:
    if facts.comparison is None:
        return ""
    text = to_markdown(facts.comparison, level=2).rstrip()
    if not facts.evaluated:
        return text
    return (
        f"{text}\n\nAll figures are of models as {facts.evaluated} GGUF files, which is what was "
        "evaluated; in another form the same model may do somewhat better or worse."
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return table(head, rows, n_words=2) if rows else ""


def _licence(facts: ModelFacts) -> str:
    return f"The weights are under {facts.licence}." if facts.licence else ""


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""
