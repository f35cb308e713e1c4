"""What families draw with: the same calls give legal text in every style."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.split import SPLITS, Split


def _everything(m: Maker) -> None:
    """A design that uses each of the maker's methods."""
    width = m.parameter("width", 8)
    data, go = m.port("input", "data in", width), m.port("input", "go")
    out, flag = m.port("output", "data out", width), m.port("output", "flag")
    idle, run, stop = m.states("idle", "run", "stop")
    state, memory = m.state(), m.reg("memory", width, 4)
    key = m.const("magic", 0xA5, width)
    below = m.module("inner part")
    inner = below.port("input", "operand", 8), below.port("output", "result", 8)
    below.clocked({inner[1]: 0}, f"{inner[1]} <= ~{inner[0]};")
    joined = m.wire("inverted", 8)
    m.instance(below, "inner", {inner[0]: data, inner[1]: joined})
    m.clocked({}, m.when(go, f"{memory}[{data}[1:0]] <= {joined};"))
    items = {
        idle: m.when(f"{go} && {data} == {key}", f"{state} <= {run};"),
        run: f"{m.note('go on')}\n{m.either(out, go, data, joined)}\n{state} <= {stop};",
        stop: m.let({state: idle, out: 0}),
    }
    m.clocked({state: idle, out: 0}, m.case(state, items, full=True))
    m.comb(m.either(flag, f"{state} == {stop}", "1'b1", f"{memory}[0][0]", op="="))
    m.say(f"`{out}` is `{data}`.")


def _elaborated(m: Maker, folder: Path) -> Elaboration:
    path = folder / f"{m.title}{m.style.suffix}"
    path.write_text(m.source(), encoding="utf-8")
    return elaborate(load_design([path], top=m.title))


@pytest.mark.parametrize("split", SPLITS)
def test_every_style_is_legal(split: Split, tmp_path: Path) -> None:
    for seed in range(60):
        m = Maker(random.Random(seed), split, ("thing",))
        _everything(m)
        found = _elaborated(m, tmp_path)
        assert len(found.interface.clocks) == 1
        assert found.interface.clocks[0].edge == m.style.edge
        for reset in found.interface.resets:
            assert reset.active == (0 if m.style.reset_low else 1)
            assert reset.asynchronous == (m.style.reset == "async")
        assert found.interface.resets or split == "names", "known by its name"
        assert len(found.instances) == 2
        assert {register.width for register in found.state_registers} <= {2, 3}


def test_a_role_keeps_its_name_and_a_second_declaration_gets_another() -> None:
    m = Maker(random.Random(1), "train")
    name = m.name("count")
    assert m.reg("count", 4) == name == m.name("count")
    assert m.reg("count", 4) != name
    assert m.name("count") == name


def test_unseen_values_come_in_their_split_only() -> None:
    for split in SPLITS:
        drawn = {
            Maker(random.Random(seed), split).choose("depth", (4, 8), (6, 12)) for seed in range(60)
        }
        assert drawn == ({4, 6, 8, 12} if split == "parameters" else {4, 8})


def test_unseen_values_are_noted() -> None:
    makers = [Maker(random.Random(seed), "parameters") for seed in range(30)]
    for m in makers:
        found = m.choose("depth", (4, 8), (6, 12))
        assert m.choices == {"depth": str(found)}
        assert m.unseen == (["depth"] if found in (6, 12) else [])


@pytest.mark.parametrize("width", [1, 2, 3, 8, 16, 32])
def test_interesting_values_are_neither_zero_nor_all_ones(width: int) -> None:
    m = Maker(random.Random(3), "train")
    values = {m.value(width) for _ in range(200)}
    assert 0 < min(values) <= max(values) < (1 << width)
    if width > 1:
        assert max(values) < (1 << width) - 1


def test_parameters_are_numbers_that_are_written_by_name() -> None:
    makers = (Maker(random.Random(seed), "train") for seed in range(200))
    m = next(m for m in makers if m.style.parameters and m.style.radix == "hex")
    width = m.parameter("width", 8)
    assert (int(width), width + 1, f"{width:d}") == (8, 9, "8")
    assert not f"{width}".isdigit()
    assert m.lit(165, width) == "8'hA5"
    m.port("input", "data in", width)
    assert f"[{width}-1:0]" in m.source()


def test_statements_after_a_choice_stay_out_of_its_else() -> None:
    m = Maker(random.Random(1), "train")
    inner = m.when("b", "x <= 1'b1;")
    alone, followed = (
        m.when("a", "y <= 1'b1;", inner),
        m.when("a", "y <= 1'b1;", f"{inner}\nz <= y;"),
    )
    assert "else if (b)" in alone
    assert "else begin\nif (b)" in followed
    assert followed.rstrip().endswith("end")


def test_a_guarded_input_has_effect_through_a_flag_only() -> None:
    makers = [Maker(random.Random(seed), "train") for seed in range(60)]
    guarded = [m for m in makers if m.port("input", "start") and m.guarded]
    assert 8 < len(guarded) < 40
    for m in guarded:
        raw, inside, flag = m.guarded  # type: ignore[misc]  # of those that have one
        assert f"assign {inside} = {raw} && {flag};" in m.source()
