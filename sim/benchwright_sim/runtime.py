"""Verilator's C++ runtime and headers, compiled once per toolchain; models compiled against them.

Compiling the runtime and parsing the C++ library's headers is most of what `verilator --binary`
spends on a small design. Here both are cached: the runtime as a library, the headers precompiled.
With clang the precompiled header also carries the code of the templates and inline functions that
models use (`-fpch-instantiate-templates -fpch-codegen`), which halves what is left. A model is then
one translation unit.

Flavours:
- testbench: a program of its own, time kept by its context.
- harness: a shared library. `vl_stop`, `vl_fatal` and `vl_finish` are left to the model's own C++,
  and everything is linked in statically, so that several models live in one process.
- cocotb: with VPI, and without `VL_TIME_CONTEXT`, under which cocotb hangs.

In all of them files are opened for writing below the current folder only, see native/files.cpp.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from benchwright_sim.buildcache import cached_folder, discard
from benchwright_sim.errors import ToolchainError
from benchwright_sim.process import Completed, run
from benchwright_sim.space import raise_if_full
from benchwright_sim.toolchain import Toolchain, cache_dir

Flavour = Literal["testbench", "harness", "cocotb"]
Optimise = Literal["-O0", "-O1", "-O2"]

NATIVE_DIR = Path(__file__).parent / "native"

_HEADER = "runtime.h"
_BUILD_TIMEOUT_S = 300.0
_UNITS: dict[Flavour, tuple[str, ...]] = {
    "testbench": ("", "_cov", "_dpi", "_probdist", "_random", "_threads", "_timing"),
    "harness": ("", "_cov", "_dpi", "_probdist", "_random", "_threads", "_timing"),
    "cocotb": ("", "_cov", "_dpi", "_probdist", "_random", "_threads", "_timing", "_vpi"),
}
_DEFINES = (
    "VERILATOR=1",
    "VM_COVERAGE=1",
    "VM_TIMING=1",
    "VM_SC=0",
    "VM_TRACE=0",
    "VM_TRACE_FST=0",
    "VM_TRACE_VCD=0",
    "VM_TRACE_SAIF=0",
)
_FLAVOUR_DEFINES: dict[Flavour, tuple[str, ...]] = {
    "testbench": ("VL_TIME_CONTEXT",),
    "harness": ("VL_TIME_CONTEXT",),
    "cocotb": (),
}
_OWN_ENDINGS = ("VL_USER_STOP", "VL_USER_FATAL", "VL_USER_FINISH")
_STALE_HEADER = re.compile(r"precompiled header|PCH file|AST file")
_KILLED = re.compile(r"unable to execute command: Killed|Killed signal terminated|out of memory")


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime ready to compile models against.

    Attributes:
        toolchain: that it was built with.
        flavour: see the module.
        optimise: level of the precompiled header, hence of the models.
        objects: folder of the runtime's library.
        header: folder of the precompiled header.
    """

    toolchain: Toolchain
    flavour: Flavour
    optimise: Optimise
    objects: Path
    header: Path

    @property
    def has_header_code(self) -> bool:
        """The precompiled header comes with an object of its own (clang, without optimiser)."""
        return _carries_code(self.toolchain, self.optimise)

    @property
    def compile_flags(self) -> tuple[str, ...]:
        """Options that any translation unit of a model needs."""
        pch = self.header / f"{_HEADER}.pch"
        use = (
            ("-include-pch", str(pch))
            if self.toolchain.compiler.family == "clang"
            else ("-include", str(self.header / _HEADER))
        )
        return (self.optimise, *_base_flags(self.toolchain, self.flavour), *use)

    @property
    def link_inputs(self) -> tuple[str, ...]:
        """Objects, libraries and linker options, after the model's own."""
        own = (str(self.header / "header.o"),) if self.has_header_code else ()
        tail = self.toolchain.compiler.link_flags
        if self.flavour == "harness":
            return (*own, str(self.objects / "libverilated.a"), *tail)
        library = self.objects / "libverilated.so"
        return (*own, str(library), f"-Wl,-rpath,{self.objects}", *tail)


def get_runtime(toolchain: Toolchain, flavour: Flavour, optimise: Optimise = "-O0") -> Runtime:
    """The runtime of this toolchain, built when the cache has none (some ten seconds).

    Raises:
        ToolchainError: the compiler fails or the cache cannot be written.
    """
    root = cache_dir() / "runtime"
    key = _key(toolchain, flavour)
    objects_key, header_key = f"objects-{flavour}-{key}", f"header{optimise}-{key}"
    objects = cached_folder(root, objects_key, partial(_build_objects, toolchain, flavour))
    header = cached_folder(root, header_key, partial(_build_header, toolchain, flavour, optimise))
    return Runtime(toolchain, flavour, optimise, objects, header)


def compile_model(
    runtime: Runtime,
    source: Path,
    output: Path,
    *,
    kind: Literal["shared", "executable"],
    include_dirs: Sequence[Path] = (),
    link: Sequence[str] = (),
    timeout_s: float = 120.0,
    memory_bytes: int | None = None,
) -> Completed:
    """Compiles and links one translation unit, the whole model.

    Args:
        runtime: to compile against; its level of optimisation is used.
        source: includes all generated .cpp files.
        output: program or shared library to write.
        kind: of the output.
        include_dirs: beside Verilator's and the source's own folder.
        link: further libraries and options of the linker.
        timeout_s: wall time of the compiler.
        memory_bytes: address space of each of its processes.

    Returns:
        The compiler's run; not `ok` when it rejects the source or takes too long.

    Raises:
        ToolchainError: the compiler was killed or crashed, or does not work any more.
        OutputError: the disk is full.
    """

    def compile_with(runtime: Runtime) -> Completed:
        return run(
            [*_command(runtime, source, output, kind, include_dirs), *link],
            cwd=output.parent,
            env={**runtime.toolchain.environment, "TMPDIR": str(output.parent)},
            timeout_s=timeout_s,
            memory_bytes=memory_bytes,
        )

    done = compile_with(runtime)
    if not done.ok and not done.timed_out and _STALE_HEADER.search(done.output):
        discard(runtime.header)
        done = compile_with(get_runtime(runtime.toolchain, runtime.flavour, runtime.optimise))
    if not done.ok and not done.timed_out:
        raise_if_full(output.parent)
        _raise_if_broken(done, runtime.toolchain)
    return done


def _command(
    runtime: Runtime,
    source: Path,
    output: Path,
    kind: Literal["shared", "executable"],
    include_dirs: Sequence[Path],
) -> list[str]:
    return [
        str(runtime.toolchain.compiler.path),
        *runtime.compile_flags,
        *(f"-I{folder}" for folder in (source.parent, *include_dirs)),
        *(("-shared",) if kind == "shared" else ()),
        "-x",
        "c++",
        str(source),
        "-x",
        "none",
        *runtime.link_inputs,
        "-o",
        str(output),
    ]


def _raise_if_broken(done: Completed, toolchain: Toolchain) -> None:
    compiler = toolchain.compiler.path
    if done.killed_by or _KILLED.search(done.output):
        raise ToolchainError(
            f"the compiler {compiler} was killed ({done.killed_by or 'out of memory?'})",
            hint="close other programs, or allow it more memory",
            details=tuple(done.output.splitlines()[-3:]),
        )
    if "internal compiler error" in done.output or "PLEASE submit a bug report" in done.output:
        raise ToolchainError(
            f"the compiler {compiler} crashed",
            hint="use another one: export BENCHWRIGHT_CXX=g++",
            details=tuple(done.output.splitlines()[:3]),
        )


def _carries_code(toolchain: Toolchain, optimise: Optimise) -> bool:
    return toolchain.compiler.family == "clang" and optimise != "-O2"


def _base_flags(toolchain: Toolchain, flavour: Flavour) -> tuple[str, ...]:
    defines = (*_DEFINES, *_FLAVOUR_DEFINES[flavour])
    includes = (f"-I{folder}" for folder in toolchain.include_dirs)
    return (
        *toolchain.compiler.flags,
        "-w",
        "-fPIC",
        "-pthread",
        *(f"-D{define}" for define in defines),
        *includes,
    )


def _key(toolchain: Toolchain, flavour: Flavour) -> str:
    """Hash of versions, compiler, flags, and the headers that a precompiled one refers to."""
    compiler = toolchain.compiler
    stat = compiler.path.stat()
    parts = [
        toolchain.verilator_version,
        f"{compiler.path} {compiler.version} {stat.st_size} {stat.st_mtime_ns}",
        *_base_flags(toolchain, flavour),
        *compiler.link_flags,
    ]
    headers = [
        *toolchain.include_dirs[0].glob("verilated*"),
        NATIVE_DIR / _HEADER,
        *NATIVE_DIR.glob("files.*"),
    ]
    for path in sorted(headers):
        stat = path.stat()
        parts.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _build_objects(toolchain: Toolchain, flavour: Flavour, folder: Path) -> None:
    include = toolchain.include_dirs[0]
    flags = [*_base_flags(toolchain, flavour), "-O2"]
    if flavour != "cocotb":
        flags += [f"-D{name}" for name in _OWN_ENDINGS]
    flags += ["-include", str(NATIVE_DIR / "files.h")]
    sources = [include / f"verilated{unit}.cpp" for unit in _UNITS[flavour]]
    sources.append(NATIVE_DIR / "files.cpp")
    objects = [f"{source.stem}.o" for source in sources]
    compiler = str(toolchain.compiler.path)

    def compile_unit(source: Path, output: str) -> None:
        _build(toolchain, folder, compiler, *flags, "-c", str(source), "-o", output)

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(compile_unit, sources, objects))
    if flavour == "harness":
        _build(toolchain, folder, _archiver(toolchain), "rcs", "libverilated.a", *objects)
    else:
        tail = ("-pthread", *toolchain.compiler.link_flags, "-o", "libverilated.so")
        _build(toolchain, folder, compiler, "-shared", *objects, *tail)
    for name in objects:
        (folder / name).unlink()


def _build_header(toolchain: Toolchain, flavour: Flavour, optimise: Optimise, folder: Path) -> None:
    """Precompiles the header.

    clang names the header's own path in its output and looks there again, so it is given the
    package's copy, which does not move; g++ looks for NAME.gch beside NAME.
    """
    compiler = str(toolchain.compiler.path)
    flags = (optimise, *_base_flags(toolchain, flavour), "-x", "c++-header")
    if toolchain.compiler.family == "gcc":
        shutil.copyfile(NATIVE_DIR / _HEADER, folder / _HEADER)
        _build(toolchain, folder, compiler, *flags, _HEADER, "-o", f"{_HEADER}.gch")
        return
    source, pch = str(NATIVE_DIR / _HEADER), f"{_HEADER}.pch"
    if not _carries_code(toolchain, optimise):
        _build(toolchain, folder, compiler, *flags, source, "-o", pch)
        return
    code = ("-fpch-instantiate-templates", "-fpch-codegen")
    _build(toolchain, folder, compiler, *flags, *code, source, "-o", pch)
    _build(toolchain, folder, compiler, optimise, "-fPIC", "-pthread", "-c", pch, "-o", "header.o")


def error_lines(output: str) -> tuple[str, ...]:
    """The first lines of a compiler's output that name an error, or else its last ones."""
    lines = output.splitlines()
    errors = [line for line in lines if "error" in line]
    return tuple(errors[:5] or lines[-5:])


def _archiver(toolchain: Toolchain) -> str:
    name = shutil.which("ar") or shutil.which("llvm-ar")
    if name is None:
        raise ToolchainError(
            f"no `ar` beside the compiler {toolchain.compiler.path}",
            hint="sudo apt-get install binutils",
        )
    return name


def _build(toolchain: Toolchain, folder: Path, *argv: str) -> None:
    done = run(argv, cwd=folder, env=toolchain.environment, timeout_s=_BUILD_TIMEOUT_S)
    if not done.ok:
        _raise_if_broken(done, toolchain)
        raise ToolchainError(
            f"{argv[0]} cannot build Verilator's runtime",
            details=error_lines(done.output),
            hint="run `benchwright doctor`",
        )
