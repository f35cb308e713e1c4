"""What elaboration found wrong, by file, until the same design is elaborated again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One diagnostic as the tool gave it; line and column count from 1, 0 when not known.

    Attributes:
        end_column: after the last character, None when not known.
        code: of the tool, empty when it has none.
    """

    file: Path
    line: int
    column: int
    end_column: int | None
    severity: Severity
    message: str
    code: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        """A problem from an event of a job.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        severity = str(data["severity"])
        end = data.get("end_column")
        return cls(
            file=Path(data["file"]),
            line=int(data["line"]),
            column=int(data["column"]),
            end_column=None if end is None else int(end),
            severity=cast("Severity", severity if severity in {"error", "note"} else "warning"),
            message=str(data["message"]),
            code=str(data.get("code") or ""),
        )


class Problems:
    """The problems of all designs."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Problem, ...]] = {}

    def replace(self, key: str, problems: Iterable[Problem]) -> set[Path]:
        """Puts what a design's elaboration found in place of what an earlier one had found.

        Returns:
            Files of which something has changed.
        """
        old, new = self._found.pop(key, ()), tuple(dict.fromkeys(problems))
        if new:
            self._found[key] = new
        return {problem.file for problem in set(old) ^ set(new)}

    def of(self, file: Path) -> tuple[Problem, ...]:
        """What is wrong with a file, each problem once, though several designs hold the file."""
        found = (problem for problems in self._found.values() for problem in problems)
        return tuple(dict.fromkeys(problem for problem in found if problem.file == file))

    def keys(self, file: Path) -> set[str]:
        """The designs in which something is wrong with a file."""
        return {key for key, found in self._found.items() if any(p.file == file for p in found)}

    def files(self) -> set[Path]:
        """Every file with a problem."""
        return {problem.file for problems in self._found.values() for problem in problems}
