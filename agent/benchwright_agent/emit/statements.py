"""The actions of a segment as SystemVerilog statements."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from benchwright_agent.emit.literal import literal
from benchwright_agent.emit.names import Names
from benchwright_agent.emit.uses import draws, merged
from benchwright_sim.interface import Interface
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Random,
    Repeat,
    WaitFor,
)
from benchwright_sim.wrapper import COLUMNS, fill

_STEP = "  "


class Statements:
    """Writes actions for one interface under the names that a testbench has chosen.

    Raises:
        KeyError: an action names a signal that the interface does not have.
    """

    def __init__(self, interface: Interface, names: Names) -> None:
        self._width = {s.name: s.width for s in interface.signals}
        self._names = names

    def lines(self, actions: Sequence[Action], indent: str) -> list[str]:
        """The statements, with what one cycle is given on the cycle's own line where it fits."""
        lines: list[str] = []
        group: list[str] = []
        for action in merged(actions):
            match action:
                case Drive():
                    group.extend(self._drive(action))
                    continue
                case Cycles():
                    group.append(self._cycles(action.n))
                case WaitFor():
                    group.append(self._wait(action))
                case Random() | Repeat():
                    lines.extend(_packed(group, indent))
                    lines.extend(self._loop(action, indent))
                    group = []
                    continue
            lines.extend(_packed(group, indent))
            group = []
        return [*lines, *_packed(group, indent)]

    def _drive(self, drive: Drive) -> Iterator[str]:
        for name, value in drive.values:
            yield f"{self._names.signal[name]} = {literal(value, self._width[name])};"

    def _cycles(self, n: int) -> str:
        call = f"{self._names.helper['cycle']};"
        return call if n == 1 else f"repeat ({n}) {call}"

    def _wait(self, wait: WaitFor) -> str:
        value = literal(wait.value, self._width[wait.signal])
        seen = self._names.seen[wait.signal]
        return f"repeat ({wait.timeout}) if ({seen} !== {value}) {self._cycles(1)}"

    def _loop(self, action: Random | Repeat, indent: str) -> list[str]:
        if isinstance(action, Random):
            return self._random(action, indent)
        body = self.lines(action.body, indent + _STEP)
        head = f"{indent}repeat ({action.n})"
        inline = f"{head} {body[0].lstrip()}" if body else f"{head};"
        alone = len(body) <= 1 and inline.count(";") == 1 and inline.count("repeat") == 1
        if alone and len(inline) <= COLUMNS:
            return [inline]
        return [f"{head} begin", *body, f"{indent}end"]

    def _random(self, action: Random, indent: str) -> list[str]:
        counter = self._names.helper["i"]
        inner = indent + _STEP
        lines = []
        if any(draws(driver) for _, driver in action.drivers):
            lines.append(f"{indent}{self._names.helper['rng']} = {literal(action.seed, 32)};")
        if any(driver.mode == "walk" for _, driver in action.drivers):
            head = f"for (int {counter} = 0; {counter} < {action.n}; {counter}++)"
        else:
            head = f"repeat ({action.n})"
        lines.append(f"{indent}{head} begin")
        for name, driver in action.drivers:
            lines.extend(self._driver(name, driver, inner))
        return [*lines, f"{inner}{self._cycles(action.pace)}", f"{indent}end"]

    def _driver(self, name: str, driver: Driver, indent: str) -> list[str]:
        helper = self._names.helper
        condition = f"if ({helper['chance']}({driver.change})) " if driver.change < 256 else ""
        if driver.mode == "choice":
            return self._choice(name, driver, indent, condition)
        target = self._names.signal[name]
        return _wrapped(f"{condition}{target} = {self._value(name, driver)};", indent)

    def _value(self, name: str, driver: Driver) -> str:
        """The expression of every mode but `choice`."""
        helper, width = self._names.helper, self._width[name]
        match driver.mode:
            case "uniform":
                return self._uniform(width)
            case "bias":
                word = f"{helper['chance']}({driver.amount})"
                return word if width == 1 else f"{{{width}{{{word}}}}}"
            case "onehot":
                return f"1 << {helper['below']}({width})"
            case "walk":
                return f"1 << ({helper['i']} % {width})"
            case _:
                source = self._names.signal[driver.source if driver.mode == "copy" else name]
                added = literal(driver.amount, width)
                return f"{source} + {added}" if driver.amount else source

    def _choices(self, driver: Driver, width: int) -> list[str]:
        """The value of each arm; what the design does not look at is random."""
        values = [literal(value, width) for value in driver.values]
        if not driver.cares:
            return values
        uniform = self._uniform(width)
        every = (1 << width) - 1
        free = [every & ~care for care in driver.cares]
        return [
            f"{uniform} & {literal(mask, width)} | {value}" if mask != every else uniform
            for mask, value in zip(free, values, strict=True)
        ]

    def _uniform(self, width: int) -> str:
        helper = self._names.helper
        return f"{helper['rand32']}()" if width <= 32 else f"{helper['rand_bits']}({width})"

    def _choice(self, name: str, driver: Driver, indent: str, condition: str) -> list[str]:
        target, width = self._names.signal[name], self._width[name]
        values = [f"{target} = {value};" for value in self._choices(driver, width)]
        arms = [f"{i}: {value}" for i, value in enumerate(values[:-1])]
        arms.append(f"default: {values[-1]}")
        head = f"{condition}case ({self._names.helper['below']}({len(values)}))"
        whole = f"{indent}{head} {' '.join(arms)} endcase"
        if len(whole) <= COLUMNS:
            return [whole]
        return [f"{indent}{head}", *_packed(arms, indent + _STEP), f"{indent}endcase"]


def _packed(statements: Sequence[str], indent: str) -> list[str]:
    """Several statements on a line, and a long one on several."""
    lines = []
    for line in fill(statements, indent=indent):
        lines.extend(_wrapped(line.strip(), indent))
    return lines


def _wrapped(statement: str, indent: str) -> list[str]:
    return textwrap.wrap(
        statement,
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent + _STEP,
        break_long_words=False,
        break_on_hyphens=False,
    )
