"""What a family draws a design with: names, parameters, declarations, processes, its words.

A family writes statements as text, in lines; the maker declares, names and lays out in one style.
What is assigned by `assign`, by `wire` or by an instance is a net, all else a variable, so that a
family need not say.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from benchwright_trainer.designs.layout import fold, lay_out
from benchwright_trainer.designs.module_text import ModuleText, Port, Signal
from benchwright_trainer.designs.names import Kind, Names
from benchwright_trainer.designs.size import Size
from benchwright_trainer.designs.split import Split
from benchwright_trainer.designs.style import Style, draw_style

T = TypeVar("T")

_UNSEEN_SHARE = 0.7
_GUARD_SHARE = 0.35
_GUARDED = frozenset(
    (
        *("enable", "start", "valid in", "write enable", "load", "request", "run", "push", "kick"),
        *("valid", "write", "strobe", "send", "insert", "lookup", "read enable", "transmit"),
    )
)
"""Roles of inputs that may have effect only once a design is unlocked."""


class If(str):
    """One `if` statement, which may follow an `else` as it is; `when` and `chain` give it."""

    __slots__ = ()


class Maker:
    """One module of one design; `module` gives makers for modules below it.

    Attributes:
        rng: of this design alone.
        split: what may be drawn.
        style: how it is written.
        title: the module's name.
        unseen: the axes whose value is never trained on.
        choices: what `choose` gave, by axis.
        guarded: an input that has effect only once the design is unlocked, what stands for it,
            and the flag that says so; empty for most designs.
    """

    def __init__(
        self,
        rng: random.Random,
        split: Split,
        titles: Sequence[str] = ("unit",),
        parent: Maker | None = None,
    ) -> None:
        self.rng = rng
        self.split = split
        self.style: Style = parent.style if parent else draw_style(rng)
        self._names: Names = parent._names.beside() if parent else Names(rng, split)
        self.title = self._names.of(rng.choice(tuple(titles)), "module")
        self.unseen: list[str] = parent.unseen if parent else []
        self.choices: dict[str, str] = parent.choices if parent else {}
        self._text = ModuleText(self.title, self.style)
        self._said: list[str] = []
        self._below: list[Maker] = []
        self._declared: set[str] = set()
        self._guards = parent is None and rng.random() < _GUARD_SHARE
        self.guarded: tuple[str, str, str] | tuple[()] = ()

    # What is drawn

    def choose(self, key: str, train: Sequence[T], unseen: Sequence[T] = ()) -> T:
        """A value of the axis `key`; of `unseen` in the split "parameters" only."""
        held = self.split == "parameters" and bool(unseen) and self.rng.random() < _UNSEEN_SHARE
        if held:
            self.unseen.append(key)
        found = self.rng.choice(unseen if held else train)
        self.choices[key] = str(found)
        return found

    def flip(self, chance: float = 0.5) -> bool:
        """Whether an optional feature is there."""
        return self.rng.random() < chance

    def value(self, width: int) -> int:
        """A constant of `width` bits that is not hit by chance: neither 0 nor all ones."""
        top = (1 << int(width)) - 1
        return self.rng.randrange(1, top) if top > 1 else 1

    def name(self, role: str) -> str:
        """The identifier of a role."""
        return self._names.of(role)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Inputs declared so far, but for clock and reset."""
        return tuple(port for port in self._text.ports if port.direction == "input")

    @property
    def n_lines(self) -> int:
        """How long the module is so far, about."""
        return sum(map(len, self._text.items)) + len(self._text.ports) + len(self._text.signals)

    # What is declared

    def parameter(self, role: str, value: int) -> int:
        """`value` as a parameter of the module, where the style has them."""
        if not self.style.parameters:
            return value
        size = Size(value)
        size.text = self._names.of(role, "parameter")
        self._text.parameters.append((size.text, value))
        return size

    def port(
        self, direction: Literal["input", "output"], role: str, width: int = 1, about: str = ""
    ) -> str:
        """Declares a port and gives its name; `about` is said of it in the specification.

        Of a guarded input it gives what stands for it inside.
        """
        name = self._take(role, direction)
        self._text.ports.append(Port(direction, name, width, about))
        if not (self._guards and direction == "input" and width == 1 and role in _GUARDED):
            return name
        self._guards = False
        flag = self._declare("unlocked", "wire", 1, None)
        gated = self.wire(f"effective {role}", 1, f"{name} && {flag}")
        self.guarded = (name, gated, flag)
        return gated

    def reg(self, role: str, width: int = 1, depth: int | None = None) -> str:
        """Declares a variable, or a memory of `depth` words."""
        return self._declare(role, "reg", width, depth)

    def wire(self, role: str, width: int = 1, expr: str | None = None) -> str:
        """Declares a signal that `expr` drives, or a `comb` process if there is none."""
        name = self._declare(role, "wire", width, None)
        if expr is not None:
            self.assign(name, expr)
        return name

    def const(self, role: str, value: int, width: int) -> str:
        """A constant, by name or as it is."""
        if not self.style.named:
            return self.lit(value, width)
        name = self._take(role, "const")
        self._text.constants.append((name, width, self.lit(value, width)))
        return name

    def lit(self, value: int, width: int) -> str:
        """A sized literal."""
        width = int(width)
        if width == 1:
            return f"1'b{value}"
        hexadecimal = self.style.radix == "hex" and width > 2
        return f"{width}'h{value:X}" if hexadecimal else f"{width}'d{value:d}"

    def states(self, *roles: str) -> tuple[str, ...]:
        """Declares the states of a machine; the first is that of reset."""
        names = tuple(self._take(role, "state") for role in roles)
        self._text.add_states(names, lambda: self._take("state type", "type"))
        return names

    def state(self, role: str = "state") -> str:
        """Declares a register of the states declared last."""
        name = self._take(role, "reg")
        self._text.signals.append(Signal(name, self._text.state_width, None, self._text.state_type))
        return name

    # What it does

    def clocked(self, reset: Mapping[str, str | int], body: str) -> None:
        """A clocked process: registers with their reset values, and non-blocking assignments.

        Registers that are not in `reset` keep their value in reset; without any there is none.
        """
        clock = self._names.of("clock", "input")
        edges = f"{self.style.edge} {clock}"
        self._text.clock = clock
        if not reset:
            self._process("always_ff", edges, body)
            return
        low = self.style.reset_low
        name = self._names.of("reset low" if low else "reset", "input")
        self._text.reset = name
        if self.style.reset == "async":
            edges += f" or {'negedge' if low else 'posedge'} {name}"
        first = self._block(f"if ({'!' if low else ''}{name})", self.let(reset))
        self._process("always_ff", edges, _joined_else(first, f"else begin\n{body}\nend"))

    def comb(self, body: str) -> None:
        """A combinational process, in blocking assignments."""
        self._process("always_comb", "*", body)

    def assign(self, target: str, expr: str) -> None:
        """A continuous assignment."""
        self._text.nets.update(part.strip().split("[")[0] for part in target.strip("{}").split(","))
        line = f"{self.style.indent}assign {target} = {expr};"
        self._text.items.append(fold(line, self.style))

    def module(self, title: str) -> Maker:
        """A maker for a module below this one, in the same file."""
        below = Maker(self.rng, self.split, (title,), self)
        self._below.append(below)
        return below

    def instance(self, below: Maker, role: str, ports: Mapping[str, str]) -> None:
        """An instance of a module: its ports, by the names they have there, to expressions here.

        Clock and reset are connected by themselves.
        """
        joined = dict(ports)
        text = below._text
        if text.clock:
            self._text.clock = joined[text.clock] = self._names.of("clock", "input")
        if text.reset:
            reset = self._names.of("reset low" if self.style.reset_low else "reset", "input")
            self._text.reset = joined[text.reset] = reset
        outputs = {port.name for port in text.ports if port.direction == "output"}
        self._text.nets.update(joined[name].split("[")[0] for name in outputs & joined.keys())
        indent = self.style.indent
        lines = [f"{indent * 2}.{name}({expr})" for name, expr in joined.items()]
        self._text.items.append(
            [
                f"{indent}{below.title} {self._names.of(role, 'wire')} (",
                *(f"{line}," for line in lines[:-1]),
                lines[-1],
                f"{indent});",
            ]
        )

    # Statements as text

    def let(self, values: Mapping[str, str | int], op: str = "<=") -> str:
        """Assignments to several signals; a number becomes a literal of the signal's width."""
        return "\n".join(f"{to} {op} {self._sized(to, of)};" for to, of in values.items())

    def when(self, condition: str, then: str, otherwise: str = "") -> str:
        """`if`, with `else` where there is one."""
        text = self._block(f"if ({condition})", then)
        if not otherwise:
            return If(text)
        if isinstance(otherwise, If):
            return If(_joined_else(text, f"else {otherwise}"))
        return If(_joined_else(text, self._block("else", otherwise)))

    def chain(self, *branches: tuple[str, str], otherwise: str = "") -> str:
        """`if ... else if ... else`: conditions with their statements."""
        text = otherwise
        for condition, then in reversed(branches):
            text = self.when(condition, then, text)
        return text

    def either(self, target: str, condition: str, a: str, b: str, *, op: str = "<=") -> str:
        """One of two values for `target`: as an expression or as statements."""
        if self.style.ternary:
            return f"{target} {op} ({condition}) ? {a} : {b};"
        return self.when(condition, f"{target} {op} {a};", f"{target} {op} {b};")

    def case(
        self,
        subject: str,
        items: Mapping[str, str],
        default: str | None = None,
        *,
        full: bool = False,
    ) -> str:
        """Statements by the value of `subject`; `full` says that `items` are all it can have."""
        if self.style.branching == "if":
            branches = [
                (" || ".join(f"{subject} == {one.strip()}" for one in label.split(",")), then)
                for label, then in items.items()
            ]
            last = default or (branches.pop()[1] if full else "")
            return self.chain(*branches, otherwise=last)
        lines = [f"case ({subject})"]
        lines += [self._block(f"{label}:", then) for label, then in items.items()]
        if default:
            lines.append(self._block("default:", default))
        return "\n".join((*lines, "endcase"))

    def note(self, text: str) -> str:
        """A comment, in some styles; to be put on a line of its own in a body."""
        return f"// {text}" if self.rng.random() < self.style.comments else ""

    # Its words

    def say(self, sentence: str) -> None:
        """One sentence of the specification; an empty one ends the paragraph."""
        self._said.append(sentence.strip())

    def source(self) -> str:
        """The design's text: modules below come first."""
        modules = [below.source() for below in self._below]
        return "\n".join((*modules, self._text.render()))

    def specification(self) -> str:
        """The design's specification, in Markdown."""
        return self._text.specify(self._said)

    def _declare(self, role: str, kind: Kind, width: int, depth: int | None) -> str:
        name = self._take(role, kind)
        self._text.signals.append(Signal(name, width, depth))
        return name

    def _take(self, role: str, kind: Kind) -> str:
        """The identifier of a role that is declared now; another one if it was declared before."""
        if role in self._declared:
            return self._names.fresh(role, kind)
        self._declared.add(role)
        return self._names.of(role, kind)

    def _sized(self, name: str, value: str | int) -> str:
        return value if isinstance(value, str) else self.lit(value, self._text.width(name))

    def _process(self, kind: str, edges: str, body: str) -> None:
        modern = self.style.language == "systemverilog"
        if kind == "always_comb" and modern:
            head = kind
        elif kind == "always_comb":
            head = "always @(*)"
        else:
            head = f"{kind if modern else 'always'} @({edges})"
        self._text.items.append(lay_out(f"{head} begin\n{body}\nend", self.style))

    def _block(self, head: str, body: str) -> str:
        lines = [line for line in body.splitlines() if line.strip()]
        if self.style.terse and len(lines) == 1 and not lines[0].startswith("//"):
            return (
                f"{head}\n{lines[0]}" if head.startswith(("if", "else")) else f"{head} {lines[0]}"
            )
        return "\n".join((f"{head} begin", *lines, "end"))


def _joined_else(text: str, rest: str) -> str:
    return f"{text} {rest}" if text.endswith("\nend") else f"{text}\n{rest}"
