"""Tests of the waiver file and of what its patterns name."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.errors import ParameterError
from benchwright_sim.verdict import Verdict, decide
from benchwright_sim.waivers import apply_waivers, parse_waivers, read_waivers

WAIVER = '[[waiver]]\nbins = "{}"\nreason = "tied off"\nauthor = "design team"\n'


def toggle(bit: int) -> Bin:
    return Bin("fifo.sv", 7, 3, Kind.TOGGLE, f"data[{bit}]:0->1")


COVERAGE = Coverage({toggle(0): 0, toggle(1): 0, toggle(10): 3})


def names(pattern: str) -> set[str]:
    """Names of the open bins that `pattern` waives."""
    applied = apply_waivers(parse_waivers(WAIVER.format(pattern), Path("w.toml")), COVERAGE)
    return {bin_.name for bin_ in applied.waived}


def test_file_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(
        "# two decisions\n" + WAIVER.format("toggle:*") + "[[waiver]]\n"
        'bins = ["line:a.sv:*", "line:b.sv:*"]\nreason = " dead "\nauthor = "test team"\n'
    )
    first, second = read_waivers(path)
    assert first.bins == ("toggle:*",)
    assert (first.reason, first.author, first.location.line) == ("tied off", "design team", 2)
    assert second.bins == ("line:a.sv:*", "line:b.sv:*")
    assert (second.reason, second.location.line) == ("dead", 6)


def test_id_copied_from_a_report_names_its_bin() -> None:
    assert names(toggle(1).id) == {"data[1]:0->1"}


def test_brackets_are_literal_and_stars_are_not() -> None:
    assert names("toggle:fifo.sv:*:data[?]:0->1") == {"data[0]:0->1", "data[1]:0->1"}
    assert names("toggle:fifo.sv:*:data[01]:0->1") == set()
    assert names("*") == {"data[0]:0->1", "data[1]:0->1"}


def test_covered_bin_is_never_waived_and_makes_the_waiver_stale() -> None:
    waivers = parse_waivers(WAIVER.format("*"), Path("w.toml"))
    applied = apply_waivers(waivers, COVERAGE)
    assert toggle(10) not in applied.waived
    (warning,) = applied.warnings
    assert warning.startswith("w.toml:1: stale waiver: `*` names 1 covered bins")
    assert toggle(10).id in warning


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("toggle:gone.sv:*", "names no bin"),
        ("*data[10]*", "all that `*data[10]*` names is covered"),
    ],
)
def test_stale_waiver_is_named(pattern: str, says: str) -> None:
    applied = apply_waivers(parse_waivers(WAIVER.format(pattern), Path("w.toml")), COVERAGE)
    assert not applied.waived
    assert says in applied.warnings[0]


def test_first_waiver_of_a_bin_counts() -> None:
    text = WAIVER.format("*") + WAIVER.format("*").replace("design team", "test team")
    applied = apply_waivers(parse_waivers(text, Path("w.toml")), COVERAGE)
    assert {waiver.author for waiver in applied.waived.values()} == {"design team"}


def test_empty_file_waives_nothing() -> None:
    applied = apply_waivers(parse_waivers("", Path("w.toml")), COVERAGE)
    assert applied.waived == {}
    assert applied.warnings == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (WAIVER.format("*") + 'because = "x"\n', r"w\.toml:1: unknown key `because`"),
        ('[[waiver]]\nbins = "*"\nauthor = "design team"\n', "needs a `reason`"),
        ('[[waiver]]\nbins = "*"\nreason = " "\nauthor = "design team"\n', "needs a `reason`"),
        ('[[waiver]]\nbins = "*"\nreason = "x"\nauthor = 3\n', "needs a `author`"),
        (
            '\n[[waiver]]\nreason = "x"\nauthor = "design team"\n',
            r"w\.toml:2: a waiver needs `bins`",
        ),
        ('[[waiver]]\nbins = []\nreason = "x"\nauthor = "design team"\n', "needs `bins`"),
        ('[[waiver]]\nbins = ["*", 1]\nreason = "x"\nauthor = "design team"\n', "needs `bins`"),
        ("[[waivers]]\n", "unknown key `waivers`"),
        ("waiver = 1\n", "array of tables"),
        ("waiver = [1]\n", "array of tables"),
        ("[waiver]\n", "array of tables"),
        ("[[waiver]]\nbins = \n", r"w\.toml:2:\d+: the waiver file is not TOML"),
    ],
)
def test_bad_file_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        parse_waivers(text, Path("w.toml"))


def test_missing_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="No such file"):
        read_waivers(tmp_path / "none.toml")
    (tmp_path / "w.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ParameterError, match="UTF-8"):
        read_waivers(tmp_path / "w.toml")


def test_strongest_evidence_decides_the_verdict(caplog: pytest.LogCaptureFixture) -> None:
    waived = apply_waivers(parse_waivers(WAIVER.format("*"), Path("w.toml")), COVERAGE).waived
    verdicts = decide(
        COVERAGE,
        segments={toggle(10): "fill"},
        proofs={toggle(0): "induction", toggle(10): "induction"},
        waived=waived,
        tried="30 s",
    )
    assert verdicts[toggle(10)] == Verdict("covered", "fill")
    assert verdicts[toggle(0)] == Verdict("unreachable", "induction")
    assert verdicts[toggle(1)] == Verdict("waived", "design team", "tied off")
    assert verdicts.closure().covered == 3
    assert "is covered, though induction says never" in caplog.text
    assert decide(COVERAGE, tried="30 s").open == (toggle(0), toggle(1))
