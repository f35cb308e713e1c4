"""A grammar of compact testbenches for one interface: whatever a model writes under it compiles.

The skeleton is fixed; the model chooses statements: values for inputs, cycles, waits for outputs,
loops of two levels. Counts have four digits at most, so that what is written also ends. Literals
have a width of the design, and no more digits than that holds: Verilator takes no others. Letters
that are no words by themselves stand in brackets, since a dialect renames what is quoted.
The notation: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from __future__ import annotations

import json

from benchwright_agent.prompts.skeleton import CLOSING, OPENING, TAIL, skeleton
from benchwright_sim.interface import Interface

MAX_LINES = 60
"""Of statements."""

_MAX_ON_LINE = 16
_MAX_DIGITS = 64
_VALUES = r"""
count ::= [1-9] [0-9]{0,3}
draw ::= "$urandom" (" % " count)? | "{" "$urandom" (", $urandom"){1,7} "}"
"""


def testbench_grammar(interface: Interface, instance: str) -> str:
    """The grammar in GBNF, empty where there is no skeleton for the interface.

    Args:
        interface: of the design.
        instance: what the design's instance must be called.
    """
    form = skeleton(interface, instance)
    if form is None:
        return ""
    inputs = interface.inputs
    waits = [f"{form.instance}.{s.name}" for s in interface.outputs]
    call = _quote(f"{form.cycle};")
    cycles = f'(("repeat (" count ") ")? {call})'
    bits = _any([s.name for s in inputs if s.width == 1])
    vectors = _any([s.name for s in inputs if s.width > 1])
    wait = f'"repeat (" count ") if (" {_any(waits)} " !== " number ") " {call}' if waits else ""
    drives = [rule for rule, names in (("bit", bits), ("vector", vectors)) if names]
    simple = " | ".join([*drives, "cycles", *(["wait"] if wait else [])])
    rules = {
        "root": f"{_quote(OPENING + form.head)} line{{1,{MAX_LINES}}} {_quote(TAIL + CLOSING)}",
        "line": r'"    " (loop | row) "\n"',
        "row": f'simple (" " simple){{0,{_MAX_ON_LINE}}}',
        "loop": r'"repeat (" count ") begin\n" ("      " (inner | row) "\n"){1,12} "    end"',
        "inner": r'"repeat (" count ") begin\n" ("        " row "\n"){1,8} "      end"',
        "simple": simple,
        "cycles": cycles,
        "chance": '"if ($urandom % " count " == 0) "',
    }
    if wait:
        rules["wait"] = wait
    if bits:
        rules["bit"] = (
            f'chance? {bits} " = " ("0" | "1" | "1\'b0" | "1\'b1" | draw'
            ' | "$urandom % " count (" == 0" | " != 0")'
            ' | ("$urandom % " count " == 0 ? " [01] " : "){1,3} [01]) ";"'
        )
    if vectors:
        rules["vector"] = (
            'chance? target " = " (number | draw | target " + " number | "1 << $urandom % " count'
            ' | ("$urandom % " count (" == 0")? " ? " value " : "){1,6} value) ";"'
        )
        rules["target"] = vectors
        rules["value"] = 'number | draw (" & " number " | " number)?'
    widths = sorted({s.width for s in (*inputs, *interface.outputs)})
    rules["number"] = " | ".join(["[0-9]{1,10}", *map(_sized, widths)])
    return "".join(f"{name} ::= {body}\n" for name, body in rules.items()) + _VALUES.lstrip()


def _sized(width: int) -> str:
    """Literals of a width, in three bases; Verilator counts decimals in words of 32 bits."""
    n_decimal = min(len(str((1 << width) - 1)), len(str((1 << max(width, 32)) - 1)) - 1)
    bases = (("h", "[0-9a-fA-F]", -(-width // 4)), ("b", "[01]", width), ("d", "[0-9]", n_decimal))
    forms = (f"[{base}] {_digits(digit, n)}" for base, digit, n in bases)
    return f'"{width}\'" ({" | ".join(forms)})'


def _digits(digit: str, n: int) -> str:
    """Up to `n` digits, with underscores between them."""
    more = min(n, _MAX_DIGITS) - 1
    return f"{digit} ([_]? {digit}){{0,{more}}}" if more else digit


def _any(names: list[str]) -> str:
    return f"({' | '.join(_quote(name) for name in names)})" if names else ""


def _quote(text: str) -> str:
    return json.dumps(text)
