"""An editor with a server of its own, over stdio; every test sees that no process stays behind."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from pytest_lsp import ClientServerConfig

from tests.server.editor import Editor, living, make_editor

SERVER = (sys.executable, "-m", "benchwright_server")


@pytest.fixture
def server_command() -> tuple[str, ...]:
    """How the server is started; a module overrides it to have its own."""
    return SERVER


@pytest_asyncio.fixture
async def editor(server_command: tuple[str, ...], tmp_path: Path) -> AsyncIterator[Editor]:
    """An editor whose server is started and not yet initialised: `await editor.begin(folder)`.

    At the end the session is shut down, and no process that the server started may be left.
    """
    data = tmp_path / "benchwright-data"
    environment = {**os.environ, "BENCHWRIGHT_DATA_DIR": str(data)}
    config = ClientServerConfig(
        list(server_command), client_factory=make_editor, server_env=environment
    )
    client = await config.start()
    assert isinstance(client, Editor)
    family = [psutil.Process(client.pid)]
    yield client
    with suppress(psutil.NoSuchProcess):
        family += family[0].children(recursive=True)
    await client.shutdown_session()
    await client.stop()  # type: ignore[no-untyped-call]  # pytest-lsp's own
    assert living(family) == []


@pytest.fixture
def design(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a design of `tests/rtl` into a workspace of its own, and gives the copy."""

    def copy(name: str) -> Path:
        workspace = tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        target = workspace / Path(name).name
        target.write_bytes((Path(__file__).parents[1] / "rtl" / name).read_bytes())
        return target

    return copy
