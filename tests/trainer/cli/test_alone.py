"""What a step alone says when it is interrupted is what its command then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_trainer.cli.alone import Alone


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("corpus", "the same command goes on; what is done is in a{b}"),
        ("rollouts", "the same command goes on; what is done is in a{b}"),
        ("dataset", "the same command begins anew"),
        ("sft", "the same command goes on from the last checkpoint in a{b}-training"),
        ("evaluate", "the same command goes on; what is done is in a{b}"),
        ("export", "the same command begins anew"),
    ],
)
def test_an_interrupted_step_says_how_to_go_on(
    step: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt), Alone(step, Path("a{b}"), quiet=True):
        raise KeyboardInterrupt
    assert f"interrupted: {said}" in capsys.readouterr().err
