"""A stimulus program as a SystemVerilog testbench that an engineer would keep.

One task for each segment, one `initial` that calls them in order, and only those helpers that they
use. It runs with `verilator --binary --timing` and, wherever it compiles the design, with
`iverilog -g2012`. One process drives everything with blocking assignments, and time passes between
a change of inputs and the edges of the clocks, so that no order of processes matters.

Outputs that are waited for are sampled at the end of each cycle: a wait must not see what a drive
just before it has not yet done, and simulators differ in when they would show it.

Limit: an input that a drive and then a random action set with no cycle between changes twice at
one time. Only an event-driven simulator would notice, and only on an asynchronous reset.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby

from benchwright_agent.emit.names import Names, choose_names
from benchwright_agent.emit.statements import Statements
from benchwright_agent.emit.uses import Uses, segments_run, uses
from benchwright_sim.interface import Clock, Interface, Signal
from benchwright_sim.stimulus import Program, Segment
from benchwright_sim.wrapper import COLUMNS, escaped, fill, packed_range


def render(
    interface: Interface,
    program: Program,
    *,
    tb_name: str,
    covers: Mapping[str, Sequence[str]],
    header: Sequence[str],
    trace: bool = False,
) -> str:
    """The text of a testbench.

    Args:
        interface: of the design.
        program: for that interface.
        tb_name: name of the testbench's module.
        covers: for a segment's name, comment lines on what it covers.
        header: comment lines on top.
        trace: prints a line `| value value ...` of all signals, in hexadecimal, before the first
            cycle and at the end of each.

    Raises:
        KeyError: the program names a signal or segment that does not exist.
    """
    used = uses(interface, program)
    names = choose_names(interface, program)
    statements = Statements(interface, names)
    blocks = [_declarations(interface), [*names.inner.glue, *names.inner.instance]]
    if used.cycles:
        blocks.append(_cycle_task(interface, names, used, trace=trace))
    blocks.extend(_random_helpers(names, used))
    for segment in segments_run(program):
        lines = [*_pace(segment, names, used), *statements.lines(segment.actions, "  ")]
        comment = _comment([segment.purpose, *covers.get(segment.name, ())])
        blocks.append([*comment, f"task {names.task[segment.name]};", *lines, "endtask"])
    blocks.append(_initial(program, names, used, shown=_display(interface) if trace else ""))

    lint = ["  // verilator lint_off WIDTH"] if used.drivers else []
    text = [*_comment(header), "`timescale 1ns / 1ps", "", f"module {escaped(tb_name)};", *lint]
    for i, block in enumerate(blocks):
        text += [""] * bool(i) + [f"  {line}".rstrip() for line in block]
    return "\n".join([*text, "endmodule", ""])


def _comment(lines: Sequence[str]) -> list[str]:
    result: list[str] = []
    for line in lines:
        result.extend(
            textwrap.wrap(line, COLUMNS, initial_indent="// ", subsequent_indent="//   ") or ["//"]
        )
    return result


def _declarations(interface: Interface) -> list[str]:
    """Variables of the inputs with their first values, and nets of the outputs."""
    idle = {clock.signal: clock.idle for clock in interface.clocks}

    def declared(signal: Signal) -> str:
        if signal.direction == "output":
            return signal.identifier
        value = idle.get(signal.name, interface.idle_value(signal.name))
        return f"{signal.identifier} = {value}"

    lines = []
    for (direction, width), group in groupby(
        interface.signals, key=lambda s: (s.direction, s.width)
    ):
        kind = f"{'logic' if direction == 'input' else 'wire'}{packed_range(width)}"
        items = [declared(signal) for signal in group]
        items[-1] += ";"
        items[0] = f"{kind} {items[0]}"
        first, *rest = fill(items, indent="", separator=", ")
        lines += [first, *(f"  {line}" for line in rest)]
    return lines


def _cycle_task(interface: Interface, names: Names, used: Uses, *, trace: bool) -> list[str]:
    """The task that runs one cycle, and the variables that it keeps."""
    lines = _cycle_state(interface, names, used)
    after = [_sample(output, names) for output in used.waits]
    if used.paced:
        after.append(f"{names.helper['tick']} = {names.helper['tick']} + 1;")
    if trace:
        after.append(_display(interface))
    if interface.clocks:
        lines.append("// One cycle: the inputs have changed, the clocks go active, then idle.")
        body = [*_active_edges(interface.clocks, names, used)]
        idle = [f"{names.signal[c.signal]} = {c.idle};" for c in interface.clocks]
        body += fill(["#5", *idle], indent="")
        settle = "#2"
    else:
        lines.append("// One cycle: the inputs have changed, the design settles.")
        body, settle = [], "#10"
    body += fill([settle, *after], indent="") if after else [f"{settle};"]
    return [*lines, f"task {names.helper['cycle']};", *(f"  {s}" for s in body), "endtask"]


def _cycle_state(interface: Interface, names: Names, used: Uses) -> list[str]:
    lines = []
    if used.paced:
        periods = ", ".join(f"{names.period[clock]} = 1" for clock in used.paced)
        lines.append("// Cycles from one active edge of a clock to the next, 0 to stop it.")
        lines.append(f"int {periods};")
        lines.append(f"int {names.helper['tick']} = 0;  // cycles of this task so far")
    for output in used.waits:
        width = interface.signal(output).width
        lines.append(f"logic{packed_range(width)} {names.seen[output]};")
    if used.waits:
        lines[-1] += "  // at the end of the last cycle"
    return [*lines, ""] if lines else lines


def _active_edges(clocks: Sequence[Clock], names: Names, used: Uses) -> list[str]:
    always = []
    paced = []
    tick = names.helper["tick"]
    for clock in clocks:
        edge = f"{names.signal[clock.signal]} = {1 - clock.idle};"
        if clock.signal in used.paced:
            period = names.period[clock.signal]
            paced.append(f"if ({period} != 0 && {tick} % {period} == 0) {edge}")
        else:
            always.append(edge)
    return [*(fill(["#3", *always], indent="") if always else ["#3;"]), *paced]


def _sample(output: str, names: Names) -> str:
    return f"{names.seen[output]} = {names.signal[output]};"


def _display(interface: Interface) -> str:
    formats = " ".join("%h" for _ in interface.signals)
    return f'$display("| {formats}", {", ".join(s.identifier for s in interface.signals)});'


def _random_helpers(names: Names, used: Uses) -> list[list[str]]:
    """The generator and what draws from it."""
    rng, rand32 = names.helper["rng"], names.helper["rand32"]
    if not used.randomness:
        return []
    blocks = [
        [
            "// xorshift32 (Marsaglia 2003): the same words in every simulator.",
            f"logic [31:0] {rng};",
            f"function [31:0] {rand32}();",
            f"  {rng} = {rng} ^ ({rng} << 13);",
            f"  {rng} = {rng} ^ ({rng} >> 17);",
            f"  {rng} = {rng} ^ ({rng} << 5);",
            f"  return {rng};",
            "endfunction",
        ]
    ]
    if used.wide_bits:
        words = (used.wide_bits + 31) // 32
        name = names.helper["rand_bits"]
        blocks.append(
            [
                f"function [{32 * words - 1}:0] {name}(input int width);",
                f"  {name} = 0;",
                "  for (int low = 0; low < width; low = low + 32)",
                f"    {name}[low +: 32] = {rand32}();",
                "endfunction",
            ]
        )
    if used.below:
        blocks.append(
            [
                f"function [31:0] {names.helper['below']}(input [31:0] bound);",
                f"  return {rand32}() % bound;",
                "endfunction",
            ]
        )
    if used.chance:
        blocks.append(
            [
                "// True `odds` times in 256.",
                f"function {names.helper['chance']}(input [31:0] odds);",
                f"  return ({rand32}() >> 24) < odds;",
                "endfunction",
            ]
        )
    return blocks


def _pace(segment: Segment, names: Names, used: Uses) -> list[str]:
    """What a task does first when clocks differ in pace."""
    if not used.paced:
        return []
    periods = dict(segment.periods)
    start = [f"{names.period[clock]} = {periods.get(clock, 1)};" for clock in used.paced]
    return fill([f"{names.helper['tick']} = 0;", *start], indent="  ")


def _initial(program: Program, names: Names, used: Uses, *, shown: str) -> list[str]:
    """Calls the tasks in order; runs of the same one are a `repeat`."""
    samples = [_sample(output, names) for output in used.waits]
    settle = fill(["#10", *samples], indent="  ") if samples else ["  #10;"]
    calls = [f"  {shown}"] if shown else []
    for name, runs in groupby(program.run):
        n = len(list(runs))
        task = f"{names.task[name]};"
        calls.append(f"  {task}" if n == 1 else f"  repeat ({n}) {task}")
    comment = "  // The design settles before anything is driven."
    return ["initial begin", comment, *settle, *calls, "  $finish;", "end"]
