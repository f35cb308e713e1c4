"""What is known of the models on this machine: a small JSON file, written whole under a lock.

A damaged one is put aside, not overwritten; until then the files of the folder of downloads are
known by their names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from benchwright_agent.models.installed.data_folder import data_dir, locked, models_dir, writing
from benchwright_agent.models.model import ModelError

VERSION = 1
NONE = "none"
"""In place of the name of the model in use: that there is none, by choice."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Record:
    """A model that is on this machine.

    Attributes:
        name: what the user calls it.
        path: of its GGUF file, absolute.
        architecture: as the file says, like "qwen3".
        parameters: number of weights.
        quantisation: of most of the weights.
        context_tokens: that the model was trained for.
        size_bytes: of the file.
        source: where it was downloaded from, empty for a file of the user's.
        licence: of the weights, empty when not known.
        sha256: of the file, empty when it was never read whole.
    """

    name: str
    path: Path
    architecture: str
    parameters: int
    quantisation: str
    context_tokens: int
    size_bytes: int
    source: str = ""
    licence: str = ""
    sha256: str = ""

    @property
    def is_here(self) -> bool:
        """Whether the file is where it should be."""
        return is_file(self.path)

    @property
    def is_own(self) -> bool:
        """Whether the file lies in the store, and may be deleted from it."""
        return self.path.parent == models_dir()


@dataclass(frozen=True, slots=True)
class Registry:
    """What is known of the models on this machine.

    Attributes:
        models: by name, in the order of the alphabet.
        in_use: name of the one that is used unless another is asked for.
        problem: what is wrong with the registry's file, else empty.
    """

    models: Mapping[str, Record] = field(default_factory=dict)
    in_use: str | None = None
    problem: str = ""


def registry_path() -> Path:
    """The registry's file."""
    return data_dir() / "models.json"


def is_name(text: str) -> bool:
    """Whether a text can name a model: it is no path and no file."""
    return bool(_NAME.fullmatch(text)) and text != NONE and not text.lower().endswith(".gguf")


def is_path(text: str) -> bool:
    """Whether a user who writes this means a file, not a name."""
    return "/" in text or text.lower().endswith(".gguf")


def check_name(name: str) -> str:
    """The name, if it is one.

    Raises:
        ModelError: it could be mistaken for a file or leave the store.
    """
    if not is_name(name):
        raise ModelError(
            f"{name!r} is no name for a model",
            hint="legal: letters, digits, '.', '_' and '-', at most 100, not ending in .gguf",
        )
    return name


def read_registry() -> Registry:
    """What is known; from the store's files alone where the registry is damaged.

    Raises:
        ModelError: a newer version of this program wrote it, or it cannot be read.
    """
    path = registry_path()
    try:
        return _parse(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return Registry()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        problem = (
            f"{path} is damaged ({type(error).__name__}: {error}); known are the files beside it"
        )
        return Registry(_found(), problem=problem)


def _parse(data: Any) -> Registry:
    if data["version"] > VERSION:
        raise ModelError(
            f"{registry_path()} is of version {data['version']}; known: {VERSION}",
            hint="a newer benchwright wrote it: update this one, "
            "or set BENCHWRIGHT_DATA_DIR to another folder",
        )
    models = {name: _record(name, known) for name, known in sorted(data["models"].items())}
    in_use = data["in_use"]
    if not isinstance(in_use, str | None):
        raise TypeError(f"in_use is {in_use!r}")
    return Registry(models, in_use)


def _record(name: str, known: Mapping[str, Any]) -> Record:
    """A model from its JSON; a path without folder is in the store."""
    if not is_name(name):
        raise ValueError(f"{name!r} is no name")
    kinds = {item.name: int if item.type == "int" else str for item in fields(Record)}
    kinds = {key: kind for key, kind in kinds.items() if key not in {"name", "path"}}
    values = {key: known[key] for key in kinds}
    for key, kind in kinds.items():
        if not isinstance(values[key], kind):
            raise TypeError(f"{key} of {name} is {values[key]!r}")
    path = Path(os.path.normpath(models_dir() / known["path"]))
    return Record(name=name, path=path, **values)


def _found() -> dict[str, Record]:
    """The models whose files lie in the store, by the names of the files."""
    found = {}
    for path in sorted(models_dir().glob("*.gguf")):
        try:
            found[path.stem] = describe(path, check_name(path.stem))
        except ModelError:
            continue
    return found


def update_registry(change: Callable[[Registry], Registry]) -> Registry:
    """Changes the registry on disk, whole or not at all.

    Raises:
        ModelError: it cannot be read or written, or whatever `change` raises.
    """
    path = registry_path()
    with locked(path.with_suffix(".lock")):
        before = read_registry()
        after = change(before)
        with writing():
            if before.problem:
                _put_aside(path)
            temporary = path.with_suffix(".new")
            with temporary.open("w", encoding="utf-8") as handle:
                handle.write(_to_json(after))
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
    return after


def _put_aside(path: Path) -> None:
    number = 1
    while (place := path.with_suffix(f".damaged-{number}.json")).exists():
        number += 1
    path.replace(place)


def _to_json(registry: Registry) -> str:
    models = {}
    for name, record in sorted(registry.models.items()):
        values = asdict(record)
        del values["name"]
        values["path"] = record.path.name if record.is_own else str(record.path)
        models[name] = values
    data = {"version": VERSION, "in_use": registry.in_use, "models": models}
    return json.dumps(data, indent=1) + "\n"


def is_file(path: Path) -> bool:
    """Whether there is a file that may be looked at."""
    try:
        return path.is_file()
    except OSError:
        return False


def absolute(path: Path) -> Path:
    """The path that the registry keeps: without `~` and `..`, links not followed.

    With `os.path`, since `Path.absolute` keeps `..` and `Path.expanduser` fails on unknown users.
    """
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 - see above


def describe(path: Path, name: str) -> Record:
    """A record of a GGUF file, from its header.

    Raises:
        ModelError: it is missing, or no GGUF of a model that can be run.
    """
    from benchwright_agent.models.local.gguf_file import read_gguf  # noqa: PLC0415 - keeps `--help` quick

    path = absolute(path)
    if not is_file(path):
        raise ModelError(f"there is no file {path}")
    try:
        info = read_gguf(path)
    except ImportError as error:
        raise ModelError(
            f"{error.name} is not installed, which local models need",
            hint="pip install 'benchwright[local]'",
        ) from error
    return Record(
        name=name,
        path=path,
        architecture=info.architecture,
        parameters=info.parameters,
        quantisation=info.quantisation,
        context_tokens=info.context_tokens,
        size_bytes=info.file_bytes,
    )
