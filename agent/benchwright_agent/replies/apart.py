"""Runs a function in a bounded child process: for text from a model that slang is to read.

slang's parser recurses without bound where modules, generate blocks or classes nest, and a few
macros expand to gigabytes; a model that repeats itself writes such text. Whatever happens to the
child, the caller only learns that the text could not be read. Costs about 60 ms.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchwright_sim.process import run

_LOG = logging.getLogger(__name__)
_TIMEOUT_S = 20.0
_MEMORY_BYTES = 1 << 30
_RESULT_BYTES = 16 << 20


def apart(function: str, argument: Any) -> Any:
    """What a function gives for an argument; both are JSON values.

    Args:
        function: `module:name`; named rather than given, so that the caller need not load it.
        argument: its only one.

    Returns:
        The result, None when the child crashed or exceeded 20 s or 1 GiB.

    Raises:
        OSError: the child cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="benchwright-") as folder:
        place = Path(folder, "value.json")
        place.write_text(json.dumps(argument), encoding="ascii")
        done = run(
            [sys.executable, "-P", "-m", "benchwright_agent.replies.apart", function, str(place)],
            cwd=Path(folder),
            timeout_s=_TIMEOUT_S,
            memory_bytes=_MEMORY_BYTES,
            file_bytes=_RESULT_BYTES,
            output_bytes=1 << 14,
        )
        if not done.ok:
            _LOG.debug("%s ended with %d: %s", function, done.returncode, done.output)
            return None
        return json.loads(place.read_bytes())


def _main(name: str, place: Path) -> None:
    module, _, function = name.partition(":")
    result = getattr(importlib.import_module(module), function)(json.loads(place.read_bytes()))
    place.write_text(json.dumps(result), encoding="ascii")


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
