"""The command's shell: subcommands found by entry point, and errors that become exit codes.

The subcommands here come from a real plugin that is put on the path, as another package would.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PLUGIN = '''
import errno, os, signal, sys, time
from pathlib import Path
import typer
from benchwright_sim.errors import Location, SimError, SourceError

def boom(what: str) -> None:
    """Fails in the way that is asked for."""
    if what == "source":
        where = Location(Path("a[b].sv"), 3, 7)
        raise SourceError("unknown module [bold]", location=where, hint="add its file")
    if what == "bug":
        raise ValueError("first line\\nsecond line")
    if what == "full":
        raise OSError(errno.ENOSPC, "No space left on device", "out.sv")
    if what == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    if what == "wait":
        print("waiting", flush=True)
        try:
            time.sleep(30)
        finally:
            print("cleaned up", flush=True)
    if what == "flood":
        for _ in range(100000):
            print("x" * 100)
    print("done " + what)

group = typer.Typer(help="A group of commands.")

@group.command("list")
def list_models() -> None:
    print("listed")

@group.command("drop")
def drop_model() -> None:
    print("dropped")
'''
QUICK = """
import sys

def quick():
    print("typer" in sys.modules)
"""
ENTRY_POINTS = """
[benchwright.commands]
boom = plugin_under_test:boom
many = plugin_under_test:group
gone = plugin_that_is_not_there:command

[benchwright.direct]
quick = quick_plugin:quick
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed distribution that adds three commands, one of them broken."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "plugin_under_test.py").write_text(PLUGIN)
    (folder / "quick_plugin.py").write_text(QUICK)
    info = folder / "plugin_under_test-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-under-test\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


def environment(plugin: Path) -> dict[str, str]:
    """This environment with the plugin on the path and nothing that changes the output."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BENCHWRIGHT_")}
    return kept | {"PYTHONPATH": str(plugin), "COLUMNS": "100", "TERM": "dumb"}


def command(*arguments: str) -> list[str]:
    """The command line as an argument list."""
    return [sys.executable, "-m", "benchwright_agent.cli.main", *arguments]


def run(plugin: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(plugin) | extra,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_lists_commands_and_exit_codes(plugin: Path) -> None:
    result = run(plugin, "--help")
    assert result.returncode == 0
    for name in ("generate", "simulate", "report", "doctor", "boom", "many", "Exit codes"):
        assert name in result.stdout


def test_no_arguments_show_the_help(plugin: Path) -> None:
    assert "Usage" in run(plugin).stdout


def test_a_direct_subcommand_waits_for_no_library(plugin: Path) -> None:
    begun = [sys.executable, "-m", "benchwright_agent.entry", "quick"]
    result = subprocess.run(
        begun, env=environment(plugin), capture_output=True, text=True, check=False
    )
    assert result.stdout == "False\n", result.stderr


def test_version(plugin: Path) -> None:
    result = run(plugin, "--version")
    assert (result.returncode, result.stdout.split()[0]) == (0, "benchwright")


def test_a_command_group_of_another_package_is_found(plugin: Path) -> None:
    assert run(plugin, "many", "list").stdout == "listed\n"


def test_a_command_that_cannot_be_loaded_costs_only_itself(plugin: Path) -> None:
    result = run(plugin, "boom", "nothing")
    assert (result.returncode, result.stdout) == (0, "done nothing\n")
    assert "gone" not in result.stderr
    unknown = run(plugin, "gone", "x", "--y")
    assert unknown.returncode == 8
    assert "the command gone cannot be loaded" in unknown.stderr
    assert "plugin_that_is_not_there" in unknown.stderr


def test_wrong_usage_exits_2(plugin: Path) -> None:
    assert run(plugin, "boom").returncode == 2
    assert run(plugin, "no-such-command").returncode == 2
    assert run(plugin, "boom", "x", "--no-such-option").returncode == 2


def test_an_error_of_the_user_has_place_hint_and_code(plugin: Path) -> None:
    result = run(plugin, "boom", "source")
    assert result.returncode == 3
    assert result.stdout == ""
    assert result.stderr == "error: a[b].sv:3:7: unknown module [bold]\n  -> add its file\n"


def test_a_bug_is_a_line_and_a_traceback_on_request(plugin: Path) -> None:
    plain = run(plugin, "boom", "bug")
    assert plain.returncode == 70
    assert "unexpected ValueError: first line" in plain.stderr
    assert "Traceback" not in plain.stderr
    for result in (
        run(plugin, "--debug", "boom", "bug"),
        run(plugin, "boom", "bug", "--debug"),
        run(plugin, "boom", "bug", BENCHWRIGHT_DEBUG="1"),
    ):
        assert result.returncode == 70
        assert "Traceback" in result.stderr


def test_after_two_dashes_debug_is_an_argument(plugin: Path) -> None:
    assert run(plugin, "boom", "--", "--debug").stdout == "done --debug\n"


def test_a_full_disk_has_the_code_of_an_output_file(plugin: Path) -> None:
    result = run(plugin, "boom", "full")
    assert result.returncode == 7
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


def test_ctrl_c_is_said_and_exits_130(plugin: Path) -> None:
    result = run(plugin, "boom", "interrupt")
    assert (result.returncode, result.stderr) == (130, "error: interrupted\n")


def test_termination_lets_the_command_clean_up(plugin: Path) -> None:
    with subprocess.Popen(
        command("boom", "wait"),
        env=environment(plugin),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        output, errors = child.communicate(timeout=30)
    assert (child.returncode, output, errors) == (143, "cleaned up\n", "")


def test_a_reader_that_stops_is_no_error(plugin: Path) -> None:
    with subprocess.Popen(
        command("boom", "flood"),
        env=environment(plugin),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr is not None
        errors = child.stderr.read()
        child.wait(timeout=30)
    assert errors == ""


def test_a_terminal_without_unicode_is_served(plugin: Path) -> None:
    result = run(plugin, "--help", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "generate" in result.stdout
