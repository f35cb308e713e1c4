"""Waivers: bins that a person has decided not to cover, with a reason and a name.

A TOML file of tables, every key required::

    [[waiver]]
    bins = "toggle:fifo.sv:*"          # or a list of patterns
    reason = "debug port, tied off in this product"
    author = "design team"

A pattern is matched with a bin's whole id; `*` stands for anything and `?` for one character.
Brackets mean themselves, unlike in a shell, since ids are full of bit selects: an id copied from a
report matches its bin. A waived bin that is covered stays covered; the waiver is then stale.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.errors import Location, ParameterError

_KEYS = ("bins", "reason", "author")
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One decision.

    Attributes:
        bins: patterns of bin ids.
        reason: why these bins need not be covered.
        author: who decided it.
        location: where it is written.
    """

    bins: tuple[str, ...]
    reason: str
    author: str
    location: Location


@dataclass(frozen=True, slots=True)
class AppliedWaivers:
    """What a set of waivers means for one coverage.

    Attributes:
        waived: open bins and the first waiver that names each.
        warnings: stale patterns, one sentence each.
    """

    waived: Mapping[Bin, Waiver] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file, in its order.

    Raises:
        ParameterError: the file cannot be read, is not TOML, or holds an unknown, missing or
            wrongly typed key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ParameterError(
            f"the waiver file cannot be read: {error.strerror}", location=Location(path)
        ) from error
    except UnicodeDecodeError as error:
        raise ParameterError(
            "the waiver file is not UTF-8 text", location=Location(path)
        ) from error
    return parse_waivers(text, path)


def parse_waivers(text: str, path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file's text; `path` is for messages.

    Raises:
        ParameterError: as for `read_waivers`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        message = _TOML_PLACE.sub("", str(error))
        raise ParameterError(
            f"the waiver file is not TOML: {message}", location=Location(path, line, column)
        ) from error
    unknown = [key for key in data if key != "waiver"]
    tables = data.get("waiver", [])
    if unknown or not isinstance(tables, list):
        raise ParameterError(
            f"unknown key `{unknown[0]}`" if unknown else "`waiver` must be an array of tables",
            location=Location(path),
            hint="write each waiver as [[waiver]] with bins, reason and author",
        )
    lines = _table_lines(text)
    return tuple(
        _waiver(table, Location(path, lines[n] if n < len(lines) else 0))
        for n, table in enumerate(tables)
    )


def _table_lines(text: str) -> list[int]:
    return [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if re.match(r"\s*\[\[\s*waiver\s*\]\]", line)
    ]


def _waiver(table: object, where: Location) -> Waiver:
    if not isinstance(table, dict):
        raise ParameterError("`waiver` must be an array of tables", location=where)
    for key in table:
        if key not in _KEYS:
            raise ParameterError(
                f"unknown key `{key}` in a waiver",
                location=where,
                hint=f"the keys are {', '.join(_KEYS)}",
            )
    bins = table.get("bins")
    patterns = [bins] if isinstance(bins, str) else bins
    if not isinstance(patterns, list) or not patterns or not all(map(_is_text, patterns)):
        raise ParameterError("a waiver needs `bins`: a pattern or a list of them", location=where)
    for key in ("reason", "author"):
        if not _is_text(table.get(key)):
            raise ParameterError(f"a waiver needs a `{key}` that says something", location=where)
    return Waiver(tuple(patterns), table["reason"].strip(), table["author"].strip(), where)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def apply_waivers(waivers: Sequence[Waiver], coverage: Coverage) -> AppliedWaivers:
    """Which open bins are waived, and which patterns are stale."""
    ids = {bin_.id: bin_ for bin_ in coverage}
    waived: dict[Bin, Waiver] = {}
    warnings: list[str] = []
    for waiver in waivers:
        for pattern in waiver.bins:
            named = _matching(pattern, ids)
            for bin_ in named:
                if not coverage[bin_]:
                    waived.setdefault(bin_, waiver)
            warning = _staleness(pattern, [bin_ for bin_ in named if coverage[bin_]], len(named))
            if warning:
                warnings.append(f"{waiver.location}: {warning}")
    return AppliedWaivers(waived, tuple(warnings))


def _matching(pattern: str, ids: Mapping[str, Bin]) -> list[Bin]:
    if pattern in ids:
        return [ids[pattern]]
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    matches = re.compile(expression, re.DOTALL).fullmatch
    return [bin_ for id_, bin_ in ids.items() if matches(id_)]


def _staleness(pattern: str, covered: Iterable[Bin], n_named: int) -> str:
    if not n_named:
        return f"stale waiver: `{pattern}` names no bin of this design"
    hit = [bin_.id for bin_ in covered]
    if not hit:
        return ""
    if len(hit) == n_named:
        return f"stale waiver: all that `{pattern}` names is covered"
    return f"stale waiver: `{pattern}` names {len(hit)} covered bins, the first is `{hit[0]}`"
