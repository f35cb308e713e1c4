"""A model, from its name in the catalogue, the hub or a URL, into the store.

Downloaded to a `.partial` file beside its place; checked there for size, SHA-256 and a header that
can be read; then moved. So a name in the store always stands for a whole file. A download that was
interrupted, however that happened, goes on where it was; two of the same model wait for each other.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from rich.filesize import decimal

from benchwright_agent.models.installed import hub, store
from benchwright_agent.models.installed.catalogue import CATALOGUE, BundledFile
from benchwright_agent.models.installed.data_folder import locked, models_dir, writing
from benchwright_agent.models.installed.registry import Record, check_name, describe, read_registry
from benchwright_agent.models.installed.transfer import OnBytes, Remote, fetch, probe
from benchwright_agent.models.model import ModelError

OnNote = Callable[[str], None]
"""Told in a few words what happens now."""

MARGIN_BYTES = 64 << 20
"""What a download leaves free on the disk."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def pull(
    spec: str, *, name: str | None = None, sha256: str = "", on_note: OnNote, on_bytes: OnBytes
) -> Record:
    """Downloads a model and registers it; one that is there already is only looked up.

    Args:
        spec: a name of the catalogue, a file of the hub (`hub.read_spec`) or the URL of a GGUF.
        name: for the store; the catalogue's, else made from the file's.
        sha256: that the file must have; the hub's own is checked anyway.
        on_note: told what happens.
        on_bytes: told of progress.

    Raises:
        ModelError: it cannot be had, or is not what it should be; the message says what to do.
    """
    if sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ModelError(f"{sha256!r} is no SHA-256", hint="legal: 64 hexadecimal digits")
    name = check_name(name) if name else None
    known = _known(name or spec, spec)
    if known is not None and sha256.lower() in {"", known.sha256}:
        on_note(f"{known.name} is here already")
        return known
    name, remote = locate(spec, name, sha256.lower())
    stated = sha256.lower() or remote.sha256
    if remote.sha256 and stated != remote.sha256:
        raise ModelError(f"{remote.source} has SHA-256 {remote.sha256}, not {stated}")
    remote = replace(remote, sha256=stated)
    place = models_dir() / f"{name}.gguf"
    waits = f"another process is downloading {name}; waiting for it"
    with locked(place.with_name(f".{name}.lock"), on_wait=lambda: on_note(waits)):
        known = read_registry().models.get(name)
        if known is not None and known.is_here:
            _check_same(known, remote)
            on_note(f"{name} is here already")
            return known
        on_note(
            f"{name} from {remote.host}, {_size(remote)}, licence {remote.licence or 'unknown'}"
        )
        with writing():
            digest = _download(remote, place, on_note, on_bytes)
        return store.register(
            place, name, source=remote.source, licence=remote.licence, sha256=digest
        )


def _known(name: str, spec: str) -> Record | None:
    """The model of the catalogue, where it is here under its name: found without the network."""
    record = read_registry().models.get(name)
    if record is None or spec not in CATALOGUE or not record.is_here:
        return None
    return record if record.source.startswith(f"{CATALOGUE[spec].origin}@") else None


def _size(remote: Remote) -> str:
    return "size unknown" if remote.size_bytes is None else decimal(remote.size_bytes)


def _check_same(known: Record, remote: Remote) -> None:
    same = known.sha256 == remote.sha256 if remote.sha256 else known.source == remote.source
    if not same:
        raise ModelError(
            f"the name {known.name} is taken by {known.source or known.path}",
            hint=f"give another with --name, or first: benchwright model remove {known.name}",
        )


def locate(spec: str, name: str | None = None, sha256: str = "") -> tuple[str, Remote]:
    """The name that a model gets, and where it comes from; a URL gets the SHA-256 that is stated.

    Raises:
        ModelError: nothing is called so, or the hub does not say.
    """
    entry = CATALOGUE.get(spec)
    if entry is not None:
        if isinstance(entry.origin, BundledFile):
            raise ModelError(f"{spec} is here already", hint=f"benchwright model use {spec}")
        origin = entry.origin
        _, remote = hub.resolve(hub.HubSpec(origin.repository, origin.file, "", origin.revision))
        return name or spec, replace(remote, licence=remote.licence or entry.licence)
    if "://" in spec:
        return _from_url(spec, name, sha256)
    wanted = None if Path(spec).exists() else hub.read_spec(spec)
    if wanted is None:
        raise _unknown(spec)
    file, remote = hub.resolve(wanted)
    return name or store.name_for(file), remote


def _unknown(spec: str) -> ModelError:
    if spec.lower().endswith(".gguf"):
        return ModelError(
            f"{spec} is a file, which needs no download", hint=f"benchwright model use {spec}"
        )
    return ModelError(
        f"nothing is called {spec!r}",
        details=tuple(CATALOGUE),
        hint="name a model of the catalogue, hub:OWNER/REPO[/FILE.gguf|:QUANTISATION][@REVISION], "
        "or the URL of a .gguf file",
    )


def _from_url(spec: str, name: str | None, sha256: str) -> tuple[str, Remote]:
    url = quote(spec, safe=string.punctuation)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ModelError(f"{spec!r} is no URL: {error}") from error
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.scheme == "https" or local) or not parts.hostname:
        raise ModelError(f"{_public(parts)} cannot be downloaded", hint="legal: https://...")
    if parts.username is not None:
        raise ModelError(f"{_public(parts)}: a URL with a password is not supported")
    if not unquote(parts.path).lower().endswith(".gguf"):
        raise ModelError(
            f"{_public(parts)} is not the URL of a GGUF file", hint="name a .gguf file"
        )
    access = "the URL may have expired"
    remote = Remote(url=url, source=_public(parts), sha256=sha256, access=access)
    return name or store.name_for(unquote(parts.path)), probe(remote)


def _public(parts: SplitResult) -> str:
    """A URL without what only its user may know."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _download(remote: Remote, place: Path, on_note: OnNote, on_bytes: OnBytes) -> str:
    """Puts the file in its place; its SHA-256."""
    partial = _partial(remote, place)
    if place.exists():
        _adopt(place, partial, remote)
    have = partial.stat().st_size if partial.exists() else 0
    _check_room(remote, have)
    if have:
        on_note(f"going on after {decimal(have)}")
    try:
        fetch(remote, partial, on_bytes=on_bytes)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _no_room(remote, partial.stat().st_size) from error
        raise
    on_note("checking")
    digest = _check(remote, partial)
    with partial.open("rb") as handle:
        os.fsync(handle.fileno())
        partial.replace(place)
    for rest in store.partials(place.stem):
        rest.unlink()
    return digest


def _adopt(place: Path, partial: Path, remote: Remote) -> None:
    """Takes a file that a download left whole, ended before it was registered."""
    if remote.size_bytes not in {None, place.stat().st_size}:
        raise ModelError(
            f"{place} is in the way, and not what {remote.source} gives",
            hint="move it away, or use it: benchwright model use FILE.gguf",
        )
    place.replace(partial)


def _partial(remote: Remote, place: Path) -> Path:
    """The file of a download that is under way: another version of the model has another."""
    version = remote.sha256 or f"{remote.source} {remote.etag} {remote.size_bytes}"
    key = hashlib.sha256(version.encode()).hexdigest()[:12]
    return place.with_name(f"{place.name}.{key}.partial")


def _check_room(remote: Remote, have: int) -> None:
    if remote.size_bytes is None:
        return
    if shutil.disk_usage(models_dir()).free < remote.size_bytes - have + MARGIN_BYTES:
        raise _no_room(remote, have)


def _no_room(remote: Remote, have: int) -> ModelError:
    size = "more" if remote.size_bytes is None else decimal(remote.size_bytes - have)
    folder = models_dir()
    return ModelError(
        f"{remote.source} needs {size}{' more' if have and remote.size_bytes else ''}, and "
        f"{decimal(shutil.disk_usage(folder).free)} are free in {folder}",
        hint="free some space, or choose another folder: export BENCHWRIGHT_DATA_DIR=PATH",
    )


def _check(remote: Remote, partial: Path) -> str:
    """The SHA-256 of what came; what is not as it should be is deleted."""
    with partial.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    if remote.sha256 and digest != remote.sha256:
        partial.unlink()
        raise ModelError(
            f"what came from {remote.source} is damaged, and was deleted: "
            f"its SHA-256 is {digest}, not {remote.sha256}",
            hint="run it again",
        )
    try:
        describe(partial, "model")
    except ModelError as error:
        partial.unlink()
        raise ModelError(
            f"what came from {remote.source} cannot be used, and was deleted: {error.message}",
            details=error.details,
            hint=error.hint,
        ) from error
    return digest
