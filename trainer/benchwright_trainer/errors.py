"""What can go wrong with a model that is made, beside what `benchwright_sim.errors` names."""

from __future__ import annotations

from benchwright_sim.errors import SimError


class TrainerError(SimError):
    """A model's files are missing, damaged or of a kind that cannot be used, or a step failed."""

    exit_code = 14
