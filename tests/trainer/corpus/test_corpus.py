"""A corpus from all kinds of sources: what is in it, what is not and why, again and again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.evaluation.suites import load_suite
from benchwright_sim.errors import OutputError
from benchwright_trainer.corpus.corpus import build_corpus
from benchwright_trainer.corpus.designs_file import DESIGNS, read_entries, row_sha256
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.report import DROPPED, REPORT, REPORT_TEXT, CorpusSummary
from benchwright_trainer.corpus.verdicts import JOURNAL
from benchwright_trainer.designs.options import GeneratedOptions
from benchwright_trainer.errors import TrainerError
from tests.trainer.corpus.sample_designs import (
    ANSWER,
    BROKEN,
    COUNTER,
    COUNTER_AGAIN,
    MUX,
    NO_INPUT,
    SHIFTER,
    TWO_TOPS,
    folder,
    lines,
)

FILES = (DESIGNS, DROPPED, REPORT, REPORT_TEXT)


def contents(home: Path) -> list[bytes]:
    """All that a corpus promises to be the same."""
    return [(home / name).read_bytes() for name in FILES]


def dropped(home: Path) -> dict[str, dict[str, Any]]:
    """What was left out, by its reason, of which there is one each."""
    found = [json.loads(line) for line in (home / DROPPED).read_text().splitlines()]
    return {value["reason"]: value for value in found}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources and a suite."""
    home = tmp_path_factory.mktemp("corpus")
    folder(
        home / "rtl", again=COUNTER_AGAIN, broken=BROKEN, counter=COUNTER, fixed=NO_INPUT,
        long=MUX + f"// {'long ' * 4000}\n", two=TWO_TOPS,
    )  # fmt: skip
    (home / "rtl" / "counter.sv").rename(home / "rtl" / "a_counter.sv")
    answer = {"problem_id": 3, "prompt": "A parity bit.", "response": ANSWER}
    shifter = {"id": "shift", "rtl_files": [{"name": "s.v", "content": SHIFTER}]}
    lines(home / "rows.jsonl", [answer, b"{", {"text": "no design"}, shifter])
    other = SHIFTER.replace("shifter", "other").replace("held", "kept")
    lines(home / "suite.jsonl", [shifter | {"rtl_files": [{"name": "o.v", "content": other}]}])
    return home


@pytest.fixture(scope="module")
def options(home: Path) -> CorpusOptions:
    """Of a corpus in which each thing happens once."""
    return CorpusOptions(
        sources=(str(home / "rtl"), str(home / "rows.jsonl")),
        generated=GeneratedOptions(n=2),
        max_tokens=6000,
        evaluation=(str(home / "suite.jsonl"),),
    )


@pytest.fixture(scope="module")
def built(home: Path, options: CorpusOptions) -> CorpusSummary:
    """The corpus."""
    return build_corpus(options, home / "built", n_workers=2)


def test_what_is_kept_is_a_suite(built: CorpusSummary) -> None:
    entries = read_entries(built.folder)
    named = [entry for entry in entries if entry.meta["source"] != "generated"]
    assert [(entry.row.id, entry.row.module) for entry in named] == [
        ("a_counter", "counter"),
        ("rows-3", "parity"),
    ]
    assert [entry.row.id for entry in entries] == sorted(entry.row.id for entry in entries)
    suite = load_suite(str(built.folder / DESIGNS))
    assert [row.id for row in suite.rows] == [entry.row.id for entry in entries]
    assert built.n_kept == len(entries) == 4
    assert built.n_tokens == sum(entry.tokens for entry in entries)


def test_what_is_known_of_each_is_flat(built: CorpusSummary) -> None:
    for entry in read_entries(built.folder):
        assert entry.meta["sha256"] == row_sha256(entry.row)
        assert entry.tokens >= 50
        assert int(entry.meta["bins"] or 0) > 3
        assert not any(isinstance(value, dict | list) for value in entry.meta.values())
        assert ("family" in entry.meta) == (entry.meta["source"] == "generated")


def test_what_is_left_out_has_its_reason(built: CorpusSummary, home: Path) -> None:
    reasons = dropped(built.folder)
    assert {reason: value["id"] for reason, value in reasons.items()} == {
        "corrupt": "",
        "no design": "",
        "several tops": "",
        "does not elaborate": "",
        "cannot be driven": "fixed",
        "duplicate": "again",
        "too long": "long",
        "contaminated": "shift",
    } | {reason: reasons[reason]["id"] for reason in ("several tops", "does not elaborate")}
    assert reasons["corrupt"]["place"] == f"{home}/rows.jsonl:2"
    assert reasons["duplicate"]["detail"] == "the same as a_counter"
    assert reasons["contaminated"]["similarity_pct"] > 50
    assert reasons["contaminated"]["against"] == "suite.jsonl: shift: o.v"
    assert sum(built.dropped.values()) == len(reasons) == 8
    assert built.n_read == built.n_kept + 8


def test_the_report_says_the_same(built: CorpusSummary) -> None:
    report = json.loads((built.folder / REPORT).read_text())
    assert report["sha256"] == built.sha256
    assert report["dropped"] == dict(built.dropped)
    assert sum(source["kept"] for source in report["sources"].values()) == built.n_kept
    text = (built.folder / REPORT_TEXT).read_text()
    assert "4 of 12 designs" in text
    assert "| duplicate | 1 | again |" in text
    assert "| shift | s.v |" in text


def test_a_corpus_does_not_depend_on_where_its_sources_lie(
    built: CorpusSummary, home: Path, options: CorpusOptions, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(home, moved)
    there = replace(
        options,
        sources=tuple(source.replace(str(home), str(moved)) for source in options.sources),
        evaluation=(str(moved / "suite.jsonl"),),
    )
    again = build_corpus(there, moved / "built", n_workers=1)
    assert (again.n_checked, again.sha256) == (0, built.sha256)


def test_the_same_options_give_the_same_bytes(
    built: CorpusSummary, home: Path, options: CorpusOptions
) -> None:
    seen: list[tuple[str, int, int]] = []
    alone = build_corpus(
        options, home / "alone", n_workers=1, on_progress=lambda *step: seen.append(step)
    )
    assert contents(alone.folder) == contents(built.folder)
    assert list(dict.fromkeys(step for step, _, _ in seen)) == [
        "reading",
        "comparing",
        "checking",
    ]
    assert seen[-1] == ("checking", alone.n_checked, alone.n_checked)
    again = build_corpus(options, home / "alone", n_workers=1)
    assert (again.n_checked, again.sha256) == (0, built.sha256)


def test_a_limit_takes_as_many_as_work(
    built: CorpusSummary, home: Path, options: CorpusOptions
) -> None:
    few = build_corpus(replace(options, limit=3), home / "built", n_workers=1)
    try:
        assert few.n_kept == 3
        assert few.n_checked == 0
        assert few.dropped["limit"] >= 1
        assert few.n_read == built.n_read
        kept = {entry.row.id for entry in read_entries(few.folder)}
    finally:
        whole = build_corpus(options, home / "built", n_workers=1)
    assert whole.sha256 == built.sha256
    assert kept < {entry.row.id for entry in read_entries(whole.folder)}


def test_tokens_are_counted_as_the_caller_does(home: Path, options: CorpusOptions) -> None:
    only = replace(options, sources=(str(home / "rows.jsonl"),), generated=GeneratedOptions())
    built = build_corpus(only, home / "built", count_tokens=lambda text: len(text.split()))
    (entry,) = read_entries(built.folder)
    assert entry.tokens == sum(len(f.text.split()) for f in (*entry.row.files, *entry.row.specs))
    build_corpus(options, home / "built")


_BUILD = """
import sys
from pathlib import Path
from benchwright_trainer.corpus.corpus import build_corpus
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.designs.options import GeneratedOptions
if __name__ == "__main__":
    options = CorpusOptions(generated=GeneratedOptions(n=8))
    build_corpus(options, Path(sys.argv[1]), n_workers=1)
"""


def test_a_killed_build_goes_on_to_the_same_corpus(tmp_path: Path) -> None:
    script = tmp_path / "build.py"
    script.write_text(_BUILD)
    killed = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, str(script), str(killed)])
    journal = killed / JOURNAL
    try:
        until = time.monotonic() + 120
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= 4):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (killed / DESIGNS).exists()
    options = CorpusOptions(generated=GeneratedOptions(n=8))
    resumed = build_corpus(options, killed, n_workers=2)
    assert 0 < resumed.n_checked <= 5
    whole = build_corpus(options, tmp_path / "whole", n_workers=2)
    assert whole.n_checked == 8
    assert contents(resumed.folder) == contents(whole.folder)


def test_a_corpus_of_nothing_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="the corpus has no design"):
        build_corpus(CorpusOptions(), tmp_path / "empty")
    rows = lines(tmp_path / "rows.jsonl", [b"{", {"a": 1}])
    with pytest.raises(TrainerError, match="none of the 2 designs") as caught:
        build_corpus(CorpusOptions(sources=(str(rows),)), tmp_path / "bad")
    assert f"{rows}:1: corrupt" in caught.value.details[0]
    assert not (tmp_path / "bad" / DESIGNS).exists()


def test_a_suite_that_cannot_be_read_whole_is_an_error(tmp_path: Path) -> None:
    rtl = folder(tmp_path / "rtl", mux=MUX)
    suite = lines(tmp_path / "suite.jsonl", [b"{"])
    options = CorpusOptions(sources=(str(rtl),), evaluation=(str(suite),))
    with pytest.raises(TrainerError, match=r"suite\.jsonl:1: the evaluation suite"):
        build_corpus(options, tmp_path / "corpus")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something that is no corpus"):
        build_corpus(CorpusOptions(generated=GeneratedOptions(n=1)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
