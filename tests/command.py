"""The command line as a user calls it: a process of its own, with its streams and exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "benchwright_agent.entry")
TIMEOUT_S = 300

NO_DATA = str(Path(__file__).parent / "no-data")
"""Where no model of this machine's user lies."""


def environment(**extra: str) -> dict[str, str]:
    """This environment without what would change the output."""
    drop = {"BENCHWRIGHT_DEBUG", "BENCHWRIGHT_CXX", "BENCHWRIGHT_MODEL", "FORCE_COLOR", "NO_COLOR"}
    drop |= {"OPENAI_API_KEY", "OPENAI_BASE_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    usual = {"COLUMNS": "100", "TERM": "dumb", "BENCHWRIGHT_MODEL": "none"}
    return kept | usual | {"BENCHWRIGHT_DATA_DIR": NO_DATA} | extra


def benchwright(
    *arguments: str | Path, cwd: Path, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end; `extra` are environment variables."""
    result = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result
