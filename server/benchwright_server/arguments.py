"""What a client gives to a command: one object, checked member by member.

Source: LSP 3.17, "Execute a command". What is wrong becomes the error of the request, in a sentence
that the client can show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pygls.exceptions import JsonRpcException

REQUEST_FAILED = -32803
"""LSP 3.17 `RequestFailed`: the request is right, and cannot be done."""


class CommandError(JsonRpcException):
    """A command cannot be done; the message says why and what to do."""

    CODE = REQUEST_FAILED


@dataclass(frozen=True, slots=True)
class Arguments:
    """The argument object of a command."""

    command: str
    data: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """A string that may be left out."""
        found: str | None = self._optional(name, str, "a string")
        return found

    def given(self, name: str) -> str:
        """A string that must be there."""
        found = self.text(name)
        if not found:
            raise CommandError(f"{self.command} needs `{name}`")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, empty when it is left out."""
        items = self._optional(name, list, "a list of strings") or []
        if not all(isinstance(item, str) for item in items):
            raise CommandError(f"{self.command}: `{name}` must be a list of strings")
        return tuple(items)

    def line(self) -> int | None:
        """A line, from 0."""
        found: int | None = self._optional("line", int, "a line, counted from 0")
        if found is not None and (found < 0 or isinstance(found, bool)):
            raise CommandError(f"{self.command}: `line` must be a line, counted from 0")
        return found

    def seconds(self, name: str) -> float | None:
        """A positive number of seconds."""
        found: float | None = self._optional(name, int | float, "a number of seconds")
        if found is not None and not 0 < found <= 86_400:
            raise CommandError(f"{self.command}: `{name}` must be from 0 to 86400 seconds")
        return found

    def _optional(self, name: str, kind: Any, what: str) -> Any:
        value = self.data.get(name)
        if value is not None and not isinstance(value, kind):
            raise CommandError(f"{self.command}: `{name}` must be {what}, not {value!r:.60}")
        return value


def read_arguments(command: str, given: tuple[Any, ...]) -> Arguments:
    """The argument object of a command; none at all is an empty one."""
    if not given or given == (None,):
        return Arguments(command, {})
    if len(given) > 1 or not isinstance(given[0], Mapping):
        raise CommandError(f"{command} takes one object, such as {{uri: ...}}")
    return Arguments(command, given[0])
