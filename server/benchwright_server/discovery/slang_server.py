"""`.slang/server.json`, the configuration of slang-server, read for the design that it names.

Used are `build` (a filelist), `flags` (slang's options: sources, `-f`, `-I`, `-D`, `-y`, `--top`),
`incdirs`, and `index` (`[{"dirs": [...]}]`), whose folders are searched for missing modules. Paths
are relative to the workspace folder, which holds `.slang`. Everything else is for other tools.
Source: the configuration page of slang-server's documentation.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_sim.errors import Location, ParameterError
from benchwright_sim.filelist import split_define

CONFIGURATION = ".slang/server.json"

_WITH_VALUE = {
    **dict.fromkeys(("-f", "-F"), "filelist"),
    **dict.fromkeys(("-I", "--include-directory", "--include-dir"), "include"),
    **dict.fromkeys(("-D", "--define-macro"), "define"),
    **dict.fromkeys(("-y", "--libdir"), "library"),
    **dict.fromkeys(("-G",), "parameter"),
    "--top": "top",
}


def read_slang_server(path: Path) -> DesignSpec:
    """The design of a configuration.

    Raises:
        ParameterError: it cannot be read, is no JSON object, or a key has a value of a wrong type.
    """
    data = _object(path)
    folder = path.parent.parent
    flags = _Flags(folder)
    flags.read(_text(data, "flags", path))
    build = _text(data, "build", path)
    include_dirs = [folder / text for text in _texts(data.get("incdirs"), "incdirs", path)]
    return DesignSpec(
        folder=folder,
        sources=tuple(flags.sources),
        filelists=(*([flags.placed(build)] if build else []), *flags.filelists),
        include_dirs=(*include_dirs, *flags.include_dirs),
        defines=tuple(flags.defines),
        parameters=tuple(flags.parameters),
        library_dirs=(*flags.library_dirs, *_indexed(data, folder, path)),
        top=flags.top,
        origin=path,
    )


@dataclass(slots=True)
class _Flags:
    """Collects what slang's options say of a design; options that say nothing of it are skipped."""

    folder: Path
    sources: list[Path] = field(default_factory=list)
    filelists: list[Path] = field(default_factory=list)
    include_dirs: list[Path] = field(default_factory=list)
    library_dirs: list[Path] = field(default_factory=list)
    defines: list[tuple[str, str]] = field(default_factory=list)
    parameters: list[tuple[str, str]] = field(default_factory=list)
    top: str | None = None

    def placed(self, text: str) -> Path:
        return Path(os.path.normpath(self.folder / Path(os.path.expandvars(text)).expanduser()))

    def read(self, flags: str) -> None:
        try:
            words = iter(shlex.split(flags))
        except ValueError:
            words = iter(flags.split())
        for word in words:
            self._take(word, words)

    def _take(self, word: str, words: Iterator[str]) -> None:
        name, equals, value = word.partition("=")
        if word in _WITH_VALUE:
            self._option(_WITH_VALUE[word], next(words, ""))
        elif equals and name.startswith("--") and name in _WITH_VALUE:
            self._option(_WITH_VALUE[name], value)
        elif word[:2] in {"-I", "-D", "-G"}:
            self._option(_WITH_VALUE[word[:2]], word[2:])
        elif word.startswith("+incdir+"):
            self.include_dirs += [self.placed(text) for text in word.split("+")[2:] if text]
        elif word.startswith("+define+"):
            self.defines += [split_define(text) for text in word.split("+")[2:] if text]
        elif not word.startswith(("-", "+")):
            self.sources += self._globbed(word)

    def _option(self, kind: str, value: str) -> None:
        if not value:
            return
        match kind:
            case "filelist":
                self.filelists.append(self.placed(value))
            case "include":
                self.include_dirs.append(self.placed(value))
            case "library":
                self.library_dirs.append(self.placed(value))
            case "define":
                self.defines.append(split_define(value))
            case "parameter":
                self.parameters.append(split_define(value))
            case _:
                self.top = value

    def _globbed(self, text: str) -> list[Path]:
        """A source, or those of a pattern: `*` and `?` in names, `...` for folders at any depth."""
        if not any(sign in text for sign in ("*", "?", "...")):
            return [self.placed(text)]
        pattern = os.path.normpath(text.replace("...", "**"))
        if Path(pattern).is_absolute() or pattern.startswith(".."):
            return []
        return sorted(self.folder.glob(pattern))


def _object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(
            f"cannot be read: {error.strerror}", location=Location(path)
        ) from error
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise ParameterError("this is no JSON", location=Location(path, line)) from error
    if not isinstance(data, dict):
        raise ParameterError("this is no JSON object", location=Location(path))
    return data


def _text(data: dict[str, Any], key: str, path: Path) -> str:
    value = data.get(key) or ""
    if not isinstance(value, str):
        raise ParameterError(f"`{key}` is no text", location=Location(path))
    return value


def _texts(value: object, key: str, path: Path) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ParameterError(f"`{key}` is no list of texts", location=Location(path))
    return value


def _indexed(data: dict[str, Any], folder: Path, path: Path) -> Iterator[Path]:
    """The folders that are indexed: where a module that is missing may be found."""
    index = data.get("index")
    for entry in index if isinstance(index, list) else []:
        if isinstance(entry, dict):
            yield from (folder / text for text in _texts(entry.get("dirs"), "index.dirs", path))
