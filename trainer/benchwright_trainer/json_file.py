"""The JSON files of a model's folder, read with errors that name the file and the key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchwright_sim.errors import Location
from benchwright_trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class JsonFile:
    """An object read from a file.

    Attributes:
        path: of the file.
        values: of the object.
    """

    path: Path
    values: dict[str, Any]

    def count(self, key: str, default: int | None = None) -> int:
        """A whole number above zero.

        Raises:
            TrainerError: it is missing and has no default, or is no such number.
        """
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.error(f"{key} is {value!r}, not a whole number above zero")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number above zero.

        Raises:
            TrainerError: it is missing and has no default, or is no such number.
        """
        value = self._get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            raise self.error(f"{key} is {value!r}, not a number above zero")
        return float(value)

    def part(self, key: str) -> JsonFile:
        """An object inside; empty where there is none.

        Raises:
            TrainerError: it is something else.
        """
        value = self.values.get(key)
        if value is None:
            return JsonFile(self.path, {})
        if not isinstance(value, dict):
            raise self.error(f"{key} is {value!r}, not an object")
        return JsonFile(self.path, value)

    def error(self, message: str, *, hint: str = "") -> TrainerError:
        """An error about this file."""
        return TrainerError(message, location=Location(self.path), hint=hint)

    def _get(self, key: str, default: float | None) -> Any:
        value = self.values.get(key)
        if value is None:
            if default is None:
                raise self.error(f"there is no {key}")
            return default
        return value


def read_json(path: Path) -> JsonFile:
    """Reads a file that must hold one JSON object.

    Raises:
        TrainerError: it cannot be read, is no JSON, or holds something else than an object.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TrainerError(
            f"it cannot be read: {error.strerror}", location=Location(path)
        ) from error
    except (ValueError, RecursionError) as error:
        raise TrainerError(f"it is not JSON: {error}", location=Location(path)) from error
    if not isinstance(values, dict):
        raise TrainerError("it holds no JSON object", location=Location(path))
    return JsonFile(path, values)


def read_json_if_any(path: Path) -> JsonFile:
    """As `read_json`, but an empty object where there is no such file.

    Raises:
        TrainerError: as `read_json`.
    """
    return read_json(path) if path.exists() else JsonFile(path, {})
