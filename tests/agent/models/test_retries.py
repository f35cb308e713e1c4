"""Pauses grow, repeat, and heed the server within reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice

import pytest

from benchwright_agent.models.served.retries import LONGEST_ASKED_S, LONGEST_S, asked_pause, pauses


def test_pauses_double_up_to_a_limit_and_repeat() -> None:
    first = list(islice(pauses(0.5, "a"), 100))
    assert first == list(islice(pauses(0.5, "a"), 100))
    assert first != list(islice(pauses(0.5, "b"), 100))
    for doubled, pause in enumerate(first):
        whole = min(LONGEST_S, 0.5 * 2.0**doubled)
        assert whole / 2 <= pause <= whole


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("2.5", 2.5),
        ("-4", 0),
        ("9999", LONGEST_ASKED_S),
        ("inf", LONGEST_ASKED_S),
        ("nan", 0),
        ("soon", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 99 Foo 2015", 0),
    ],
)
def test_what_the_server_asks_for(header: str | None, seconds: float) -> None:
    assert asked_pause(header) == seconds


def test_a_date_is_a_pause_too() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < asked_pause(date) <= 60
