"""The journal of a rollout: what it holds is found again, and half a line is no line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchwright_sim.errors import OutputError
from benchwright_trainer.rollouts.drawn import Drawn, Spent, drawn_from_json, drawn_to_json
from benchwright_trainer.rollouts.journal import JOURNAL, RolloutJournal
from tests.trainer.rollouts.test_trace import TRACE

FIRST = Drawn("a/b/drafts", "ok", (TRACE, TRACE), spent=Spent(1, 2, 3, 4, 5.5, 6.25))
SECOND = Drawn("ü\u2028/drafts", "row_error", error="Grüße\n", spent=Spent(hits=1, seconds=0.5))


def test_what_was_drawn_is_found_again(tmp_path: Path) -> None:
    with RolloutJournal(tmp_path / "new", {"seed": 1}) as journal:
        journal.add(FIRST)
        assert journal[FIRST.key] == FIRST
        journal.add(SECOND)
    with RolloutJournal(tmp_path / "new", {"seed": 1}) as journal:
        assert len(journal) == 2
        assert "a/b/drafts" in journal
        assert "a/b" not in journal
        assert [journal[drawn.key] for drawn in (SECOND, FIRST)] == [SECOND, FIRST]
        assert journal[FIRST.key].spent == FIRST.spent
        assert journal.spent == Spent(1, 3, 3, 4, 6.0, 6.25)
        assert journal.statuses == {"ok": 1, "row_error": 1}


def test_half_a_line_is_taken_away(tmp_path: Path) -> None:
    with RolloutJournal(tmp_path, {}) as journal:
        journal.add(FIRST)
        journal.add(SECOND)
    path = tmp_path / JOURNAL
    whole = path.read_bytes()
    for cut in (1, 20):
        path.write_bytes(whole[:-cut])
        with RolloutJournal(tmp_path, {}) as journal:
            assert len(journal) == 1
            journal.add(SECOND)
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "line",
    [
        drawn_to_json(FIRST),
        drawn_to_json(SECOND) | {"status": "fine"},
        drawn_to_json(SECOND) | {"spent": {"pounds": 3}},
        drawn_to_json(SECOND) | {"traces": [{}]},
        {},
    ],
)
def test_a_line_that_is_no_job_is_named(tmp_path: Path, line: object) -> None:
    with RolloutJournal(tmp_path, {}) as journal:
        journal.add(FIRST)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write(json.dumps(line) + "\n")
    with pytest.raises(OutputError, match="this line is no job") as error:
        RolloutJournal(tmp_path, {})
    assert error.value.location is not None
    assert error.value.location.line == 3


def test_drawn_is_plain_data() -> None:
    assert drawn_from_json(json.loads(json.dumps(drawn_to_json(FIRST)))) == FIRST
