"""The libraries of the extra `train`, which a plain installation lacks."""

from __future__ import annotations

from importlib.util import find_spec

from benchwright_trainer.errors import TrainerError


def require_extra(*modules: str) -> None:
    """Finds out, without loading them, whether modules are installed.

    Raises:
        TrainerError: one is not.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise TrainerError(
            f"{', '.join(missing)} cannot be imported, which this needs",
            hint="pip install 'benchwright[train]'",
        )
