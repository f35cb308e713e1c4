"""Filelists: the `-f` files in which simulators' command lines are kept.

Understood: source paths, `-f` and `-F` (nested), `-y`, `-v`, `-I`, `-D`, `+incdir+`, `+define+`,
`+libext+`, `--top`, quotes, `//`, `#` and `/* */` comments, a backslash before a line end, and
`$VAR`, `${VAR}`, `$(VAR)`. Other options are for other tools and are passed over with a log line.
Paths are relative to the folder of the filelist that names them; where nothing is there but the
current folder has such a path (what `-f` means to many simulators), that one is taken.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchwright_sim.errors import Location, SourceError

logger = logging.getLogger(__name__)

_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|(?:(?<=\s)|^)(?://|#)[^\n]*', re.S | re.M)
_TOKEN = re.compile(r'(?:"(?:\\.|[^"\\\n])*"|[^\s"])+')
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\}|\((\w+)\))")
_WITH_VALUE = frozenset({"-f", "-F", "-y", "-v", "-I", "-D", "--top", "--top-module", "-top"})


@dataclass(frozen=True, slots=True)
class FileList:
    """What a filelist asks for; all paths are absolute, and those of sources exist."""

    sources: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    library_dirs: tuple[Path, ...] = ()
    library_files: tuple[Path, ...] = ()
    library_extensions: tuple[str, ...] = ()
    top: str | None = None


@dataclass(slots=True)
class _Reader:
    """Collects while files are read; `open_files` are those that are being read now."""

    sources: list[Path] = field(default_factory=list)
    include_dirs: list[Path] = field(default_factory=list)
    defines: list[tuple[str, str]] = field(default_factory=list)
    library_dirs: list[Path] = field(default_factory=list)
    library_files: list[Path] = field(default_factory=list)
    library_extensions: list[str] = field(default_factory=list)
    top: str | None = None
    open_files: list[Path] = field(default_factory=list)

    def read(self, path: Path, named_at: Location | None = None) -> None:
        """Reads one filelist and those it names."""
        path = path.resolve()
        if path in self.open_files:
            raise SourceError(
                f"filelist {path.name} includes itself",
                location=named_at,
                hint="remove the -f line that closes the circle",
            )
        self.open_files.append(path)
        words = _words(path, _text_of(path, named_at))
        for word, line in words:
            self._take(word, words, Location(path, line))
        self.open_files.pop()

    def _take(self, word: str, words: Iterator[tuple[str, int]], at: Location) -> None:
        if word in _WITH_VALUE:
            value = next(words, (None, 0))[0]
            if value is None:
                raise SourceError(f"{word} has no value", location=at, hint="write one after it")
            self._option(word, value, at)
        elif word.startswith("+"):
            self._plus(word, at)
        elif word.startswith(("-I", "-D")):
            self._option(word[:2], word[2:], at)
        elif word.startswith("-"):
            logger.info("%s: option %s passed over", at, word)
        else:
            self.sources.append(_existing(word, at))

    def _option(self, option: str, value: str, at: Location) -> None:
        if option in {"-f", "-F"}:
            self.read(_path(value, at), at)
        elif option == "-y":
            self.library_dirs.append(_path(value, at))
        elif option == "-v":
            self.library_files.append(_existing(value, at))
        elif option == "-I":
            self.include_dirs.append(_path(value, at))
        elif option == "-D":
            self.defines.append(split_define(value))
        else:
            self.top = value

    def _plus(self, word: str, at: Location) -> None:
        _, kind, *values = word.split("+")
        if kind == "incdir":
            self.include_dirs.extend(_path(value, at) for value in values if value)
        elif kind == "define":
            self.defines.extend(split_define(value) for value in values if value)
        elif kind == "libext":
            self.library_extensions.extend(value for value in values if value)
        else:
            logger.info("%s: option %s passed over", at, word)


def read_filelist(path: Path) -> FileList:
    """Reads `path` and the filelists that it names.

    Raises:
        SourceError: a filelist is missing, binary or includes itself, a file that it names does
            not exist, a variable is not set, or an option has no value.
    """
    reader = _Reader()
    reader.read(path)
    return FileList(
        sources=tuple(reader.sources),
        include_dirs=tuple(reader.include_dirs),
        defines=tuple(reader.defines),
        library_dirs=tuple(reader.library_dirs),
        library_files=tuple(reader.library_files),
        library_extensions=tuple(reader.library_extensions),
        top=reader.top,
    )


def split_define(text: str) -> tuple[str, str]:
    """`NAME=value` or `NAME` as (name, value); the value is `""` where there is none."""
    name, _, value = text.partition("=")
    return name, value


def _text_of(path: Path, named_at: Location | None) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(
            f"cannot read filelist {path}: {error.strerror}",
            location=named_at,
            hint="give a filelist that exists and may be read",
        ) from error
    if "\0" in text:
        raise SourceError(
            "the filelist is binary, not text",
            location=Location(path),
            hint="give designs as SOURCES; -f is for files that list them",
        )
    return text


def _words(path: Path, text: str) -> Iterator[tuple[str, int]]:
    """Words with their lines, variables expanded; comments blanked so that lines still count."""
    text = text.replace("\\\r\n", "  \n").replace("\\\n", " \n")
    text = _COMMENT.sub(_blank_comment, text)
    for match in _TOKEN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield _expand(match.group().replace('"', ""), Location(path, line)), line


def _blank_comment(match: re.Match[str]) -> str:
    text = match.group()
    return text if text.startswith('"') else "\n" * text.count("\n")


def _expand(word: str, at: Location) -> str:
    def value(match: re.Match[str]) -> str:
        name = next(group for group in match.groups() if group)
        if name not in os.environ:
            raise SourceError(
                f"environment variable {name} is not set",
                location=at,
                hint=f"set it: export {name}=...",
            )
        return os.environ[name]

    return _VARIABLE.sub(value, word)


def _path(text: str, at: Location) -> Path:
    path = (at.file.parent / Path(text).expanduser()).resolve()
    elsewhere = Path(text).resolve()
    return elsewhere if not path.exists() and elsewhere.exists() else path


def _existing(text: str, at: Location) -> Path:
    path = _path(text, at)
    if not path.exists():
        raise SourceError(
            f"no such file or folder: {path}",
            location=at,
            hint="paths are relative to the filelist's folder; correct or remove this line",
        )
    return path
