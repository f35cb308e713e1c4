"""Files for the user: never replaced unasked, written whole or not at all."""

from __future__ import annotations

import keyword
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchwright_agent.options import GenerateOptions
from benchwright_sim.errors import OutputError

_PREFIX = ".benchwright-"


def check_writable(options: GenerateOptions) -> None:
    """Finds out before any work whether every output can be written.

    Raises:
        OutputError: one exists and may not be replaced, its folder takes no files, or a cocotb
            test has a name that Python cannot import.
    """
    if options.format == "cocotb":
        _check_module(options.output)
    for path in options.outputs:
        try:
            _check(path, force=options.force)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror}", hint="choose another place with -o"
            ) from error


def _check_module(path: Path) -> None:
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or keyword.iskeyword(name):
        raise OutputError(
            f"{path} is not the file of a Python module, which a cocotb test has to be",
            hint="name it like test_fifo.py with -o",
        )
    if name in sys.stdlib_module_names - {"test"} or name.startswith("cocotb"):
        raise OutputError(
            f"{path} would stand in the way of Python's module {name}",
            hint="name it like test_fifo.py with -o",
        )


def _check(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder", hint="name a file with -o")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is a device, not a file", hint="name a file with -o")
    if not force and (path.exists() or path.is_symlink()):
        raise OutputError(
            f"{path} exists already", hint="give another name with -o, or --force to replace it"
        )
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"there is no folder {folder}", hint=f"make it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {folder} is not writable", hint="choose another with -o")
    with tempfile.NamedTemporaryFile(dir=folder, prefix=_PREFIX):
        pass


def write_outputs(files: Mapping[Path, str], *, force: bool) -> None:
    """Writes each file under a temporary name first and puts it in place last.

    Raises:
        OutputError: a file exists by now and may not be replaced, or cannot be written; nothing
            that was there before is changed, and no new file is left without the others.
    """
    written: list[tuple[str, Path]] = []
    placed: list[Path] = []
    path = Path()
    try:
        for path, text in files.items():
            written.append((_write_beside(path, text), path))
        for temporary, path in written:
            _put_in_place(temporary, path, force=force)
            placed.append(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space or choose another place with -o",
        ) from error
    finally:
        if len(placed) < len(files) and not force:
            for path in placed:
                path.unlink(missing_ok=True)
        for temporary, _ in written:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()


def _write_beside(path: Path, text: str) -> str:
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=_PREFIX, delete=False, encoding="utf-8"
    ) as handle:
        try:
            handle.write(text)
            handle.flush()
        except OSError:
            Path(handle.name).unlink()
            raise
    mask = os.umask(0)
    os.umask(mask)
    Path(handle.name).chmod(0o666 & ~mask)
    return handle.name


def _put_in_place(temporary: str, path: Path, *, force: bool) -> None:
    if force:
        Path(temporary).replace(path)
        return
    try:
        try:
            os.link(temporary, path)
        except PermissionError:
            _reserve(path)
            Path(temporary).replace(path)
    except FileExistsError:
        raise OutputError(f"{path} exists already", hint="--force replaces it") from None


def _reserve(path: Path) -> None:
    """Makes an empty file where there is none: for file systems without hard links (FAT)."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
