"""What speaks against a recipe as it is planned, though nothing is missing for it."""

from __future__ import annotations

from collections.abc import Iterator

from benchwright_trainer.pipeline.readiness import Problem
from benchwright_trainer.recipe.recipe import Recipe


def doubts(recipe: Recipe) -> Iterator[Problem]:
    """All that a plan warns of."""
    yield from _short_designs(recipe)


def _short_designs(recipe: Recipe) -> Iterator[Problem]:
    """A stage that takes long designs alone, of a corpus of short ones."""
    expected = recipe.plan.design_tokens
    for stage in recipe.stage_names:
        least = recipe.stage(stage).rollouts.min_tokens
        if least > expected:
            yield Problem(
                f"{stage} takes designs of {least:,} tokens and more, but they have "
                f"{expected:,} (plan.design_tokens): there may be few, and with none the run stops",
                f"a lower {stage}.rollouts.min_tokens, or longer designs",
            )
