"""Verilog to C++: one call of Verilator, and what it says as data.

Both simulation paths use the options made here, so that they see the same bins. Warnings never
stop a build. `--coverage` is not used: it adds FSM detection, which crashes on some designs (see
`benchwright_sim.fsm` for what replaces it). Verilator itself always optimises: with its
`-O0` the counters of several instances are wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchwright_sim.overlay import Overlay, write_stand_ins
from benchwright_sim.process import Completed, run
from benchwright_sim.space import raise_if_full
from benchwright_sim.toolchain import Toolchain

Severity = Literal["error", "warning"]

_MAX_LITERAL_WIDTH = 1 << 20
_MAX_ERRORS = 50
_MESSAGE = re.compile(
    r"%(?P<severity>Error|Warning)(?:-(?P<code>[A-Z0-9_]+))?: "
    r"(?:(?P<file>[^\n]*?):(?P<line>\d+):(?P<column>\d+): )?(?P<text>.*)"
)
_SOURCE_SUFFIXES = frozenset({".v", ".sv", ".vh", ".svh", ".inc", ".h"})
_READ = re.compile(r'^S .*"([^"\n]+)"$', re.MULTILINE)
_CLOSING = ("Exiting due to", "Cannot continue")
_OTHER_DIALECT = re.compile(r"syntax error|Unexpected|is a SystemVerilog|keyword", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of a tool.

    Attributes:
        file: as the tool names it, None when the message has no place.
        line: from 1, or 0.
        column: from 1, or 0.
        severity: errors stop a build.
        code: Verilator's name of it (`WIDTHTRUNC`), empty where it has none.
        text: the message's first line.
    """

    file: Path | None
    line: int
    column: int
    severity: Severity
    code: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        code = f" [{self.code}]" if self.code else ""
        return f"{place}{self.severity}: {self.text}{code}"


@dataclass(frozen=True, slots=True)
class VerilateOptions:
    """What to build, and how.

    Attributes:
        sources: Verilog files, in order.
        top: module to build.
        prefix: name of the C++ class.
        config_files: Verilator's own .vlt files.
        include_dirs: searched for `include` files.
        defines: (name, value), value empty for a bare one.
        parameters: (name, value as SystemVerilog text) of the top.
        library_dirs: searched for modules that no source defines.
        library_files: of which the modules needed are taken.
        library_extensions: of files in `library_dirs`.
        overlay: texts that are read in place of files.
        timing: keep delays and waits; else they are ignored.
        flatten: inline every module, so that each instance has counters of its own.
        coverage: instrument for line, branch, expression, toggle and user bins.
        extra: further options, last.
    """

    sources: tuple[Path, ...]
    top: str
    prefix: str = "Vtop"
    config_files: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    library_dirs: tuple[Path, ...] = ()
    library_files: tuple[Path, ...] = ()
    library_extensions: tuple[str, ...] = (".v", ".sv")
    overlay: Overlay = ()
    timing: bool = False
    flatten: bool = False
    coverage: bool = True
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verilated:
    """What Verilator made of it.

    Attributes:
        ok: C++ was written.
        diagnostics: in the order given, repetitions left out.
        log: everything it printed.
        unit: the translation unit that includes all of the C++, present when `ok`.
        completed: the last run of Verilator.
    """

    ok: bool
    diagnostics: tuple[Diagnostic, ...]
    log: str
    unit: Path
    completed: Completed = field(repr=False)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that stopped it."""
        return tuple(d for d in self.diagnostics if d.severity == "error")


def verilate(
    toolchain: Toolchain,
    options: VerilateOptions,
    mdir: Path,
    *,
    timeout_s: float = 60.0,
    memory_bytes: int | None = None,
) -> Verilated:
    """Runs Verilator; a second time, with `.v` files as Verilog-2005, when they do not parse.

    Args:
        toolchain: whose Verilator.
        options: see there.
        mdir: folder for the C++, made when missing.
        timeout_s: of wall time for each run.
        memory_bytes: address space of the process.

    Returns:
        What came of it. A crash or too long a run is an error among the diagnostics, with the
        code `CRASH`, `TIMEOUT`, or Verilator's own text, since the source may well be the cause.

    Raises:
        OutputError: the disk is full.
    """
    mdir.mkdir(parents=True, exist_ok=True)
    argv = _arguments(toolchain, options, mdir)
    done = _run(toolchain, argv, mdir, timeout_s, memory_bytes)
    if not done.ok and _is_worth_retrying(options, done.output):
        older = [argv[0], "+1364-2005ext+v", *argv[1:]]
        again = _run(toolchain, older, mdir, timeout_s, memory_bytes)
        done = again if again.ok else done
    if not done.ok:
        raise_if_full(mdir)
    diagnostics = parse_diagnostics(done.output)
    if not done.ok and not any(d.severity == "error" for d in diagnostics):
        diagnostics += (_breakdown(done, timeout_s),)
    unit = mdir / "ALL.cpp"
    if done.ok:
        names = sorted(path.name for path in mdir.glob(f"{options.prefix}*.cpp"))
        unit.write_text("".join(map(_included, names)))
    return Verilated(done.ok, diagnostics, done.output, unit, done)


def sources_read(mdir: Path, prefix: str) -> list[Path]:
    """Every source that a run of Verilator into `mdir` read, included files too, from its list."""
    listed = (mdir / f"{prefix}__verFiles.dat").read_text(errors="replace")
    paths = (Path(name) for name in _READ.findall(listed))
    return [path for path in paths if path.suffix in _SOURCE_SUFFIXES and path.is_file()]


def _included(name: str) -> str:
    """A line that includes generated code; what runs once is not worth optimising.

    Constructors and the naming of coverage points are half of the code and most of the compiler's
    work (measured on 16,000 bins: 13 s of CPU instead of 33 s at -O1).
    """
    line = f'#include "{name}"\n'
    if not name.endswith("__Slow.cpp"):
        return line
    return (
        "#pragma clang optimize off\n#pragma GCC push_options\n#pragma GCC optimize(0)\n"
        f"{line}#pragma GCC pop_options\n#pragma clang optimize on\n"
    )


def parse_diagnostics(output: str) -> tuple[Diagnostic, ...]:
    """The messages in Verilator's output, each once, without its closing summary."""
    found: dict[Diagnostic, None] = {}
    for line in output.splitlines():
        match = _MESSAGE.match(line)
        if match is None or match["text"].startswith(_CLOSING):
            continue
        diagnostic = Diagnostic(
            file=Path(match["file"]) if match["file"] else None,
            line=int(match["line"] or 0),
            column=int(match["column"] or 0),
            severity="error" if match["severity"] == "Error" else "warning",
            code=match["code"] or "",
            text=match["text"],
        )
        found.setdefault(diagnostic)
    return tuple(found)


def _arguments(toolchain: Toolchain, options: VerilateOptions, mdir: Path) -> list[str]:
    read = write_stand_ins(options.overlay, mdir / "overlay")
    return [
        str(toolchain.verilator),
        "--cc",
        "--quiet",
        "--no-skip-identical",
        "--timing" if options.timing else "--no-timing",
        *(_coverage_arguments() if options.coverage else ()),
        *(("--flatten",) if options.flatten else ()),
        "-Wno-fatal",
        "--error-limit",
        str(_MAX_ERRORS),
        "--max-num-width",
        str(_MAX_LITERAL_WIDTH),
        "--timescale",
        "1ns/1ps",
        "--Mdir",
        str(mdir),
        "--prefix",
        options.prefix,
        "--top-module",
        options.top,
        *(f"-I{folder}" for folder in read.search(options.include_dirs)),
        *(f"-D{name}={value}" if value else f"-D{name}" for name, value in options.defines),
        *(f"-G{name}={value}" for name, value in options.parameters),
        *(word for folder in read.search(options.library_dirs) for word in ("-y", str(folder))),
        *(word for file in options.library_files for word in ("-v", str(read.file(file)))),
        *((f"+libext{''.join(f'+{e}' for e in options.library_extensions)}",)),
        *options.extra,
        *(str(file) for file in options.config_files),
        *(str(read.file(file)) for file in options.sources),
    ]


def _coverage_arguments() -> tuple[str, ...]:
    """What `--coverage` means but for FSM detection; all limits are Verilator's own defaults.

    So the bins are those that anyone's plain run has: no toggles of signals above 256 bits or
    with a leading underscore.
    """
    return ("--coverage-line", "--coverage-toggle", "--coverage-expr", "--coverage-user")


def _is_worth_retrying(options: VerilateOptions, output: str) -> bool:
    has_v = any(path.suffix == ".v" for path in (*options.sources, *options.library_files))
    return has_v and bool(_OTHER_DIALECT.search(output))


def _run(
    toolchain: Toolchain,
    argv: list[str],
    mdir: Path,
    timeout_s: float,
    memory_bytes: int | None,
) -> Completed:
    return run(
        argv,
        cwd=mdir,
        env=toolchain.environment,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
    )


def _breakdown(done: Completed, timeout_s: float) -> Diagnostic:
    """An error of our own for a run that stopped without naming one."""
    if done.timed_out:
        text = f"Verilator did not finish within {timeout_s:g} s"
        return Diagnostic(None, 0, 0, "error", "TIMEOUT", text)
    last = (done.output.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    text = f"Verilator crashed, or had too little memory: {done.killed_by or last}"
    return Diagnostic(None, 0, 0, "error", "CRASH", text)
