"""Child processes: what they give back, and that none outlives its call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchwright_sim.process import Completed, kill_group, run

MIB = 1 << 20


def sh(script: str, folder: Path, timeout_s: float = 10.0, grace_s: float = 0.0) -> Completed:
    return run(["sh", "-c", script], cwd=folder, timeout_s=timeout_s, grace_s=grace_s)


def eventually(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    end_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_gives_back_status_and_both_streams_in_order(tmp_path: Path) -> None:
    done = sh("echo out; echo err >&2; echo out again; exit 3", tmp_path)
    assert (done.returncode, done.output) == (3, "out\nerr\nout again\n")
    assert not done.ok
    assert not done.timed_out


def test_arguments_are_never_interpreted(tmp_path: Path) -> None:
    odd = ["two words", "$HOME", "; exit 9", "*", "", "--", "-n"]
    show = [sys.executable, "-c", "import sys; print(sys.argv[1:])"]
    assert run([*show, *odd], cwd=tmp_path, timeout_s=10).output == f"{odd}\n"


def test_runs_in_the_folder_and_environment_given(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "COLOUR": "red"}
    done = run(["sh", "-c", 'pwd; echo "$COLOUR$HOME"'], cwd=folder, env=environment, timeout_s=10)
    assert done.output == f"{folder}\nred\n"


def test_reads_nothing_from_the_terminal(tmp_path: Path) -> None:
    assert run(["cat"], cwd=tmp_path, timeout_s=10).ok


def test_a_call_costs_milliseconds(tmp_path: Path) -> None:
    walls = [run(["true"], cwd=tmp_path, timeout_s=10, memory_bytes=MIB << 10) for _ in range(9)]
    assert sorted(done.wall_s for done in walls)[4] < 0.05


def test_counts_processor_time_of_the_whole_family(tmp_path: Path) -> None:
    burn = f"{sys.executable} -c 'sum(i * i for i in range(2_000_000))'"
    done = sh(f"{burn}; true", tmp_path)
    assert done.cpu_s > 0.05


def test_says_which_signal_ended_it(tmp_path: Path) -> None:
    assert sh("kill -SEGV $$", tmp_path).killed_by == "SIGSEGV"
    assert sh("exit 0", tmp_path).killed_by == ""


@pytest.mark.parametrize("program", ["benchwright-no-such-program", "/dev/null/nothing"])
def test_a_missing_program_is_an_error(tmp_path: Path, program: str) -> None:
    with pytest.raises(FileNotFoundError, match=program):
        run([program], cwd=tmp_path, timeout_s=1)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(["true"], cwd=tmp_path / "nowhere", timeout_s=1)


def test_the_time_limit_kills_children_of_children(tmp_path: Path) -> None:
    done = sh("sleep 60 & echo $!; sleep 60", tmp_path, timeout_s=0.3)
    assert done.timed_out
    assert not done.ok
    assert done.killed_by == "SIGKILL"
    assert done.wall_s < 5
    assert eventually(lambda: not is_running(int(done.output)))


def test_a_finished_program_leaves_nothing_behind(tmp_path: Path) -> None:
    done = sh("sleep 60 & echo $!", tmp_path)
    assert done.ok
    assert done.wall_s < 5
    assert eventually(lambda: not is_running(int(done.output)))


def test_a_program_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    assert sh("exec >&- 2>&-; sleep 0.2; exit 5", tmp_path).returncode == 5


def test_an_escaped_process_does_not_hold_up_the_call(tmp_path: Path) -> None:
    done = sh("setsid sleep 4 & echo done", tmp_path)
    assert done.output == "done\n"
    assert done.wall_s < 2


def test_grace_lets_a_program_say_goodbye(tmp_path: Path) -> None:
    done = sh("trap 'echo bye; exit 7' TERM; sleep 60 & wait", tmp_path, timeout_s=0.3, grace_s=5)
    assert done.timed_out
    assert (done.returncode, done.output) == (7, "bye\n")


def test_grace_is_not_for_the_stubborn(tmp_path: Path) -> None:
    done = sh("trap '' TERM; while :; do sleep 0.05; done", tmp_path, timeout_s=0.2, grace_s=0.2)
    assert done.timed_out
    assert done.killed_by == "SIGKILL"


def test_endless_output_is_bounded_and_keeps_both_ends(tmp_path: Path) -> None:
    script = "echo first; yes | head -c 3000000; echo last"
    done = run(["sh", "-c", script], cwd=tmp_path, timeout_s=10, output_bytes=2000)
    assert done.ok
    assert len(done.output) < 2100
    assert done.output.startswith("first\n")
    assert done.output.endswith("last\n")
    assert "2998011 bytes left out" in done.output


def test_output_that_just_fits_is_whole(tmp_path: Path) -> None:
    done = run(["printf", "0123456789"], cwd=tmp_path, timeout_s=10, output_bytes=10)
    assert done.output == "0123456789"


def test_output_that_is_no_text_is_still_shown(tmp_path: Path) -> None:
    assert sh(r"printf 'a\377b'", tmp_path).output == "a\ufffdb"


def test_memory_is_bounded_from_the_start(tmp_path: Path) -> None:
    hungry = [sys.executable, "-c", "bytearray(600 << 20)"]
    done = run(hungry, cwd=tmp_path, timeout_s=20, memory_bytes=300 * MIB)
    assert not done.ok
    assert "MemoryError" in done.output
    assert run(hungry, cwd=tmp_path, timeout_s=20).ok


def test_the_memory_bound_reaches_children_of_children(tmp_path: Path) -> None:
    script = f"{sys.executable} -c 'bytearray(600 << 20)' && echo got it"
    done = run(["sh", "-c", script], cwd=tmp_path, timeout_s=20, memory_bytes=300 * MIB)
    assert "got it" not in done.output


def test_files_are_bounded(tmp_path: Path) -> None:
    done = run(["sh", "-c", "yes > big"], cwd=tmp_path, timeout_s=10, file_bytes=MIB)
    assert not done.ok
    assert (tmp_path / "big").stat().st_size <= MIB


def test_a_crash_writes_no_core_file(tmp_path: Path) -> None:
    assert sh("ulimit -c; kill -ABRT $$", tmp_path).output == "0\n"
    assert not list(tmp_path.iterdir())


def test_ctrl_c_kills_the_group(tmp_path: Path) -> None:
    program = (
        "import pathlib\n"
        "from benchwright_sim.process import run\n"
        "run(['sh', '-c', 'echo $$ > pid; sleep 60 & echo $! > child; wait'],"
        " cwd=pathlib.Path('.'), timeout_s=60)\n"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    pids = [tmp_path / "pid", tmp_path / "child"]
    assert eventually(lambda: all(path.exists() and path.read_text() for path in pids), 20)
    caller.send_signal(signal.SIGINT)
    _, errors = caller.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    for path in pids:
        assert not is_running(int(path.read_text()))


def test_killing_a_group_that_is_gone_is_no_error(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"], cwd=tmp_path, start_new_session=True)
    child.wait()
    kill_group(child.pid)
