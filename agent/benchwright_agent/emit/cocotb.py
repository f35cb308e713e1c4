"""A stimulus program as a cocotb 2 test and the script that runs it.

The test drives a plain design itself. Where cocotb has no handle that fits every simulator (arrays,
structs, enums, bidirectional ports, escaped names), where parameters are overridden, and where an
input idles high (a simulator settles once before the test's first values arrive), it drives the
variables of a small module around the design, kept as text in the runner.

Limit: a design that ends the simulation by `$stop` or `$fatal` fails the test; one that ends it by
`$finish` is said to do so (`ends`).
"""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from benchwright_agent.emit.cocotb_bench import bench_class
from benchwright_agent.emit.cocotb_runner import Shell, render_runner
from benchwright_agent.emit.uses import merged, segments_run, uses
from benchwright_sim.design import Design
from benchwright_sim.identifiers import Identifiers, is_identifier
from benchwright_sim.interface import Interface, Port
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

_COLUMNS = 100
_STEP = "    "
_PLAIN_TYPE = re.compile(r"(logic|reg|wire|bit)( signed)?( \[\d+:\d+\])?")
_TAKEN = (
    *("cocotb", "ReadOnly", "SimFailure", "Timer", "Bench", "INPUTS", "CLOCKS", "SIGNALS"),
    *("tb", "dut", "i", "int", "range", "print"),
)


def render(
    interface: Interface,
    program: Program,
    *,
    design: Design,
    folder: Path,
    covers: Mapping[str, Sequence[str]],
    header: Sequence[str],
    name: str | None = None,
    taken: Collection[str] = (),
    delays: bool = False,
    ends: bool = False,
    trace: bool = False,
) -> dict[str, str]:
    """The text of the test module and of its runner, by file name.

    Args:
        interface: of the design.
        program: for that interface.
        design: whose sources the runner builds.
        folder: where the files will stand; the sources are named relative to it.
        covers: for a segment's name, lines of its docstring on what it covers.
        header: lines of the test module's docstring.
        name: of the test's module; `test_<top>` when None. The runner's follows from it.
        taken: names of the design's modules.
        delays: the design itself holds delays, which Verilator must be told.
        ends: the program makes the design call `$finish`.
        trace: prints a line `| value value ...` of all signals, in hexadecimal, before the first
            cycle and at the end of each.

    Raises:
        KeyError: the program names a signal or segment that does not exist.
    """
    name = name or module_name(interface)
    shell = shell_of(interface, taken)
    test = _Test(interface, program).text(covers, header, delays=delays, ends=ends, trace=trace)
    runner = render_runner(interface.module, name, shell, design, folder, delays=delays)
    return {f"{name}.py": test, runner_name(name): runner}


def module_name(interface: Interface) -> str:
    """What a test's module is called unless the user says otherwise."""
    return f"test_{_stem(interface)}"


def runner_name(name: str) -> str:
    """File name of the runner of the test module `name`."""
    return f"run_{name.removeprefix('test_')}.py"


def shell_of(interface: Interface, taken: Collection[str] = ()) -> Shell | None:
    """The module that a test drives in place of a design that is not plain.

    Args:
        interface: of the design.
        taken: names of the design's modules, none of which the shell is called.
    """
    if is_plain(interface):
        return None
    name = f"{_stem(interface)}_shell"
    while name in taken or not is_identifier(name):
        name = f"tb_{name}"
    return Shell.around(interface, name)


def _stem(interface: Interface) -> str:
    return re.sub(r"\W", "_", interface.module, flags=re.ASCII)


def is_plain(interface: Interface) -> bool:
    """Whether a test can drive the design's ports by their names, in any simulator."""
    low = not any(interface.idle_value(signal.name) for signal in interface.inputs)
    if not low or any(clock.idle for clock in interface.clocks):
        return False

    def plain(port: Port) -> bool:
        vector = _PLAIN_TYPE.fullmatch(port.type_text) is not None
        return vector and port.direction != "inout" and not port.unpacked

    names = all(s.name == s.identifier for s in interface.signals)
    simple = re.fullmatch(r"[A-Za-z]\w*", interface.module) is not None
    return names and simple and not interface.parameters and all(map(plain, interface.ports))


class _Test:
    """Writes the test module of one program."""

    def __init__(self, interface: Interface, program: Program) -> None:
        self._interface = interface
        self._program = program
        self._uses = uses(interface, program)
        self._name = {s.name: s.identifier for s in interface.signals}
        self._width = {s.name: s.width for s in interface.signals}
        self._main_name = f"covers_{_stem(interface)}"
        names = Identifiers(*_TAKEN, *keyword.kwlist, self._main_name)
        self._segment = {
            s.name: names.take(s.name.replace("$", "_")) for s in segments_run(program)
        }

    def text(
        self,
        covers: Mapping[str, Sequence[str]],
        header: Sequence[str],
        *,
        delays: bool,
        ends: bool,
        trace: bool,
    ) -> str:
        """The whole module."""
        failure = ["from cocotb.regression import SimFailure"] if ends else []
        triggers = "ReadOnly, Timer" if delays else "Timer"
        imports = ["import cocotb", *failure, f"from cocotb.triggers import {triggers}"]
        blocks = [
            [*_docstring(header, ""), "", *imports],
            self._tables(trace=trace),
            bench_class(self._uses, trace=trace, clocks=bool(self._interface.clocks)),
            *(self._coroutine(s, covers.get(s.name, ())) for s in segments_run(self._program)),
            self._main(delays=delays, ends=ends),
        ]
        first, second, *rest = ("\n".join(block) for block in blocks)
        return "\n\n\n".join([f"{first}\n\n{second}", *rest]) + "\n"

    def _tables(self, *, trace: bool) -> list[str]:
        signals = [s.identifier for s in self._interface.signals]
        lines = [f"SIGNALS = {signals!r}"] if trace else []
        lines += ["# Name: (width, first value)", "INPUTS = {"]
        for signal in self._interface.inputs:
            first = self._interface.idle_value(signal.name)
            lines.append(f'    "{signal.identifier}": ({signal.width}, {first}),')
        lines += ["}", "# Name: idle level", "CLOCKS = {"]
        for clock in self._interface.clocks:
            lines.append(f'    "{self._name[clock.signal]}": {clock.idle},')
        if not self._interface.clocks:
            return lines[:-2]
        return [*lines, "}"]

    def _coroutine(self, segment: Segment, covers: Sequence[str]) -> list[str]:
        lines = [f"async def {self._segment[segment.name]}(tb):"]
        lines += _docstring([segment.purpose, *(["", *covers] if covers else [])], _STEP)
        if self._uses.paced:
            periods = [(self._name[clock], period) for clock, period in segment.periods]
            lines.append(f"{_STEP}tb.pace({_keywords([(n, str(p)) for n, p in periods])})")
        return [*lines, *self._body(segment.actions, _STEP)]

    def _main(self, *, delays: bool, ends: bool) -> list[str]:
        lines = ["@cocotb.test()", f"async def {self._main_name}(dut):"]
        if ends:
            comment = "# The design calls $finish, which cocotb takes for a failure."
            lines[:1] = [comment, "@cocotb.test(expect_error=SimFailure)"]
        lines += [f"{_STEP}tb = Bench(dut)", f"{_STEP}await tb.start()"]
        for name, runs in groupby(self._program.run):
            n = len(list(runs))
            indent = _STEP
            if n > 1:
                lines.append(f"{indent}for _ in range({n}):")
                indent += _STEP
            lines.append(f"{indent}await {self._segment[name]}(tb)")
        if delays:
            lines.append(f"{_STEP}await ReadOnly()  # what the design does by itself at the end")
        if ends:  # A test that ends at the very time of $finish would pass after all.
            lines += [f"{_STEP}for _ in range(2):", f'{_STEP}{_STEP}await Timer(10, "ns")']
        return lines

    def _body(self, actions: Sequence[Action], indent: str) -> list[str]:
        lines: list[str] = []
        for action in merged(actions):
            lines.extend(self._action(action, indent))
        return lines

    def _action(self, action: Action, indent: str) -> Iterator[str]:
        match action:
            case Drive(values):
                items = [(self._name[name], _number(value)) for name, value in values]
                yield from _call(f"{indent}tb.drive", items, indent)
            case Cycles(n):
                yield f"{indent}{_cycles(n)}"
            case WaitFor(signal, value, timeout):
                number = _number(value)
                yield f'{indent}await tb.wait_for("{self._name[signal]}", {number}, {timeout})'
            case Repeat(n, body):
                yield f"{indent}for _ in range({n}):"
                yield from self._body(body, indent + _STEP) or [f"{indent}{_STEP}pass"]
            case Random():
                yield from self._random(action, indent)

    def _random(self, action: Random, indent: str) -> Iterator[str]:
        inner = indent + _STEP
        walks = any(driver.mode == "walk" for _, driver in action.drivers)
        if self._uses.randomness:
            yield f"{indent}tb.rng = {action.seed:#x}"
        yield f"{indent}for {'i' if walks else '_'} in range({action.n}):"
        for name, driver in action.drivers:
            at = inner
            if driver.change < 256:
                yield f"{inner}if tb.chance({driver.change}):"
                at += _STEP
            if driver.cares:
                pairs = ", ".join(
                    f"({_number(value)}, {_number(care)})"
                    for value, care in zip(driver.values, driver.cares, strict=True)
                )
                yield from _wrapped(f"value, care = [{pairs}][tb.below({len(driver.cares)})]", at)
            yield from _call(f"{at}tb.drive", [(self._name[name], self._value(name, driver))], at)
        yield f"{inner}{_cycles(action.pace)}"

    def _value(self, name: str, driver: Driver) -> str:
        width = self._width[name]
        match driver.mode:
            case "uniform":
                return f"tb.bits({width})"
            case "bias":
                ones = f"{(1 << width) - 1:#x}" if width > 1 else "1"
                return f"{ones} if tb.chance({driver.amount}) else 0"
            case "onehot":
                return f"1 << tb.below({width})"
            case "walk":
                return f"1 << i % {width}"
            case "choice":
                values = ", ".join(map(_number, driver.values))
                one = f"[{values}][tb.below({len(driver.values)})]"
                return f"value | tb.bits({width}) & ~care" if driver.cares else one
            case _:
                source = self._name[driver.source if driver.mode == "copy" else name]
                added = f" + {_number(driver.amount)}" if driver.amount else ""
                return f'tb.now["{source}"]{added}'


def _cycles(n: int) -> str:
    return f"await tb.cycle({n if n > 1 else ''})"


def _number(value: int) -> str:
    return str(value) if value < 256 else f"{value:#x}"


def _keywords(items: Sequence[tuple[str, str]]) -> str:
    """`a=1, b=2`, with what is a word of Python as `**{"in": 1}`."""
    words = [f'"{name}": {value}' for name, value in items if keyword.iskeyword(name)]
    plain = [f"{name}={value}" for name, value in items if not keyword.iskeyword(name)]
    return ", ".join([*plain, *([f"**{{{', '.join(words)}}}"] if words else [])])


def _call(function: str, items: Sequence[tuple[str, str]], indent: str) -> list[str]:
    whole = f"{function}({_keywords(items)})"
    if len(whole) <= _COLUMNS:
        return [whole]
    return [f"{function}(", *_wrapped(_keywords(items), indent + _STEP), f"{indent})"]


def _wrapped(text: str, indent: str) -> list[str]:
    """Breaks at blanks; the text must be inside of brackets wherever it is too long."""
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent + _STEP,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _docstring(lines: Sequence[str], indent: str) -> list[str]:
    """The lines as a docstring: nothing in them can end it."""
    safe = [line.replace("\\", "/").replace('"""', "'''") for line in lines]
    wrapped = []
    for line in safe or [""]:
        wrapped += textwrap.wrap(line, _COLUMNS - len(indent) - 4) or [""]
    first, *rest = wrapped
    if not rest:
        return [f'{indent}"""{first}{" " * first.endswith(chr(34))}"""']
    return [f'{indent}"""{first}', *(f"{indent}{line}".rstrip() for line in rest), f'{indent}"""']
