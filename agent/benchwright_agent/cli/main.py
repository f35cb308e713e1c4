"""The command `benchwright`: finds its subcommands and is the boundary where errors become exits.

Subcommands are entry points of the group `benchwright.commands`, each a function with typer
annotations or a `typer.Typer` of its own, so that a package above this one adds commands without
being imported here. A subcommand that cannot be loaded costs its own name, never the others.

Exit codes: 0 done, 1 a coverage target was missed, 2 wrong usage, 3 to 14 as the error classes say,
70 an unexpected error of ours, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from types import FrameType
from typing import Annotated, NoReturn

import typer

from benchwright_agent.cli.console import print_error
from benchwright_sim.errors import OutputError, SimError, ToolchainError

GROUP = "benchwright.commands"
ORDER = ("generate", "simulate", "explain", "report", "eval", "model", "train", "lsp", "doctor")
EXIT_UNEXPECTED = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

EPILOG = """\b
Exit codes:
  0  done             6  unsupported design      12  model
  1  target missed    7  output file             13  suite, evaluation
  2  wrong usage      8  toolchain               14  training
  3  sources          9  the design cannot run   70  a bug of ours
  4  top module      10  coverage or run file   130  interrupted
  5  setting         11  stimulus program
"""

_ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"benchwright {version('benchwright')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Log to stderr and show tracebacks; may also follow a command. "
            "BENCHWRIGHT_DEBUG=1 does the same.",
        ),
    ] = False,
) -> None:
    """Closes code coverage of Verilog and SystemVerilog modules."""


def _rank(point: EntryPoint) -> tuple[int, str]:
    return (ORDER.index(point.name) if point.name in ORDER else len(ORDER), point.name)


def build_app() -> typer.Typer:
    """The typer application with every subcommand that could be loaded."""
    app = typer.Typer(
        name="benchwright",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=EPILOG)(_root)
    for point in sorted(entry_points(group=GROUP), key=_rank):
        try:
            command = point.load()
        except (ImportError, AttributeError) as error:
            app.command(point.name, hidden=True, context_settings=_ANY_ARGUMENTS)(
                _broken(point.name, str(error))
            )
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=point.name)
        else:
            app.command(point.name)(command)
    return app


def _broken(name: str, reason: str) -> Callable[[], None]:
    """What stands in for a command whose package is damaged or lacks an extra."""

    def command() -> None:
        raise ToolchainError(
            f"the command {name} cannot be loaded: {reason}",
            hint="install the package that it belongs to, with the extras that it needs",
        )

    return command


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    """Lets `finally` clauses run on SIGTERM, so that no child process is left behind."""
    raise SystemExit(EXIT_TERMINATED)


def _wants_debug(arguments: list[str]) -> tuple[bool, list[str]]:
    """Whether `--debug` was given, and the arguments without it (after `--` all is a file)."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [a for i, a in enumerate(arguments) if a != "--debug" or i > end]
    found = len(kept) < len(arguments) or os.environ.get("BENCHWRIGHT_DEBUG", "") not in {"", "0"}
    return found, kept


def _exit_code_of(error: Exception) -> int:
    """Prints what went wrong in a line or a few, and says which code to exit with."""
    if isinstance(error, SimError):
        print_error(str(error))
        return error.exit_code
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        print_error(f"{error}\n  -> free some space, or name another folder")
        return OutputError.exit_code
    summary = str(error).partition("\n")[0]
    print_error(
        f"unexpected {type(error).__name__}: {summary}\n"
        "  -> a bug of ours: please report it with what `--debug` prints"
    )
    return EXIT_UNEXPECTED


def _was_interrupted(ending: SystemExit) -> bool:
    """Whether typer made this of a Ctrl-C that no command dealt with; typer says nothing of it."""
    cause = ending.__context__
    return cause is not None and isinstance(cause.__cause__, KeyboardInterrupt)


def main() -> NoReturn:
    """Runs the command line and exits."""
    debug, arguments = _wants_debug(sys.argv[1:])
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a bar's blocks shows question marks, not a traceback.
            stream.reconfigure(errors="replace")
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        build_app()(arguments, prog_name="benchwright")
    except SystemExit as ending:
        if _was_interrupted(ending):
            print_error("interrupted")
        raise
    except KeyboardInterrupt:
        print_error("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the process boundary: a user never sees a traceback
        if debug:
            traceback.print_exc()
        sys.exit(_exit_code_of(error))
    sys.exit(0)


if __name__ == "__main__":
    main()
