"""What a user meets when something is wrong or odd: one message, its exit code, nothing lost.

Every call gets a folder of its own for temporary files and a mark in its environment, by which
whatever it leaves behind is found.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.command import benchwright

MARK = "BENCHWRIGHT_TEST_MARK"

Files = Mapping[str, str | bytes]


def write(folder: Path, files: Files) -> None:
    """Puts files into a folder, which may have to be made."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(folder: Path) -> dict[str, bytes | str | None]:
    """All that is below a folder: bytes of files, targets of links, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = None
    return found


def processes(mark: str) -> list[str]:
    """Command lines of the processes that carry a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def assert_nothing_left(mark: str, temporary: Path) -> None:
    """No process and no temporary file outlives a command; those just killed get a moment."""
    deadline_s = time.monotonic() + 5
    while processes(mark) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert processes(mark) == []
    assert list(temporary.iterdir()) == []


def run(folder: Path, *arguments: str | Path, **extra: str) -> CompletedProcess[str]:
    """Runs the command in a folder; the folder's parent holds its temporary files."""
    mark = uuid.uuid4().hex
    temporary = folder.parent / f"temporary-{mark}"
    temporary.mkdir()
    result = benchwright(*arguments, cwd=folder, **({"TMPDIR": str(temporary), MARK: mark} | extra))
    assert_nothing_left(mark, temporary)
    return result


def one_line(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


def refused(
    folder: Path, *arguments: str | Path, code: int, says: Sequence[str], **extra: str
) -> CompletedProcess[str]:
    """Runs a command that cannot do what it is asked, and checks how it says so."""
    before = contents(folder)
    result = run(folder, *arguments, **extra)
    assert result.returncode == code, result.stderr
    message = one_line(result.stderr)
    for part in says:
        assert part in message, result.stderr
    if result.stdout:
        assert "--json" in arguments, result.stdout
        json.loads(result.stdout)
    assert contents(folder) == before
    return result


def generated(
    folder: Path, *arguments: str | Path, makes: Sequence[str], **extra: str
) -> dict[str, Any]:
    """Generates, and checks that it makes these files and touches no others; the JSON object."""
    before = contents(folder)
    result = run(folder, "generate", *arguments, "--json", **extra)
    assert result.returncode == 0, result.stderr
    after = contents(folder)
    assert sorted(after.keys() - before.keys()) == sorted(makes)
    assert {name: after[name] for name in before} == before
    record: dict[str, Any] = json.loads(result.stdout)
    return record
