"""Models on this machine by name: downloaded ones, files of the user's, and those brought along.

A file of the user's own is registered by its path, and never copied, moved or deleted.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from benchwright_agent.models.installed.catalogue import CATALOGUE, BundledFile
from benchwright_agent.models.installed.data_folder import models_dir, writing
from benchwright_agent.models.installed.registry import (
    NONE,
    Record,
    Registry,
    check_name,
    describe,
    is_name,
    read_registry,
    update_registry,
)
from benchwright_agent.models.model import ModelError


def name_for(file: str) -> str:
    """A legal name after that of a file, which may be anything."""
    stem = re.sub(r"\.gguf$", "", file.replace("\\", "/").rpartition("/")[2], flags=re.IGNORECASE)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100]
    return name if is_name(name) else "model"


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
        if taken is not None and taken.path != record.path and taken.is_here:
            raise _taken(name, str(taken.path))
        if taken is None and name in CATALOGUE and not source:
            raise _taken(name, f"a model of the catalogue, {CATALOGUE[name].title}")
        is_download = taken is not None and taken.path == record.path and taken.source
        if is_download and not source:  # named by its path: what is known of it stays
            return registry
        return replace(registry, models={**registry.models, name: record})

    return update_registry(add).models[name]


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
    update_registry(lambda registry: replace(registry, in_use=name))
    return record


def use_none() -> None:
    """Chooses that no model is asked."""
    update_registry(lambda registry: replace(registry, in_use=NONE))


def use_first(name: str) -> bool:
    """Makes a model the one in use where there is none; whether it is now."""

    def choose(registry: Registry) -> Registry:
        return replace(registry, in_use=registry.in_use or name)

    return update_registry(choose).in_use == name


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

    update_registry(forget)


def _other(in_use: str | None, name: str) -> str | None:
    return None if in_use == name else in_use
