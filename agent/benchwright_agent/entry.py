"""Where the program `benchwright` begins: Ctrl-C ends it quietly while the rest is being loaded.

Loading typer and rich takes a good part of a second, in which Python would answer Ctrl-C with a
traceback. So until `cli.main` is ready to take it, the signal does what it does to any program.
"""

from __future__ import annotations

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Loads the command line and runs it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from benchwright_agent.cli.main import main as run  # noqa: PLC0415 - after the signal is set

    run()


if __name__ == "__main__":
    main()
