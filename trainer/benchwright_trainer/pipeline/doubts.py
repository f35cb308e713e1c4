"""What speaks against a recipe as it is planned, though nothing is missing for it."""

from __future__ import annotations

from collections.abc import Iterator

from benchwright_trainer.pipeline.needs import Needs
from benchwright_trainer.pipeline.readiness import Problem
from benchwright_trainer.recipe.recipe import Recipe

_LONG_DAYS = 7
"""That nobody would wait for answers on processors."""


def doubts(recipe: Recipe, needs: Needs, n_cpus: int) -> Iterator[Problem]:
    """All that a plan warns of.

    Args:
        recipe: see there.
        needs: of it.
        n_cpus: processors here.
    """
    yield from _short_designs(recipe)
    days = needs.answer_cpu_s / n_cpus / 86_400
    if days > _LONG_DAYS:
        yield Problem(
            f"the student's answers take {days:,.0f} days on the {n_cpus} processors here",
            "a llama.cpp that is built for GPUs, more machines (--cluster), or fewer designs, "
            "drafts and samples",
        )


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
