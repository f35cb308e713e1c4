"""What pools and clusters do: jobs of any kind, each with a result of its own kind.

An evaluation's jobs are samples of a suite's designs; other callers have others. Only what is said
here is asked of them, and nothing here knows what they are about.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from typing import Protocol, TypeVar

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.models.model import Model

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Work(Protocol[Result_co]):
    """A job that travels between processes, as its result does."""

    def run(self, model: Model | None) -> Result_co | Failure:
        """Does the job in this process.

        Args:
            model: None where no job asks one.
        """
        ...

    def lost(self, status: str, reason: str) -> Result_co:
        """The result where the job has none because its worker `crashed` or `hung`."""
        ...


class Workers(Protocol):
    """Does jobs somewhere and yields their results as they come."""

    def __call__(self, jobs: Sequence[Work[Result]]) -> Generator[Result]:
        """Closing the generator ends what still runs."""
        ...


class Source(Hashable, Protocol):
    """A model that is not open yet; travels between processes."""

    @property
    def is_served(self) -> bool:
        """A server answers, many requests at once."""
        ...

    def open(self) -> Model:
        """The model, ready to answer.

        Raises:
            ModelError: it is missing, damaged, or does not fit the machine.
        """
        ...
