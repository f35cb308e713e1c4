"""What to hand to a run of a design, as plain data: sources and options, and where they were found.

A spec holds no file's contents, so that it stays the same while files are edited; its `key` names
what is known of the design. `benchwright_sim.design.load_design` makes a `Design` of it, in the
process of a job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

_PATHS = ("sources", "filelists", "include_dirs", "library_dirs", "waivers")
_PAIRS = ("defines", "parameters", "clocks", "resets")
_NOT_IN_KEY = ("origin", "waivers")


@dataclass(frozen=True, slots=True)
class DesignSpec:
    """A design's sources and options; every path is absolute.

    Attributes:
        folder: that its results belong to: the workspace folder, or the file's own.
        sources: files, or folders of them, in compilation order.
        filelists: see `benchwright_sim.filelist`.
        include_dirs: searched for `include` files.
        defines: (name, value) of macros.
        parameters: (name, value as SystemVerilog text) overrides of the top's parameters.
        library_dirs: searched for modules that the sources do not define.
        top: name of the top module, None when it is to be found.
        clocks: (signal, edge) as the user declares them.
        resets: (signal, active level) as the user declares them.
        origin: the project file that says all this, None for a file alone or for settings.
        waivers: files of bins that need not be covered.
    """

    folder: Path
    sources: tuple[Path, ...] = ()
    filelists: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    library_dirs: tuple[Path, ...] = ()
    top: str | None = None
    clocks: tuple[tuple[str, str], ...] = ()
    resets: tuple[tuple[str, int], ...] = ()
    origin: Path | None = None
    waivers: tuple[Path, ...] = ()

    def with_top(self, top: str) -> DesignSpec:
        """The same sources with another top; what is said of the old top's ports goes with it."""
        if top == self.top:
            return self
        return replace(self, top=top, parameters=(), clocks=(), resets=())

    @property
    def key(self) -> str:
        """Names the design among all results: a hash of all but the contents of files."""
        data = {name: value for name, value in self.to_json().items() if name not in _NOT_IN_KEY}
        text = json.dumps(data, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]

    def to_json(self) -> dict[str, Any]:
        """The spec as plain JSON values."""
        return {
            "folder": str(self.folder),
            **{name: [str(path) for path in getattr(self, name)] for name in _PATHS},
            **{name: [list(pair) for pair in getattr(self, name)] for name in _PAIRS},
            "top": self.top,
            "origin": None if self.origin is None else str(self.origin),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DesignSpec:
        """The spec that `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it is no such object.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(data) - known:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        origin = data["origin"]
        paths = {name: tuple(Path(text) for text in data[name]) for name in _PATHS}
        return cls(
            folder=Path(data["folder"]),
            **paths,
            defines=tuple((str(n), str(v)) for n, v in data["defines"]),
            parameters=tuple((str(n), str(v)) for n, v in data["parameters"]),
            clocks=tuple((str(n), str(v)) for n, v in data["clocks"]),
            resets=tuple((str(n), int(v)) for n, v in data["resets"]),
            top=None if data["top"] is None else str(data["top"]),
            origin=None if origin is None else Path(origin),
        )
