"""Actions of a stimulus program as statements of a compact testbench.

Random actions draw from `$urandom` in place of a seeded generator: what shall be learnt is how the
inputs are drawn, not one sequence of numbers. A constant is spelled as in the design, where that
has it, so that it can be copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from benchwright_agent.emit.uses import merged
from benchwright_agent.prompts.skeleton import Skeleton
from benchwright_sim.interface import Interface
from benchwright_sim.stimulus import Action, Cycles, Drive, Driver, Random, Repeat, WaitFor

_LITERAL = re.compile(r"\b(\d+)\s*'[sS]?([bdhoBDHO])\s*([0-9a-fA-F_]+)\b")
_BASES = {"b": 2, "d": 10, "h": 16, "o": 8}
_INDENT = "    "
_STEP = "  "
_COLUMNS = 96
_MAX_ARMS = 6
_ODDS = (2, 4, 8, 16, 32, 64, 128, 256)


def spellings(sources: Sequence[str]) -> dict[tuple[int, int], str]:
    """(width, value) of the based literals of a design -> how the first of them is written."""
    found: dict[tuple[int, int], str] = {}
    for text in sources:
        for match in _LITERAL.finditer(text):
            width, base, digits = int(match[1]), _BASES[match[2].lower()], match[3]
            try:
                value = int(digits.replace("_", ""), base)
            except ValueError:
                continue
            found.setdefault((width, value), match[0])
    return found


class Statements:
    """Writes actions for one design.

    Args:
        interface: of the design.
        form: the testbench that they stand in.
        spelled: see `spellings`.
    """

    def __init__(
        self, interface: Interface, form: Skeleton, spelled: Mapping[tuple[int, int], str]
    ) -> None:
        self._width = {s.name: s.width for s in interface.signals}
        self._form = form
        self._spelled = spelled

    def text(self, actions: Sequence[Action], indent: str = _INDENT) -> str:
        """Lines of statements; what one cycle is given stands on the cycle's own line."""
        lines: list[str] = []
        row: list[str] = []
        for action in merged(actions):
            match action:
                case Drive(values):
                    row += [f"{name} = {self._literal(name, value)};" for name, value in values]
                    continue
                case Cycles(n):
                    row.append(self._cycles(n))
                case WaitFor():
                    row.append(self._wait(action))
                case Repeat(n, body):
                    inner = self.text(body, indent + _STEP)
                    lines += [*_rows(row, indent), f"{indent}repeat ({n}) begin\n{inner}"]
                    row = [f"{indent}end\n"]
                    lines += row
                    row = []
                    continue
                case Random():
                    lines += [*_rows(row, indent), self._random(action, indent)]
                    row = []
                    continue
            lines += _rows(row, indent)
            row = []
        return "".join([*lines, *_rows(row, indent)])

    def _cycles(self, n: int) -> str:
        call = f"{self._form.cycle};"
        return call if n == 1 else f"repeat ({n}) {call}"

    def _wait(self, wait: WaitFor) -> str:
        value = self._literal(wait.signal, wait.value)
        seen = f"{self._form.instance}.{wait.signal}"
        return f"repeat ({wait.timeout}) if ({seen} !== {value}) {self._cycles(1)}"

    def _literal(self, name: str, value: int) -> str:
        width = self._width[name]
        if width == 1:
            return str(value)
        if (width, value) in self._spelled:
            return self._spelled[width, value]
        return str(value) if value < 10 else f"{width}'h{value:x}"

    def _random(self, action: Random, indent: str) -> str:
        inner = indent + _STEP
        moves = [self._move(name, driver) for name, driver in action.drivers]
        rows = "".join(_rows([*moves, self._cycles(action.pace)], inner))
        return f"{indent}repeat ({action.n}) begin\n{rows}{indent}end\n"

    def _move(self, name: str, driver: Driver) -> str:
        chance = ""
        if driver.change < 256:
            chance = f"if ($urandom % {_nearest(256 / driver.change)} == 0) "
        return f"{chance}{name} = {self._value(name, driver)};"

    def _value(self, name: str, driver: Driver) -> str:
        width = self._width[name]
        match driver.mode:
            case "bias" if width == 1:
                often = driver.amount >= 128
                odds = _nearest(256 / max(1, 256 - driver.amount if often else driver.amount))
                return f"$urandom % {odds} {'!=' if often else '=='} 0"
            case "onehot" | "walk":
                return f"1 << $urandom % {width}" if width > 1 else "$urandom"
            case "step":
                return f"{name} + {driver.amount}"
            case "copy":
                return f"{driver.source} + {driver.amount}" if driver.amount else driver.source
            case "choice":
                return self._choice(name, driver)
            case _:
                return _uniform(width)

    def _choice(self, name: str, driver: Driver) -> str:
        """One of several values, each as likely; of one with free bits, these are random."""
        every = (1 << self._width[name]) - 1
        cares = driver.cares or (every,) * len(driver.values)
        arms = [
            self._arm(name, value, care, every)
            for value, care in zip(driver.values, cares, strict=True)
        ][:_MAX_ARMS]
        odds = range(len(arms), 1, -1)
        return " : ".join(
            [
                *(f"$urandom % {n} == 0 ? {arm}" for n, arm in zip(odds, arms, strict=False)),
                arms[-1],
            ]
        )

    def _arm(self, name: str, value: int, care: int, every: int) -> str:
        literal = self._literal(name, value)
        if care in (0, every):
            return literal if care else _uniform(self._width[name])
        return f"{_uniform(self._width[name])} & {self._literal(name, every & ~care)} | {literal}"


def _uniform(width: int) -> str:
    words = -(-width // 32)
    return "$urandom" if words == 1 else f"{{{', '.join(['$urandom'] * min(words, 8))}}}"


def _nearest(odds: float) -> int:
    return min(_ODDS, key=lambda known: abs(known - odds))


def _rows(statements: Sequence[str], indent: str) -> Iterator[str]:
    """Lines of statements, as many on a line as fit."""
    line = ""
    for statement in statements:
        if line and len(indent) + len(line) + len(statement) >= _COLUMNS:
            yield f"{indent}{line}\n"
            line = ""
        line = f"{line} {statement}" if line else statement
    if line:
        yield f"{indent}{line}\n"
