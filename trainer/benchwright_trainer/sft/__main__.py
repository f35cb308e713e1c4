"""A training process: `python -m benchwright_trainer.sft REQUEST.json [prepare]`.

With `prepare`, samples become tokens and nothing is trained: for several processes one does it
beforehand. Ends at once when whoever started it does, which shows as the end of its input.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from benchwright_sim.errors import SimError
from benchwright_trainer.sft.request import Work, read_request

FAILED = 3
"""Exit status for an error of ours, which stands in the log."""


def main(request: str, *modes: str) -> int:
    """Does what the request asks for."""
    if not sys.stdin.isatty():
        threading.Thread(target=_end_with_input, daemon=True).start()
    from benchwright_trainer.sft import training  # noqa: PLC0415 - heavy

    path = Path(request).resolve()
    work = Work(path.parent)
    with training.telling(work.log) as tell:
        try:
            asked = read_request(path)
            training.prepare(asked, work, tell)
            if "prepare" not in modes:
                training.train(asked, work, tell)
        except SimError as error:
            tell({"event": "error", "message": error.message, "hint": error.hint,
                  "details": error.details})  # fmt: skip
            return FAILED
    return 0


def _end_with_input() -> None:
    while os.read(0, 1 << 16):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
