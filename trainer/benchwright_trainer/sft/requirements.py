"""Whether a machine can do a training, found out before it begins."""

from __future__ import annotations

from pathlib import Path

from benchwright_trainer.sft.options import SftOptions


def check_machine(model: str, options: SftOptions, folder: Path) -> None:
    """Stand-in."""
