"""Compiles a design once into a shared library that runs stimuli.

The design stands behind a wrapper with flat ports s0, s1, ... so that the generated C++ has the
same form for every interface. A design with delays of its own is built with them, and then runs
without snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import BinMap, read_points
from benchwright_sim.datafiles import copy_data_files
from benchwright_sim.design import Design
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError, Location, SourceError, UnsupportedError
from benchwright_sim.foreign import find_foreign_call, place_of
from benchwright_sim.fsm import FsmPoints
from benchwright_sim.harness.client import Worker
from benchwright_sim.harness.model import PREFIX, render_model_header
from benchwright_sim.harness.remarks import Remarks, remarks_on
from benchwright_sim.runtime import Optimise, compile_model, get_runtime
from benchwright_sim.toolchain import Toolchain
from benchwright_sim.verilate import Verilated, VerilateOptions, sources_read, verilate
from benchwright_sim.wrapper import render_wrapper

WRAPPER = "benchwright_top"

_SOURCE = Path(__file__).with_name("harness.cpp")
_HOOKS = tuple(Path(__file__).with_name(name) for name in ("indexed_cover.h", "messages.h"))
_OPTIMISED_BYTES = 3 << 20
_COMPILE_S = 300.0


@dataclass(frozen=True, slots=True)
class Harness:
    """A compiled design.

    Attributes:
        library: the shared object.
        folder: in which it runs.
        wrapper: its top, whose points are no bins.
        remarks: for the user.
    """

    library: Path
    folder: Path
    wrapper: Path
    remarks: Remarks


def build(
    elaboration: Elaboration,
    fsm: FsmPoints,
    folder: Path,
    *,
    toolchain: Toolchain,
    optimise: Optimise | None = None,
) -> Harness:
    """Compiles the design into `folder`, which must be empty.

    Args:
        elaboration: of the design.
        fsm: checkers of state registers, compiled along.
        folder: holds everything that is made, and data files that the sources name.
        toolchain: to build with.
        optimise: `-O0` builds in a third of the time and runs five times slower.

    Raises:
        SourceError: Verilator does not accept the design.
        UnsupportedError: it calls host programs or C functions.
        ToolchainError: the compiler is missing, was killed or crashed.
        DesignRunError: the compiler rejects or does not finish the generated C++, or the design
            holds an empty endless loop.
    """
    interface = elaboration.interface
    numbered = replace(
        interface,
        signals=tuple(replace(s, identifier=f"s{i}") for i, s in enumerate(interface.signals)),
    )
    wrapper = folder / f"{WRAPPER}.sv"
    wrapper.write_text(render_wrapper(numbered, WRAPPER))
    config = folder / "harness.vlt"
    config.write_text(f'`verilator_config\ncoverage_off -file "*{wrapper.name}"\n')
    bind = folder / "benchwright_fsm.sv"
    bind.write_text(fsm.text)
    model = folder / "model"
    design = elaboration.design
    options = VerilateOptions(
        sources=(*design.sources, *((bind,) if fsm.text else ()), wrapper),
        top=WRAPPER,
        prefix=PREFIX,
        config_files=(config,),
        include_dirs=design.include_dirs,
        defines=design.defines,
        library_dirs=design.library_dirs,
        library_files=design.library_files,
        library_extensions=design.library_extensions,
        overlay=design.overlay,
        timing=elaboration.has_delays,
        extra=("--x-initial", "unique"),
    )
    done = verilate(toolchain, options, model)
    if not done.ok:
        place = next((Location(e.file, e.line) for e in done.errors if e.file), None)
        raise SourceError(
            "Verilator does not accept the design",
            location=place,
            details=tuple(str(e) for e in done.errors),
            hint="change the lines named, or leave them out with a macro (-D)",
        )
    _refuse(done, model, design)
    (model / "model.h").write_text(
        render_model_header(numbered, model, timing=elaboration.has_delays)
    )
    unit = model / "harness.cpp"
    hooks = (hook.read_text() for hook in _HOOKS)
    sources = (*hooks, f'#include "{done.unit.name}"', _SOURCE.read_text())
    unit.write_text("\n".join(sources))
    library = folder / "design.so"
    runtime = get_runtime(toolchain, "harness", optimise or _worthwhile(model))
    compiled = compile_model(runtime, unit, library, kind="shared", timeout_s=_COMPILE_S)
    if not compiled.ok:
        does = "does not finish" if compiled.timed_out else "rejects"
        raise DesignRunError(f"the compiler {does} the design's C++", details=(compiled.output,))
    # A few levels deep, so that `../data/table.hex` stays in the folder.
    run_folder = folder / "run" / "a" / "b" / "c"
    run_folder.mkdir(parents=True)
    texts = (
        (path.read_text(errors="replace"), path.parent) for path in sources_read(model, PREFIX)
    )
    copy_data_files(texts, run_folder, within=folder, root=design.root)
    remarks = remarks_on(elaboration, done, wrapper=wrapper, run_folder=run_folder)
    return Harness(library, run_folder, wrapper, remarks)


def _refuse(done: Verilated, model: Path, design: Design) -> None:
    """Raises for what must not run, or would never end."""
    call = find_foreign_call(model, PREFIX)
    if call is not None:
        raise UnsupportedError(
            f"the design calls {call.what}, which is never run",
            location=place_of(call, design.texts((*design.sources, *design.library_files))),
            hint="leave it out with a macro (-D), or put a module without it in its place",
        )
    loop = next((d for d in done.diagnostics if d.code == "INFINITELOOP"), None)
    if loop is not None:
        raise DesignRunError(
            loop.text,
            location=Location(loop.file, loop.line) if loop.file else None,
            hint="a simulation that enters it never ends: give the loop a delay or an end",
        )


def _worthwhile(model: Path) -> Optimise:
    """-O1 runs five times faster, and takes the compiler some 5 s for a megabyte of code."""
    code = [path for path in model.glob("*.cpp") if not path.name.endswith("__Slow.cpp")]
    n_bytes = sum(path.stat().st_size for path in code)
    return "-O1" if n_bytes <= _OPTIMISED_BYTES else "-O0"


def points(worker: Worker, harness: Harness, bins: BinMap) -> tuple[tuple[Bin, ...], ...]:
    """The bins that each counter of the model counts, as its coverage file tells."""
    path = harness.folder / "points.dat"
    worker.write(path)
    found: list[dict[Bin, None]] = [{} for _ in range(worker.n_points)]
    for point in read_points(path):
        bin_ = bins.bin_of(point)
        if bin_ is not None and point.index is not None and 0 <= point.index < len(found):
            found[point.index].setdefault(bin_)
    path.unlink()
    return tuple(tuple(of) for of in found)
