"""What one job is asked to do: the first line on its standard input, read and checked.

Paths are absolute. What is wrong with a request is the fault of the program that sent it, so that
messages name the key and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_sim.errors import ParameterError
from benchwright_sim.overlay import Overlay

Kind = Literal["generate", "simulate", "explain", "check", "import"]
Policy = Literal["default", "search"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One job.

    Attributes:
        kind: of job.
        spec: the design.
        overlay: texts of unsaved buffers.
        folder: private to the job; exists.
        arguments: the keys that belong to the kind, see the functions that read them.
    """

    kind: Kind
    spec: DesignSpec
    overlay: Overlay
    folder: Path
    arguments: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        """A text that may be left out."""
        return self._optional(key, str)

    def path(self, key: str) -> Path | None:
        """An absolute path that may be left out."""
        text = self.text(key)
        if text is not None and not Path(text).is_absolute():
            raise ParameterError(f"{key!r} of the request is not absolute: {text}")
        return None if text is None else Path(text)

    def given_path(self, key: str) -> Path:
        """An absolute path that must be there."""
        path = self.path(key)
        if path is None:
            raise ParameterError(f"the request has no {key!r}")
        return path

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts that may be left out."""
        items = self._optional(key, list)
        if items is None:
            return None
        if not all(isinstance(item, str) for item in items):
            raise ParameterError(f"{key!r} of the request is no list of texts")
        return tuple(items)

    def number(self, key: str, default: float) -> float:
        """A number that is not negative."""
        value = self.arguments.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise ParameterError(f"{key!r} of the request is no number from 0: {value!r}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """A truth value."""
        found = self._optional(key, bool)
        return default if found is None else found

    def _optional(self, key: str, kind: type[T]) -> T | None:
        value = self.arguments.get(key)
        if value is not None and not isinstance(value, kind):
            raise ParameterError(f"{key!r} of the request is no {kind.__name__}: {value!r:.80}")
        return value


def read_request(line: str) -> Request:
    """The request that a line of JSON holds.

    Raises:
        ParameterError: it holds none.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"the request is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise ParameterError(f"the request is no JSON object: {line:.80}")
    named = data.pop("kind", None)
    kind = next((kind for kind in get_args(Kind) if kind == named), None)
    if kind is None:
        raise ParameterError(f"the request has no legal kind: {', '.join(get_args(Kind))}")
    folder = Path(_taken(data, "folder", str))
    if not (folder.is_absolute() and folder.is_dir()):
        raise ParameterError(f"'folder' of the request is no absolute folder: {folder}")
    spec = _taken(data, "spec", DesignSpec.from_json)
    return Request(kind, spec, _taken(data, "overlay", _overlay), folder, data)


def _taken(data: dict[str, Any], key: str, read: Callable[[Any], T]) -> T:
    try:
        return read(data.pop(key))
    except KeyError as error:
        raise ParameterError(f"the request lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ParameterError(f"{key!r} of the request: {error}") from error


def _overlay(texts: Mapping[str, str]) -> Overlay:
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a text is none")
    return tuple((Path(file), text) for file, text in sorted(texts.items()))
