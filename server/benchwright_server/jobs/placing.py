"""A testbench's place among the user's files: where it goes, and what is never replaced unasked.

A file that holds what we wrote there is ours to replace. For any other one the user decides; where
the client cannot ask, a name that is free is taken.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from benchwright_server.documents import read_text, sha_of
from benchwright_sim.errors import OutputError

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer

logger = logging.getLogger(__name__)

REPLACE, KEEP, CANCEL = "Replace", "Keep both", "Cancel"

_NO_NAME = re.compile(r"[^\w$.-]")
_MAX_NAMES = 1000
_ELSEWHERE = "choose another place with the setting benchwright.output"


def planned(source: Path, pattern: str, top: str, suffix: str = "") -> Path:
    """Where a testbench of a design's source goes.

    Args:
        source: of the design; patterns are relative to its folder.
        pattern: with `{top}` for the top module.
        top: the top module.
        suffix: goes before the file's suffix, such as `_rest`.

    Raises:
        OutputError: it would be the source itself.
    """
    path = source.parent / pattern.replace("{top}", _NO_NAME.sub("_", top))
    path = path.with_name(f"{path.stem}{suffix}{path.suffix}")
    if path == source:
        raise OutputError(
            f"the testbench would replace its design {path.name}",
            hint=_ELSEWHERE,
        )
    return path


def check_place(path: Path) -> None:
    """Finds out before a run whether its testbench can be written.

    Raises:
        OutputError: the place is no file, or its folder takes none.
    """
    if path.exists() and not path.is_file():
        raise OutputError(f"the testbench's place {path} is no file", hint=_ELSEWHERE)
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(f"{path} cannot be written below {folder}", hint=_ELSEWHERE)


async def place(
    server: BenchwrightServer, path: Path, text: str, written: Collection[str]
) -> Path | None:
    """Writes a testbench, asking first where that would replace the user's work.

    Args:
        server: whose client is asked.
        path: where it is to be.
        text: the testbench.
        written: SHA-256 of texts that we wrote there before.

    Returns:
        Where it is, None when the user wants it nowhere.

    Raises:
        OutputError: it cannot be written.
    """
    if await _is_free(server, path, written):
        await asyncio.to_thread(_write, path, text, force=True)
        return path
    answer = await _ask(server, path)
    if answer == CANCEL:
        return None
    if answer == REPLACE:
        await asyncio.to_thread(_write, path, text, force=True)
        return path
    return await asyncio.to_thread(_write_beside, path, text)


async def _is_free(server: BenchwrightServer, path: Path, written: Collection[str]) -> bool:
    """Whether nothing is there, or only what we wrote, with no unsaved change in the editor."""
    if path in await server.documents.overlay():
        return False
    present = await asyncio.to_thread(read_text, path)
    if present is None:
        return not await asyncio.to_thread(path.exists)
    return sha_of(present) in written


async def _ask(server: BenchwrightServer, path: Path) -> str:
    window = server.client_capabilities.window
    if not (window and window.show_message):
        return KEEP
    question = lsp.ShowMessageRequestParams(
        type=lsp.MessageType.Warning,
        message=f"{path.name} exists already, and is not as Benchwright wrote it.",
        actions=[lsp.MessageActionItem(title) for title in (REPLACE, KEEP, CANCEL)],
    )
    try:
        answer = await server.window_show_message_request_async(question)
    except JsonRpcException as error:
        logger.warning("the client does not ask: %s", error)
        return KEEP
    return CANCEL if answer is None else answer.title


def _write_beside(path: Path, text: str) -> Path:
    for name in _names(path):
        if not name.exists() and not name.is_symlink():
            _write(name, text, force=False)
            return name
    raise OutputError(f"{path} and {_MAX_NAMES} names like it are taken", hint="clear them up")


def _names(path: Path) -> Iterator[Path]:
    for number in range(2, _MAX_NAMES):
        yield path.with_name(f"{path.stem}_{number}{path.suffix}")


def _write(path: Path, text: str, *, force: bool) -> None:
    from benchwright_agent.output import write_outputs  # noqa: PLC0415 - loads the emitters

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {path.parent} cannot be made: {error.strerror}", hint=_ELSEWHERE
        ) from error
    try:
        write_outputs({path: text}, force=force)
    except OutputError as error:
        error.hint = _ELSEWHERE
        raise
