"""Models on this machine: a folder of downloaded GGUF files, and a registry of what is known.

Everything lies under the user's data folder (`BENCHWRIGHT_DATA_DIR` names another). The registry is
a small JSON file, written whole under a lock. A file of the user's own is registered by its path,
never copied, moved or deleted. A damaged registry is put aside, not overwritten; meanwhile the
files of the folder are known by their names.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from benchwright_agent.models.catalogue import CATALOGUE, BundledFile
from benchwright_agent.models.model import ModelError

VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LEGAL_NAME = "legal: letters, digits, '.', '_' and '-', at most 100, not ending in .gguf"


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


def data_dir() -> Path:
    """Folder of what must outlast caches: `BENCHWRIGHT_DATA_DIR`, or the user's data folder."""
    override = os.environ.get("BENCHWRIGHT_DATA_DIR")
    return Path(override).absolute() if override else platformdirs.user_data_path("benchwright")


def models_dir() -> Path:
    """Folder of the downloaded models."""
    return data_dir() / "models"


def registry_path() -> Path:
    """The registry's file."""
    return data_dir() / "models.json"


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock file, waiting for it; the lock goes with the process, however it ends.

    Args:
        path: of the lock file; made when missing.
        on_wait: told when another process holds it.

    Raises:
        ModelError: the folder cannot be written.
    """
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    with handle:
        with writing():
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait is not None:
                    on_wait()
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def writing() -> Iterator[None]:
    """Turns what the file system refuses into an error that names the folder.

    Raises:
        ModelError: in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"the folder of the models cannot be written: {error}",
            hint=f"free some space in {data_dir()}, or choose another folder: "
            "export BENCHWRIGHT_DATA_DIR=PATH",
        ) from error


def check_name(name: str) -> str:
    """The name, if it is one.

    Raises:
        ModelError: it could be mistaken for a file or leave the store.
    """
    if not _NAME.fullmatch(name) or name.lower().endswith(".gguf"):
        raise ModelError(f"{name!r} is no name for a model", hint=_LEGAL_NAME)
    return name


def name_for(file: str) -> str:
    """A legal name after that of a file, which may be anything."""
    stem = re.sub(r"\.gguf$", "", file.replace("\\", "/").rpartition("/")[2], flags=re.IGNORECASE)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100]
    return name if _NAME.fullmatch(name) and not name.lower().endswith(".gguf") else "model"


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
    kinds = {item.name: int if item.type == "int" else str for item in fields(Record)}
    kinds = {key: kind for key, kind in kinds.items() if key not in {"name", "path"}}
    values = {key: known[key] for key in kinds}
    for key, kind in kinds.items():
        if not isinstance(values[key], kind):
            raise TypeError(f"{key} of {name} is {values[key]!r}")
    path = Path(os.path.normpath(models_dir() / known["path"]))
    return Record(name=check_name(name), path=path, **values)


def _found() -> dict[str, Record]:
    """The models whose files lie in the store, by the names of the files."""
    found = {}
    for path in sorted(models_dir().glob("*.gguf")):
        try:
            found[path.stem] = describe(path, check_name(path.stem))
        except ModelError:
            continue
    return found


def _update(change: Callable[[Registry], Registry]) -> Registry:
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
    """The path that the registry keeps: without `~` and `..`, links not followed."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - `Path.absolute` keeps `..`


def describe(path: Path, name: str) -> Record:
    """A record of a GGUF file, from its header.

    Raises:
        ModelError: it is missing, or no GGUF of a model that can be run.
    """
    from benchwright_agent.models.gguf_file import read_gguf  # noqa: PLC0415 - keeps `--help` quick

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


def register(
    path: Path, name: str, *, source: str = "", licence: str = "", sha256: str = ""
) -> Record:
    """Makes a GGUF file known under a name; again for the same file is no error.

    Raises:
        ModelError: the name is not legal or taken, or the file is no model.
    """
    known = describe(path, check_name(name))
    record = replace(known, source=source, licence=licence, sha256=sha256)

    def add(registry: Registry) -> Registry:
        taken = registry.models.get(name)
        if taken is not None and taken.path != record.path:
            raise _taken(name, str(taken.path))
        if taken is None and name in CATALOGUE and not source:
            raise _taken(name, f"a model of the catalogue, {CATALOGUE[name].title}")
        kept = taken if taken is not None and taken.sha256 and not sha256 else record
        return replace(registry, models={**registry.models, name: kept})

    return _update(add).models[name]


def _taken(name: str, by: str) -> ModelError:
    return ModelError(f"the name {name} is taken by {by}", hint="give another with --name")


def bundled() -> dict[str, Record]:
    """The models that this package brings along."""
    return {
        name: Record(
            name=name,
            path=entry.origin.path,
            architecture="",
            parameters=entry.parameters,
            quantisation=entry.quantisation,
            context_tokens=entry.context_tokens,
            size_bytes=entry.size_bytes,
            source=str(entry.origin),
            licence=entry.licence,
        )
        for name, entry in CATALOGUE.items()
        if isinstance(entry.origin, BundledFile)
    }


def find(name: str) -> Record:
    """The model of a name, its file present.

    Raises:
        ModelError: it is not known, was not downloaded yet, or its file is gone.
    """
    known = {**bundled(), **read_registry().models}
    if name not in known:
        if name in CATALOGUE:
            raise ModelError(
                f"the model {name} is not on this machine", hint=f"benchwright model pull {name}"
            )
        raise ModelError(
            f"there is no model {name}",
            details=tuple(known),
            hint="`benchwright model list` shows those that there are; "
            "a file of your own: benchwright model use FILE.gguf",
        )
    record = known[name]
    if not record.is_here:
        raise ModelError(
            f"the file of the model {name} is gone: {record.path}",
            hint=_mend(name),
        )
    return record


def _mend(name: str) -> str:
    if name not in CATALOGUE:
        return f"put it back, or forget it: benchwright model remove {name}"
    if isinstance(CATALOGUE[name].origin, BundledFile):
        return "pip install --force-reinstall benchwright"
    return f"benchwright model pull {name}"


def use(name: str) -> Record:
    """Makes a model the one in use.

    Raises:
        ModelError: as `find`.
    """
    record = find(name)
    _update(lambda registry: replace(registry, in_use=name))
    return record


def use_first(name: str) -> bool:
    """Makes a model the one in use where there is none; whether it is now."""

    def choose(registry: Registry) -> Registry:
        return replace(registry, in_use=registry.in_use or name)

    return _update(choose).in_use == name


def partials(name: str) -> list[Path]:
    """What interrupted downloads of a model left."""
    return sorted(models_dir().glob(f"{check_name(name)}.gguf.*.partial"))


def remove(name: str) -> None:
    """Forgets a model; deletes its file, and what its downloads left, where they are the store's.

    Raises:
        ModelError: it is not known, or its file cannot be deleted.
    """

    def forget(registry: Registry) -> Registry:
        record = registry.models.get(name)
        rest = partials(name)
        if record is None and not rest:
            raise ModelError(f"there is no model {name} to remove", details=tuple(registry.models))
        with writing():
            for path in ([record.path] if record and record.is_own else []) + rest:
                path.unlink(missing_ok=True)
        models = {key: value for key, value in registry.models.items() if key != name}
        return replace(registry, models=models, in_use=_other(registry.in_use, name))

    _update(forget)


def _other(in_use: str | None, name: str) -> str | None:
    return None if in_use == name else in_use
