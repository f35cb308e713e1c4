"""What differs between the options that something was made with and those of now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """A line for each value that is another one, by its dotted key; tables are gone into."""
    was, is_ = _flat(before), _flat(now)
    return tuple(
        f"{key}: {was.get(key)!r} then, {is_.get(key)!r} now"
        for key in sorted(was.keys() | is_.keys())
        if was.get(key) != is_.get(key)
    )


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    parts = (_flat(item, f"{path}.{key}".lstrip(".")) for key, item in value.items())
    return {key: item for part in parts for key, item in part.items()}
