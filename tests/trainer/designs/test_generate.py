"""Rows of generated designs: legal, repeatable, all different, and true to their split."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import Row, materialise, row_from_json, row_to_json
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.testbench import measure
from benchwright_trainer.designs.generate import Meta, generated_rows, shape
from benchwright_trainer.designs.options import GeneratedOptions, family_names
from benchwright_trainer.designs.registry import families
from benchwright_trainer.designs.split import SPLITS, Split
from benchwright_trainer.errors import TrainerError


def _rows(split: Split, each: int, seed: int = 1) -> list[tuple[Row, Meta]]:
    n = each * len(family_names(split))
    return list(generated_rows(GeneratedOptions(n=n, seed=seed, split=split)))


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("seed", [1, 2, 77])
def test_every_design_elaborates_and_is_of_a_fair_size(
    split: Split, seed: int, tmp_path: Path
) -> None:
    for row, meta in _rows(split, 2, seed):
        elaboration = elaborate(materialise(row, tmp_path / row.id))
        text = row.files[0].text
        clocked = "posedge" in text or "negedge" in text
        assert bool(elaboration.interface.clocks) == clocked, row.id
        assert elaboration.design.top == row.module
        assert 2 <= len(elaboration.interface.ports) <= 24, row.id
        assert 10 <= text.count("\n") <= 200, row.id
        assert str(meta["family"]) in row.id
        assert meta["split"] == split


@pytest.mark.parametrize("split", SPLITS)
def test_the_same_options_give_the_same_bytes(split: Split) -> None:
    first, again = (
        json.dumps([(row_to_json(row), meta) for row, meta in _rows(split, 2, 5)]) for _ in range(2)
    )
    assert first == again
    assert first != json.dumps([(row_to_json(row), meta) for row, meta in _rows(split, 2, 6)])


def test_another_process_gives_the_same_bytes() -> None:
    script = (
        "from benchwright_trainer.designs.generate import generated_rows\n"
        "from benchwright_trainer.designs.options import GeneratedOptions\n"
        "print(list(generated_rows(GeneratedOptions(n=120))))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_fewer_rows_are_the_beginning_of_more() -> None:
    more = generated_rows(GeneratedOptions(n=90))
    assert list(itertools.islice(more, 30)) == list(generated_rows(GeneratedOptions(n=30)))


def test_rows_survive_json() -> None:
    for row, _ in _rows("train", 1):
        assert row_from_json(row_to_json(row)) == row


@pytest.mark.parametrize("split", SPLITS)
def test_no_two_designs_of_a_family_are_equal_but_for_names(split: Split) -> None:
    shapes = Counter(
        (meta["family"], shape(row.files[0].text)) for row, meta in _rows(split, 20, 3)
    )
    assert max(shapes.values()) == 1


def test_shape_forgets_names_and_comments_and_nothing_else() -> None:
    text = "module a (input b); assign c = b + 8'hA5; // sum\nendmodule"
    assert shape(text) == shape("module x (input y); assign z = y + 8'hA5;\nendmodule // end")
    assert shape(text) != shape(text.replace("A5", "A6"))
    assert shape(text) != shape(text.replace("c = b", "b = c"))


def test_held_out_families_are_five_and_in_their_own_split_only() -> None:
    held = {name for name, found in families().items() if found.held_out}
    assert len(families()) >= 25
    assert len(held) == 5
    assert {str(meta["family"]) for _, meta in _rows("families", 2)} == held
    for split in ("train", "parameters", "names"):
        assert not {str(meta["family"]) for _, meta in _rows(split, 1)} & held


def test_unseen_values_are_in_their_own_split_only() -> None:
    trained = _values(_rows("train", 40)) | _values(_rows("names", 10))
    for row, meta in _rows("parameters", 6):
        assert _values([(row, meta)]) - trained, row.id


def _values(rows: list[tuple[Row, Meta]]) -> set[tuple[str, str, str]]:
    return {
        (str(meta["family"]), key, str(value))
        for _, meta in rows
        for key, value in meta.items()
        if key.startswith("parameter.")
    }


def test_words_of_the_split_names_are_not_trained_on(tmp_path: Path) -> None:
    trained = _ports(_rows("train", 12), tmp_path / "train")
    unseen = _ports(_rows("names", 6), tmp_path / "names")
    assert not trained & unseen


def _ports(rows: list[tuple[Row, Meta]], folder: Path) -> set[str]:
    return {
        port.name
        for row, _ in rows
        for port in elaborate(materialise(row, folder / row.id)).interface.ports
    }


def test_specifications_name_the_module_and_every_port(tmp_path: Path) -> None:
    for row, _ in (*_rows("train", 2), *_rows("names", 1), *_rows("families", 2)):
        text = row.specs[0].text
        assert text.startswith(f"# {row.module}\n")
        ports = elaborate(materialise(row, tmp_path / row.id)).interface.ports
        listed = text.split("## Ports\n")[1]
        assert all(f"`{port.name}`" in listed for port in ports), row.id
        assert len(re.findall("^[-|] `", listed, re.MULTILINE)) == len(ports), row.id
        assert "``" not in text
        assert "{" not in text, row.id


def test_styles_vary() -> None:
    styles = Counter(str(meta["style"]) for _, meta in _rows("train", 8))
    assert max(styles.values()) <= 2
    suffixes = Counter(Path(row.files[0].name).suffix for row, _ in _rows("train", 8))
    assert min(suffixes[".sv"], suffixes[".v"]) > 40


@pytest.mark.parametrize("split", ["train", "families", "names"])
def test_a_sample_builds_and_runs(split: Split, tmp_path: Path) -> None:
    rows = _rows(split, 1, 11)
    for row, _ in rows[:: max(1, len(rows) // 5)]:
        elaboration = elaborate(materialise(row, tmp_path / row.id))
        feedback = measure(elaboration, _bench(elaboration), tb_name="tb", dut_name="dut")
        assert feedback.status == "ok", (row.id, feedback.log)
        assert feedback.coverage is not None


def _bench(elaboration: Elaboration) -> str:
    """Random inputs for 50 cycles, whatever the design."""
    ports = elaboration.interface.ports
    inputs = [port.name for port in ports if port.direction == "input"]
    declared = "\n".join(f"  logic [{port.width - 1}:0] {port.name};" for port in ports)
    joined = ", ".join(f".{port.name}({port.name})" for port in ports)
    driven = "\n".join(f"      {name} = $urandom;" for name in inputs)
    return (
        f"module tb;\n{declared}\n  {elaboration.design.top} dut ({joined});\n"
        f"  initial begin\n    repeat (100) begin\n{driven}\n      #5;\n    end\n"
        "    $finish;\n  end\nendmodule\n"
    )


def test_a_row_takes_less_than_five_milliseconds() -> None:
    families()
    start = time.process_time()
    n = sum(1 for _ in generated_rows(GeneratedOptions(n=200, seed=9)))
    assert (time.process_time() - start) / n < 0.005


def test_a_family_that_is_exhausted_is_told_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchwright_trainer.designs.generate.shape", lambda _: "the same")
    with pytest.raises(TrainerError, match="only 1 different designs"):
        list(generated_rows(GeneratedOptions(n=5, families=("timer",))))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"n": -1}, "n is -1"),
        ({"split": "test"}, "split is 'test'; legal: train, parameters"),
        ({"families": ("fifos",)}, "families has 'fifos'"),
        ({"families": ("window_watchdog",)}, "families has 'window_watchdog'"),
        ({"families": ("timer",), "split": "families"}, "families has 'timer'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        GeneratedOptions(**options)  # type: ignore[arg-type]  # what is wrong is the point
