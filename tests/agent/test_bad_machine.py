"""A machine that fails: compilers, caches, disks, permissions, signals and killed processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchwright_sim.toolchain import cache_dir
from tests.command import COMMAND, environment
from tests.outcome import MARK, assert_nothing_left, contents, generated, one_line, refused, write

FLOP = """\
module flop(input logic clk, d, output logic q);
  always_ff @(posedge clk) q <= d;
endmodule
"""
LOCK = """\
module lock(input logic clk, input logic [63:0] key, output logic open);
  logic [63:0] mixed;
  assign mixed = (key * 64'h9e37_79b9_7f4a_7c15) ^ (key >> 29);
  always_ff @(posedge clk) open <= mixed == 64'hdead_beef_1234_5678;
endmodule
"""
QUICK = ("--budget-cycles", "4000")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's folder with a design, and room for temporary files beside it."""
    path = tmp_path / "work"
    write(path, {"flop.sv": FLOP})
    return path


def script(path: Path, text: str) -> str:
    """A shell script that stands in for a program."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


COMPILERS = [
    ("kills_itself", "kill -9 $$", ("SIGKILL", "BENCHWRIGHT_CXX")),
    ("crashes", "kill -11 $$", ("SIGSEGV", "BENCHWRIGHT_CXX")),
    ("fails", "echo 'error: no licence' >&2; exit 1", ("no licence", "BENCHWRIGHT_CXX")),
    ("does_nothing", "exit 0", ("does not work", "BENCHWRIGHT_CXX")),
    (
        "killed_later",
        'case "$*" in *verilated*.cpp*) kill -9 $$;; *) exec {real} "$@";; esac',
        ("was killed", "memory"),
    ),
    (
        "crashes_later",
        'case "$*" in *verilated*.cpp*) echo "internal compiler error: oh"; exit 1;; '
        '*) exec {real} "$@";; esac',
        ("crashed", "BENCHWRIGHT_CXX"),
    ),
]


def real_compiler() -> str:
    """The compiler that this machine has."""
    found = shutil.which("clang++") or shutil.which("g++")
    if found is None:
        pytest.skip("no C++ compiler")
    return found


@pytest.mark.parametrize(
    ("text", "says"), [c[1:] for c in COMPILERS], ids=[c[0] for c in COMPILERS]
)
def test_compilers_that_do_not_work(
    folder: Path, tmp_path: Path, text: str, says: tuple[str, ...]
) -> None:
    compiler = script(tmp_path / "g++", text.replace("{real}", real_compiler()))
    cache = str(tmp_path / "cache")
    refused(
        folder,
        *("generate", "flop.sv"),
        code=8,
        says=says,
        BENCHWRIGHT_CXX=compiler,
        BENCHWRIGHT_CACHE_DIR=cache,
    )


@pytest.mark.parametrize("name", ["no-such-compiler", "/nonsense/g++", "flop.sv", "/", " "])
def test_compilers_that_do_not_exist(folder: Path, name: str) -> None:
    refused(
        folder,
        *("generate", "flop.sv"),
        code=8,
        says=("named by BENCHWRIGHT_CXX does not work", "unset BENCHWRIGHT_CXX"),
        BENCHWRIGHT_CXX=name,
    )


def test_no_compiler_at_all(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    says = ("no C++ compiler found", "install")
    refused(folder, "generate", "flop.sv", code=8, says=says, PATH=str(tmp_path / "bin"))


@pytest.mark.parametrize("place", ["flop.sv/below", "/proc/none"])
def test_caches_that_cannot_be_written(folder: Path, place: str) -> None:
    says = ("the cache folder", "cannot be used", "BENCHWRIGHT_CACHE_DIR=")
    refused(folder, "generate", "flop.sv", code=8, says=says, BENCHWRIGHT_CACHE_DIR=place)


def test_damaged_records_of_compilers_are_made_again(folder: Path, tmp_path: Path) -> None:
    generated(folder, "flop.sv", *QUICK, makes=["tb_flop.sv"])
    (folder / "tb_flop.sv").unlink()
    own = tmp_path / "cache"
    shutil.copytree(cache_dir() / "compilers", own / "compilers")
    (own / "runtime").symlink_to(cache_dir() / "runtime")
    damaged = list(own.glob("compilers/*.json"))
    for path in damaged:
        path.write_bytes(path.read_bytes()[:-9])
    generated(folder, "flop.sv", *QUICK, makes=["tb_flop.sv"], BENCHWRIGHT_CACHE_DIR=str(own))
    assert any(path.read_bytes().endswith(b"}") for path in damaged)


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of a few kilobytes, where this user may mount one."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.xfail("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


FULL = [
    ("temporary", "TMPDIR", "64k", 7),
    ("temporary_later", "TMPDIR", "600k", 7),
    ("temporary_middle", "TMPDIR", "200k", 7),
    ("cache", "BENCHWRIGHT_CACHE_DIR", "64k,nr_inodes=2", 8),
]


@pytest.mark.parametrize(
    ("variable", "size", "code"), [f[1:] for f in FULL], ids=[f[0] for f in FULL]
)
def test_full_disks(folder: Path, tmp_path: Path, variable: str, size: str, code: int) -> None:
    with small_disk(tmp_path / "disk", size) as disk:
        refused(
            folder,
            *("generate", "flop.sv", *QUICK),
            code=code,
            says=("space",),
            **{variable: str(disk)},
        )
        if variable == "TMPDIR":
            assert list(disk.iterdir()) == []


def test_no_room_for_the_testbench(folder: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8k") as disk:
        (disk / "fill").write_bytes(bytes(8192 - 4096))
        before = contents(disk)
        arguments = ("generate", "flop.sv", *QUICK, "-o", disk / "tb.sv", "--save", disk / "r.json")
        refused(folder, *arguments, code=7, says=("cannot be written", "space", "r.json"))
        assert contents(disk).keys() - before.keys() == {"tb.sv"}


def test_a_missing_temporary_folder_is_replaced(folder: Path) -> None:
    generated(folder, "flop.sv", *QUICK, makes=["tb_flop.sv"], TMPDIR="/nonsense/none")


class Running:
    """A command that is watched while it runs."""

    def __init__(
        self, folder: Path, *arguments: str, launcher: Sequence[str] = (), **extra: str
    ) -> None:
        self.mark = uuid.uuid4().hex
        self.temporary = folder.parent / f"temporary-{self.mark}"
        self.temporary.mkdir()
        self.child = subprocess.Popen(
            [*launcher, *COMMAND, *arguments],
            cwd=folder,
            env=environment(**({"TMPDIR": str(self.temporary), MARK: self.mark} | extra)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, text: str) -> None:
        """Reads progress until it says `text`."""
        assert self.child.stderr is not None
        for line in self.child.stderr:
            if text in line:
                return
        raise AssertionError(f"{text} was never said")

    def end(self) -> tuple[int, str, str]:
        """Waits for the end: exit code, stdout, stderr; nothing is left."""
        with self.child:
            output, errors = self.child.communicate(timeout=120)
        assert "Traceback" not in errors, errors
        assert_nothing_left(self.mark, self.temporary)
        return self.child.returncode, output, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_build_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    before = contents(folder)
    running = Running(folder, "generate", "flop.sv")
    running.wait_for("build")
    time.sleep(0.3)
    os.killpg(running.child.pid, number)
    code, output, _ = running.end()
    assert (code, output) == (128 + number, "")
    assert contents(folder) == before


def takes_signals(pid: int) -> bool:
    """Whether a process has a handler for SIGINT: Python's own, or ours once all is loaded."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(mask >> (signal.SIGINT - 1) & 1)


def test_a_signal_before_anything_has_begun(folder: Path) -> None:
    running = Running(folder, "generate", "flop.sv")
    while not takes_signals(running.child.pid):
        time.sleep(0.001)
    while takes_signals(running.child.pid):
        time.sleep(0.001)
    os.killpg(running.child.pid, signal.SIGINT)
    code, _, errors = running.end()
    assert (code, errors) == (-signal.SIGINT, "")


def test_ctrl_c_during_the_search_keeps_the_best(folder: Path) -> None:
    write(folder, {"lock.sv": LOCK})
    running = Running(folder, "generate", "lock.sv", "--budget", "100")
    running.wait_for("search")
    time.sleep(0.5)
    os.killpg(running.child.pid, signal.SIGINT)
    code, output, errors = running.end()
    assert code == 130, errors
    assert "overall average" in output
    assert "endmodule" in (folder / "tb_lock.sv").read_text()


def test_a_second_ctrl_c_ends_at_once(folder: Path) -> None:
    write(folder, {"lock.sv": LOCK})
    before = contents(folder)
    running = Running(folder, "generate", "lock.sv", "--budget", "100")
    running.wait_for("search")
    time.sleep(0.5)
    os.killpg(running.child.pid, signal.SIGINT)
    os.killpg(running.child.pid, signal.SIGINT)
    time.sleep(0.01)
    os.killpg(running.child.pid, signal.SIGINT)
    code, _, errors = running.end()
    assert code in {130, -signal.SIGINT}, errors
    assert set(contents(folder)) - set(before) <= {"tb_lock.sv"}


def test_a_search_whose_worker_is_killed_keeps_the_best(folder: Path) -> None:
    write(folder, {"lock.sv": LOCK})
    running = Running(folder, "generate", "lock.sv", "--budget", "100")
    running.wait_for("search")
    time.sleep(1)
    for place in Path("/proc").glob("[0-9]*"):
        command = (place / "cmdline").read_bytes() if (place / "cmdline").exists() else b""
        if b"worker.py" in command and str(running.temporary).encode() in command:
            os.kill(int(place.name), signal.SIGKILL)
    code, output, errors = running.end()
    assert code == 0, errors
    assert "search ended early" in one_line(errors)
    assert "overall average" in output
    assert "endmodule" in (folder / "tb_lock.sv").read_text()


def test_a_closed_pipe_is_no_traceback(folder: Path) -> None:
    running = Running(folder, "generate", "flop.sv", *QUICK, "--json")
    assert running.child.stdout is not None
    running.child.stdout.close()
    assert running.child.stderr is not None
    errors = running.child.stderr.read()
    assert running.child.wait(timeout=120) in {0, 1, -signal.SIGPIPE, 141}
    assert "Traceback" not in errors


def test_without_permission(folder: Path) -> None:
    """Root without its power to write everywhere stands for a user here."""
    launcher = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    write(folder, {"closed/keep": "", "secret.sv": FLOP})
    (folder / "closed").chmod(0o500)
    (folder / "secret.sv").chmod(0o200)
    before = set(folder.rglob("*"))
    for arguments, code, says in (
        (("flop.sv", "-o", "closed/tb.sv"), 7, "closed is not writable"),
        (("secret.sv",), 3, "secret.sv: cannot read the file: Permission denied"),
    ):
        running = Running(
            folder, "generate", *arguments, launcher=launcher if os.geteuid() == 0 else ()
        )
        ended, output, errors = running.end()
        assert (ended, output) == (code, ""), errors
        assert says in one_line(errors)
    assert set(folder.rglob("*")) == before
