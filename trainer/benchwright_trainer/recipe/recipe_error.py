"""What is wrong with a recipe, found before anything runs."""

from __future__ import annotations

from benchwright_trainer.errors import TrainerError


class RecipeError(TrainerError):
    """A recipe is missing or malformed, or a key of it has no legal value."""

    exit_code = 5
