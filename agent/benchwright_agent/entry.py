"""Where the program `benchwright` begins: Ctrl-C ends it quietly while the rest is being loaded.

Loading typer and rich takes a good part of a second, in which Python would answer Ctrl-C with a
traceback. So until `cli.main` is ready to take it, the signal does what it does to any program.
What an editor waits for does without them: a subcommand without arguments that the entry-point
group `benchwright.direct` names is called at once.
"""

from __future__ import annotations

import signal
import sys
from importlib import metadata
from typing import NoReturn


def main() -> NoReturn:
    """Loads the command line, or the part of it that is asked for, and runs it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if len(sys.argv) == 2:
        for direct in metadata.entry_points(group="benchwright.direct", name=sys.argv[1]):
            direct.load()()
            sys.exit(0)
    from benchwright_agent.cli.main import main as run  # noqa: PLC0415 - after the signal is set

    run()


if __name__ == "__main__":
    main()
