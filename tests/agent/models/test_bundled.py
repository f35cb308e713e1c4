"""The small model that the package brings along: what is said of it, and that it works."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from benchwright_agent.models.choice import model_in_use, open_model
from benchwright_agent.models.dialect.canonical import NAME
from benchwright_agent.models.installed import store
from benchwright_agent.models.installed.catalogue import CATALOGUE, SMALL, BundledFile
from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.model import ModelError, Sampling
from benchwright_agent.protocol.protocol import ProtocolOptions, run_protocol
from benchwright_agent.protocol.repository import design_task
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from tests.command import benchwright

FIFO = Path(__file__).parents[3] / "examples" / "02_fifo" / "fifo.sv"
MOST_BYTES = 20_000_000


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, and no choice in the environment."""
    folder = tmp_path / "data"
    monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(folder))
    monkeypatch.delenv("BENCHWRIGHT_MODEL", raising=False)
    return folder


def bundled() -> Path:
    """Its file."""
    origin = CATALOGUE[SMALL].origin
    assert isinstance(origin, BundledFile)
    return origin.path


def test_the_catalogue_says_what_the_file_is() -> None:
    entry, header = CATALOGUE[SMALL], read_gguf(bundled())
    assert (header.parameters, header.quantisation) == (entry.parameters, entry.quantisation)
    assert header.context_tokens == entry.context_tokens
    assert bundled().stat().st_size == entry.size_bytes < MOST_BYTES
    assert header.dialect == NAME


def test_its_card_is_of_this_file() -> None:
    card = bundled().with_suffix(".md").read_text("utf-8")
    digest = hashlib.sha256(bundled().read_bytes()).hexdigest()
    assert digest in card
    assert not re.search(r"/(home|root|work|tmp)/", card)


def test_it_is_used_where_nobody_chose_and_llama_cpp_is_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model_in_use() == SMALL
    assert not data.exists()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert model_in_use() is None


def test_it_can_be_chosen_and_left() -> None:
    store.use_none()
    assert model_in_use() is None
    assert store.use(SMALL).path == bundled()
    assert model_in_use() == SMALL
    with pytest.raises(ModelError, match="a model of the catalogue"):
        store.register(bundled(), SMALL)


@pytest.mark.parametrize(
    ("flags", "held"), [((), True), (("--constrained",), True), (("--free",), False)]
)
def test_it_is_held_to_the_grammar_unless_told_otherwise(
    tmp_path: Path, flags: tuple[str, ...], held: bool
) -> None:
    asked = ("--policy", "llm", "--rounds", "1", "--max-tokens", "64", "--trajectory", "run.jsonl")
    benchwright(
        "generate", FIFO, "-o", "tb.sv", *asked, *flags, cwd=tmp_path, BENCHWRIGHT_MODEL=SMALL
    )
    header = json.loads((tmp_path / "run.jsonl").read_text("utf-8").partition("\n")[0])
    assert header["options"]["constrained"] is held


def test_it_is_kept_from_words_that_stand_for_nothing() -> None:
    task = design_task(elaborate(load_design([FIFO])))
    options = ProtocolOptions(rounds=3, sampling=Sampling(1.5, 1, 256))
    with closing(open_model(None)) as model:
        run = run_protocol(task, model, options)
    assert not re.search(r"\b[IX][a-z][a-z]\b", "".join(done.reply.text for done in run.rounds))


def test_it_writes_a_testbench_that_runs() -> None:
    task = design_task(elaborate(load_design([FIFO])))
    options = ProtocolOptions(rounds=1, sampling=Sampling(0.0, 1, 1024), constrained=True)
    with closing(open_model(None)) as model:
        run = run_protocol(task, model, options)
    assert run.attempts[0].outcome == "ok"
