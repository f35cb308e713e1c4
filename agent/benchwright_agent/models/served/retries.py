"""How long to wait before a request is made again: longer each time, and as the server asks.

The jitter that keeps many clients from coming back together is drawn from the request, so that
the same request waits the same times. Retry-After is RFC 9110, section 10.2.3.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count

LONGEST_S = 30.0
"""The longest pause of our own."""

LONGEST_ASKED_S = 120.0
"""The longest pause that a server can ask for."""


def pauses(first_s: float, seed: str) -> Iterator[float]:
    """Seconds, endless: doubling up to `LONGEST_S`, each shortened by up to a half."""
    draw = random.Random(seed)
    for doubled in count():
        yield min(LONGEST_S, first_s * 2.0 ** min(doubled, 32)) * (1 - draw.random() / 2)


def asked_pause(header: str | None) -> float:
    """Seconds that a Retry-After header asks for, bounded; 0 without or with a senseless one."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        seconds = _seconds_until(header)
    return min(max(seconds, 0.0), LONGEST_ASKED_S) if not math.isnan(seconds) else 0.0


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
