"""A recipe from its TOML file, or by the name of a shipped one; changes on top by key and value.

Sections that all stages share (`rollouts`, `filter`, `balance`, `sft`) may be written once at the
top; what a stage says itself comes first. Whatever is wrong is an error with file, line, key, value
and the legal ones, before anything runs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from benchwright_sim.errors import Location
from benchwright_trainer.recipe import filling
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
    text, origin = _text(_find(source))
    tables = _parsed(text, origin)
    for change in changes:
        _apply(tables, change)
    try:
        recipe = _recipe(tables, origin.path.stem)
        check_combinations(recipe)
    except KeyProblem as problem:
        raise origin.error(problem, changes) from problem
    return resolved(recipe, origin.path.parent)


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
        key = self._written(problem.path)
        for change in reversed(changes):
            name = change.partition("=")[0].strip()
            if ".".join(key) == name or ".".join(problem.path) == name:
                return RecipeError(f"--set {name}: {_told(problem)}", hint=_legal(problem))
        line = next(
            (self.lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.lines), 0
        )
        name = ".".join(key)
        return RecipeError(
            f"{name}: {_told(problem)}", location=Location(self.path, line), hint=_legal(problem)
        )

    def _written(self, key: Key) -> Key:
        """The key as the file has it: of a stage, or of the section that all stages share."""
        if key[0] in STAGES and key not in self.lines and key[1:] in self.lines:
            return key[1:]
        return key


def _told(problem: KeyProblem) -> str:
    return problem.message


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
        line = int(found[1]) if found else 0
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


def read_section(default: filling.T, changes: Sequence[str]) -> filling.T:
    """The options of one component with changes from a command line.

    Args:
        default: that the changes are made to.
        changes: each `KEY=VALUE` with a key of this component.

    Raises:
        RecipeError: one is not legal.
    """
    tables: Table = {}
    for change in changes:
        _apply(tables, change)
    try:
        return filled(default, tables, ())
    except KeyProblem as problem:
        name = ".".join(problem.path)
        raise RecipeError(f"--set {name}: {problem.message}", hint=_legal(problem)) from problem
