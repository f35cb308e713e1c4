"""The set-ups that docs/editors.md tells users to paste, taken from there to stay true."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "editors.md"


def setup_text(editor: str) -> str:
    """The block of code that is marked with an editor's name."""
    found = re.search(rf"^```\w+ {editor}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"{PAGE} has no block for {editor}"
    return found.group(1).replace("budget = 20", "budget = 2").replace(":budget 20", ":budget 2")


def editor_environment(home: Path) -> dict[str, str]:
    """The environment of an editor with a home of its own, which finds `benchwright`."""
    home.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    cache = os.environ.get("BENCHWRIGHT_CACHE_DIR") or str(Path.home() / ".cache" / "benchwright")
    data = str(home / "benchwright")
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "PATH": path,
        "BENCHWRIGHT_CACHE_DIR": cache,
        "BENCHWRIGHT_DATA_DIR": data,
    }
