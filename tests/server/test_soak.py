"""A long session with everything at once: edits at random, requests, runs; nothing may go wrong.

A thousand edits, or as many as `BENCHWRIGHT_SOAK_EDITS` says. After all of them the log is clean,
every answer stood where its text stands, memory is what it was and no process is left.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from tests.server.editor import Editor
from tests.server.jobs import EXAMPLES
from tests.server.soak import Soak

N_EDITS = int(os.environ.get("BENCHWRIGHT_SOAK_EDITS", "1000"))
SEED = int(os.environ.get("BENCHWRIGHT_SOAK_SEED", "1"))
GROWN_BYTES = 16_000_000
"""What a server may grow by after the first quarter of the edits, however many they are."""

pytestmark = pytest.mark.asyncio


@pytest.fixture
def server_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    program = Path(sys.executable).with_name("benchwright")
    return (str(program), "lsp", "--log", str(tmp_path / "server.log"))


def processes_of(data: Path) -> list[psutil.Process]:
    """Every process whose environment names a data folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("BENCHWRIGHT_DATA_DIR") == str(data):
                found.append(process)
    return found


async def test_a_long_session_goes_wrong_nowhere(editor: Editor, tmp_path: Path) -> None:
    folders = []
    for name in ("02_fifo", "06_cache"):
        folders.append(tmp_path / "workspace" / name)
        shutil.copytree(EXAMPLES / name, folders[-1])
    editor.answer = lambda _: "Replace"
    await editor.begin(*folders, options={"useModel": False, "budget": 1})
    server = psutil.Process(editor.pid)
    soak = Soak(editor, tmp_path / "workspace", Random(SEED))
    sheets = {sheet.path.name: sheet for sheet in soak.typist.sheets}
    for name in ("fifo.sv", "cache.sv"):
        assert (await soak.measure(sheets[name]))["state"] == "done"
    await soak.edits(N_EDITS // 4)
    await soak.rest()
    warm_bytes = server.memory_info().rss
    await soak.edits(N_EDITS - N_EDITS // 4)
    await soak.rest()
    soak.typist.settle()
    assert (await soak.measure(sheets["fifo.sv"]))["state"] == "done"
    end_bytes = server.memory_info().rss
    assert soak.wrong == [], soak.done
    assert end_bytes - warm_bytes < GROWN_BYTES, (warm_bytes, end_bytes, soak.done)
    await editor.shutdown_session()
    editor.capabilities = None
    psutil.wait_procs([server], timeout=5)
    assert processes_of(tmp_path / "benchwright-data") == []
    assert list((tmp_path / "temporary").glob("benchwright-*")) == []
    log = (tmp_path / "server.log").read_text("utf-8")
    assert not re.findall(r"^.* (?:ERROR|CRITICAL) .*$|^Traceback.*$", log, re.M)
