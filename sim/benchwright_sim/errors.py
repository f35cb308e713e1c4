"""What can go wrong with the user's input or machine, each with an exit code of its own.

What a testbench does wrong (does not compile, times out) is not here: that is a result value,
see `benchwright_sim.testbench.Feedback`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a user's file; line and column count from 1, 0 when not known."""

    file: Path
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [str(self.file)]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class SimError(Exception):
    """Base of this package's errors: a message, where it is, and what to do about it.

    Attributes:
        exit_code: what the command line exits with.
        message: one sentence naming the offending value.
        location: the file and line, where one can be named.
        hint: what the user can do.
        details: further lines (all diagnostics, all candidates).
    """

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        hint: str = "",
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        head = f"{self.location}: {self.message}" if self.location else self.message
        lines = [head, *(f"  {detail}" for detail in self.details)]
        if self.hint:
            lines.append(f"  -> {self.hint}")
        return "\n".join(lines)


class SourceError(SimError):
    """A design file is missing, unreadable, empty, or does not parse or elaborate."""

    exit_code = 3


class TopError(SimError):
    """The top module is unknown or ambiguous; `candidates` lists the possible ones."""

    exit_code = 4

    def __init__(self, message: str, *, candidates: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, details=candidates, hint=hint)
        self.candidates = candidates


class ParameterError(SimError):
    """A parameter, define or configuration key does not exist or has no legal value."""

    exit_code = 5


class UnsupportedError(SimError):
    """The design is legal, but holds something that cannot be driven or measured."""

    exit_code = 6


class OutputError(SimError):
    """An output file exists already, or cannot be written (permission, full disk)."""

    exit_code = 7


class ToolchainError(SimError):
    """Verilator or the C++ compiler is missing, too old, broken or was killed."""

    exit_code = 8


class DesignRunError(SimError):
    """The compiled design cannot run: it does not converge, crashes or exceeds its bounds."""

    exit_code = 9
