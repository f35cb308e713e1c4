"""A recipe as TOML, with every value that holds, the defaults among them; reading gives it back.

TOML has no word for "none": such keys stand there as comments.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from benchwright_trainer.recipe.recipe import Recipe


def recipe_text(recipe: Recipe) -> str:
    """The whole recipe; the same recipe gives the same text."""
    return "\n".join(_lines(recipe, ())).lstrip("\n") + "\n"


def _lines(options: Any, path: tuple[str, ...]) -> Iterator[str]:
    values = _items(options)
    plain = {key: value for key, value in values.items() if not _is_table(value)}
    if path and plain:
        yield from ("", f"[{'.'.join(path)}]")
    for key, value in plain.items():
        yield f"# {key} is not set" if value is None else f"{key} = {_value(value)}"
    for key, value in values.items():
        if _is_table(value):
            yield from _lines(value, (*path, key))


def _items(options: Any) -> Mapping[str, Any]:
    if isinstance(options, Mapping):
        return dict(sorted(options.items()))
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def _is_table(value: object) -> bool:
    return dataclasses.is_dataclass(value) or isinstance(value, Mapping)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def plain(options: Any) -> Any:
    """Options as plain JSON values, for hashes and records."""
    return json.loads(json.dumps(dataclasses.asdict(options)))
