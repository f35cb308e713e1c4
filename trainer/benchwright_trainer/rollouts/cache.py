"""Results of the simulator by content, so that no testbench is ever run twice on the same design.

One file a result, named by the SHA-256 of all that it depends on: the testbench, the design's
files and options, the bounds, and the versions of the tools. Failures are results like others;
errors of tools and machine are none and leave nothing. A file that is damaged (its checksum, its
JSON, its fields) counts as missing and is written again. Any number of processes may use a folder
at once, over a network too: files are written aside and moved into place, and whoever writes second
writes the same. What has not been used for longest is removed where the folder outgrows its bound.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.repository import included_files
from benchwright_agent.protocol.task import Attempt, Draft, Task, source_texts
from benchwright_sim.errors import OutputError
from benchwright_sim.toolchain import find_toolchain
from benchwright_trainer.rollouts.attempt_json import (
    DAMAGED,
    attempt_from_json,
    attempt_to_json,
    settled,
)

MOST_BYTES = 4 << 30

_FORMAT = 1


class SimulationCache:
    """Judges drafts, each once.

    Args:
        folder: made when it is not there; None remembers nothing.

    Attributes:
        simulations: testbenches that the simulator was called for.
        hits: results that were there already.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.simulations = 0
        self.hits = 0

    def judge(self, draft: Draft, task: Task, design: str, *, timeout_s: float) -> Attempt:
        """What becomes of a draft; the same whether it was simulated now or then.

        Args:
            draft: see `judging.judge`.
            task: the same.
            design: `design_digest` of the task.
            timeout_s: that the testbench may run.

        Raises:
            ToolchainError: Verilator or a compiler is missing, broken or was killed.
            OutputError: the disk fills up.
        """
        key = _digest([_FORMAT, design, draft.text, draft.top, task.instance, timeout_s])
        known = self._known(key, draft, task)
        if known is not None:
            self.hits += 1
            return known
        attempt = settled(judge(draft, task, timeout_s=timeout_s))
        self.simulations += attempt.feedback is not None
        self._keep(key, attempt_to_json(attempt, task.elaboration.design.root))
        return attempt

    def _known(self, key: str, draft: Draft, task: Task) -> Attempt | None:
        if self._folder is None:
            return None
        path = _place(self._folder, key)
        try:
            data = path.read_bytes()
            value = json.loads(zlib.decompress(data))
            attempt = attempt_from_json(value, draft, task.elaboration.design.root)
        except (OSError, zlib.error, RecursionError, *DAMAGED):
            return None
        with suppress(OSError):
            os.utime(path)  # says that it was used
        return attempt

    def _keep(self, key: str, value: Mapping[str, Any]) -> None:
        if self._folder is None:
            return
        path = _place(self._folder, key)
        data = zlib.compress(json.dumps(value).encode(), 6)
        aside = path.with_name(f".{key[2:]}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                aside.write_bytes(data)
                aside.replace(path)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"the cache {self._folder} cannot be written: {error.strerror}",
                hint="free some space, or name another folder",
            ) from error


def design_digest(task: Task) -> str:
    """Names all but the testbench that a simulation depends on: design, options, tools."""
    design = task.elaboration.design
    files = dict.fromkeys((*included_files(design), *design.sources))
    texts = source_texts(design.root, tuple(files), design.overlay)
    toolchain = find_toolchain()
    return _digest(
        [
            metadata.version("benchwright"),
            toolchain.verilator_version,
            toolchain.compiler.version,
            task.module,
            [[file.name, file.text] for file in (*texts, *task.files)],
            [str(folder).removeprefix(str(design.root)) for folder in design.include_dirs],
            design.defines,
            design.parameters,
            design.legacy_keywords,
        ]
    )


def prune(folder: Path, most_bytes: int = MOST_BYTES) -> int:
    """Removes what was not used for longest until a cache is within its bound.

    Returns:
        Bytes that it has then.
    """
    found = []
    for path in folder.glob("??/*"):
        with suppress(OSError):  # another process may have removed it
            status = path.stat()
            found.append((status.st_mtime_ns, path.name, path, status.st_size))
    total = sum(size for *_, size in found)
    for _, _, path, size in sorted(found, key=lambda item: item[:2]):
        if total <= most_bytes:
            break
        with suppress(OSError):
            path.unlink()
            total -= size
    return total


def _place(folder: Path, key: str) -> Path:
    return folder / key[:2] / key[2:]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
