"""A recipe from its TOML file, or by the name of a shipped one; changes on top by key and value.

Sections that all stages share (`rollouts`, `filter`, `balance`, `sft`) may be written once at the
top; what a stage says itself comes first. Whatever is wrong is an error with file, line, key, value
and the legal ones, before anything runs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from benchwright_sim.errors import Location
from benchwright_trainer.recipe.combinations import check_combinations
from benchwright_trainer.recipe.filling import KeyProblem, filled, unknown_key
from benchwright_trainer.recipe.recipe import SHARED, STAGES, Recipe, resolved
from benchwright_trainer.recipe.recipe_error import RecipeError
from benchwright_trainer.recipe.toml_lines import key_lines

Table = dict[str, Any]
Key = tuple[str, ...]


def shipped_recipes() -> dict[str, Path]:
    """Name -> file of the recipes that this package brings along."""
    folder = Path(str(resources.files("benchwright_trainer") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_recipe(source: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Reads and checks a recipe.

    Args:
        source: a file, or the name of a shipped recipe.
        changes: each `KEY=VALUE` with a dotted key, in place of what the file says.

    Raises:
        RecipeError: there is no such recipe, or something in it is not legal.
    """
    return _read(_find(source), changes, whole=True)


def read_options(source: str | None, changes: Sequence[str] = ()) -> Recipe:
    """As `read_recipe`, for a step alone: nothing that other steps need is asked for.

    Args:
        source: None for the values that hold where a recipe says nothing.
        changes: see `read_recipe`.

    Raises:
        RecipeError: see `read_recipe`.
    """
    return _read(_find(source) if source else None, changes, whole=False)


def _read(path: Path | None, changes: Sequence[str], *, whole: bool) -> Recipe:
    text, origin = _text(path) if path else ("", _Origin(Path(), {}))
    tables = _parsed(text, origin)
    for change in changes:
        _apply(tables, change)
    try:
        recipe = _recipe(tables, origin.path.stem)
        if whole:
            check_combinations(recipe)
    except KeyProblem as problem:
        raise origin.error(problem, changes) from problem
    return resolved(recipe, path.parent if path else None)


def _find(source: str | Path) -> Path:
    path = Path(source).expanduser()
    known = shipped_recipes()
    if path.is_file():
        return path
    if str(source) in known:
        return known[str(source)]
    if path.is_dir():
        raise RecipeError(f"{path} is a folder", hint="name a recipe's .toml file")
    if path.suffix == ".toml" or "/" in str(source):
        raise RecipeError(f"there is no recipe {path}", hint=f"shipped: {', '.join(known)}")
    problem = unknown_key((str(source),), known)
    meant = problem.message.partition("; ")[2]
    raise RecipeError(
        f"there is no recipe {str(source)!r}" + (f"; {meant}" if meant else ""),
        hint=f"name a .toml file, or one of: {', '.join(known)}",
    )


@dataclass(frozen=True, slots=True)
class _Origin:
    """The file that a recipe stands in, and where its keys are."""

    path: Path
    lines: Mapping[Key, int]

    def error(self, problem: KeyProblem, changes: Sequence[str]) -> RecipeError:
        """The problem with its place: a change's, else the line of the key or of what holds it."""
        changed = {tuple(change.partition("=")[0].strip().split(".")) for change in changes}
        key, known = self._written(problem.path, changed)
        name = f"{'.'.join(key)}: {problem.message}"
        if known in changed:
            return RecipeError(f"--set {name}", hint=_legal(problem))
        within = [c for c in changed if not known and c[: len(problem.path)] == problem.path]
        if within:
            return RecipeError(f"--set {'.'.join(within[0])}: {name}", hint=_legal(problem))
        where = Location(self.path, self.lines.get(known, 0))
        return RecipeError(name, location=where, hint=_legal(problem))

    def _written(self, key: Key, changed: Collection[Key]) -> tuple[Key, Key]:
        """The key as somebody wrote it, and the longest part of it that has a place.

        What a stage has may stand in the section that all stages share.
        """
        forms = (key, key[1:]) if key[:1] in {(stage,) for stage in STAGES} else (key,)
        parts = [(form, form[:n]) for form in forms for n in range(1, len(form) + 1)]
        known = [pair for pair in parts if pair[1] in self.lines or pair[1] in changed]
        return max(
            known, key=lambda pair: (len(pair[1]) - len(pair[0]), pair[0] == key), default=(key, ())
        )


def _legal(problem: KeyProblem) -> str:
    return f"legal: {problem.legal}" if problem.legal else ""


def _text(path: Path) -> tuple[str, _Origin]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"it cannot be read: {error}", location=Location(path)) from error
    return text, _Origin(path, key_lines(text))


def _parsed(text: str, origin: _Origin) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        reason = str(error).partition(" (at ")[0]
        raise RecipeError(
            f"this is no TOML: {reason}", location=Location(origin.path, line)
        ) from error


def _apply(tables: Table, change: str) -> None:
    """Puts one `KEY=VALUE` in place; a value that is no TOML is taken as a text."""
    name, equals, text = change.partition("=")
    key = tuple(name.strip().split("."))
    if not equals or not all(key):
        raise RecipeError(f"--set {change}: is no change", hint="legal: SECTION.KEY=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for part in key[:-1]:
        tables = tables.setdefault(part, {})
        if not isinstance(tables, dict):
            raise RecipeError(f"--set {name}: {part} is no table")
    tables[key[-1]] = value


def _recipe(tables: Table, stem: str) -> Recipe:
    names = [field.name for field in fields(Recipe)]
    for key in tables:
        if key not in (*names, *SHARED):
            raise unknown_key((key,), [*names, *SHARED])
    shared = {key: tables.pop(key) for key in SHARED if key in tables}
    for stage in STAGES:
        tables[stage] = _merged(shared, tables.get(stage, {}))
    return filled(Recipe(name=stem), tables, ())


def _merged(below: object, above: object) -> Any:
    """Tables laid over each other, key by key; whatever is no table is taken from above."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    both = {key: _merged(below[key], above[key]) for key in below.keys() & above.keys()}
    return {**below, **above, **both}
