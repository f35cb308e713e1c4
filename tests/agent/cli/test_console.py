"""What a terminal shows while a model writes."""

from __future__ import annotations

import io

from rich.console import Console

from benchwright_agent.cli.console import MODEL_LINES, Monitor
from benchwright_agent.events import ModelText, Phase, RoundDone
from benchwright_sim.coverage import Tally


def shown(monitor: Monitor) -> str:
    """The picture as plain text."""
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(monitor.picture())
    return console.export_text()


def test_the_last_lines_of_what_a_model_writes_are_shown_then_what_they_cover() -> None:
    monitor = Monitor("fifo", quiet=True)
    monitor(Phase("round 1 of 3: the model writes"))
    assert shown(monitor).strip() == "fifo  round 1 of 3: the model writes"
    for n in range(200):
        monitor(ModelText(1, f"line {n} [bold]\n"))
    picture = shown(monitor)
    assert [line.split()[1] for line in picture.splitlines()[1:]] == [
        str(n) for n in range(200 - MODEL_LINES, 200)
    ]
    assert "[bold]" in picture
    monitor(Phase("round 1 of 3: simulate"))
    assert "line 199" not in shown(monitor)
    monitor(RoundDone(1, 3, "ok", {"toggle": Tally(3, 4)}, 200, 1.5))
    assert "75.0" in shown(monitor)


def test_what_a_model_writes_cannot_steer_the_terminal() -> None:
    monitor = Monitor("fifo", quiet=True)
    monitor(ModelText(1, "before\x1b[2J\x07\u202eafter"))
    assert "before[2Jafter" in shown(monitor)
