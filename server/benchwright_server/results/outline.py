"""Design units in a text: a scanner, no parser, so that it works on text that does not parse.

Source: IEEE 1800-2023 clauses 5 (comments, strings, escaped identifiers), 22 (directives), 23
(modules), 24 (programs), 25 (interfaces). Where `ifdef` offers several headers for one body, each
name is listed once. Limits: what a macro's text declares or instantiates is not seen.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchwright_server.results.line_map import LINE_END

UnitKind = Literal["module", "interface", "program"]

_KINDS: dict[str, UnitKind] = {
    "module": "module",
    "macromodule": "module",
    "interface": "interface",
    "program": "program",
}
_NAME = r"\\?[A-Za-z_][\w$]*"
_WORD_START = r"(?<![\w$\\`.])"
_HIDDEN = re.compile(
    r"//[^\r\n]*"
    r"|/\*.*?(?:\*/|\Z)"
    r'|"""(?:\\.|[^\\])*?(?:"""|\Z)'
    r'|"(?:\\.|[^"\\\r\n])*"?'
    r"|\\(?!\s)\S+"
    r"|`define\b(?:\\\r?\n|[^\r\n])*",
    re.DOTALL,
)
_VISIBLE = re.compile(r"[^\r\n]")
_MARK = re.compile(
    r"(?P<unit>macromodule|module|interface|program)(?![\w$])"
    r"|end(?P<end>module|interface|program)(?![\w$])"
    r"|`(?P<directive>ifdef|ifndef|elsif|else|endif)\b"
)
_WITHIN_NAME = re.compile(r"[\w$\\`.]")
_DIRECTIVE = re.compile(r"`(?:(?:ifdef|ifndef|elsif)\s+\w+|(?:else|endif)\b)")
_UNIT_NAME = re.compile(rf"\s*(?:(?:static|automatic)\s+)?({_NAME})")
_HEADER_TOKEN = re.compile(
    rf"[()#;]|{_WORD_START}(?:import|(?:macro)?module|end(?:module|interface|program|function|task)"
    r"|always(?:_ff|_comb|_latch)?|assign|initial)(?![\w$])"
)
_LABEL = re.compile(rf"begin\s*:\s*{_NAME}")
_INSTANCE = re.compile(
    rf"[;:)\nne]\s*(?<![ne])(?P<of>{_NAME})"
    rf"(?:\s*#\s*(?:(?P<open>\()|\w+\s+{_NAME}\s*\()"
    rf"|\s+(?P<name>{_NAME})\s*(?:\[[^\]]*\]\s*)*\()"
)
"""A statement starts after one of these characters, of which two end `begin` and `else`."""
_INSTANCE_NAME = re.compile(rf"\s*{_NAME}\s*(?:\[[^\]]*\]\s*)*\(")
_PARENTHESIS = re.compile(r"[();]")
_NO_INSTANCE_AFTER = frozenset(["function", "automatic", "static", "virtual", "bind", "extern"])
_NO_INSTANCE = """
    and assert assign assume automatic begin bind bit buf bufif0 bufif1 byte case casex casez
    checker class clocking cmos const constraint cover covergroup coverpoint cross default
    defparam disable do else end enum event expect export extern final for force foreach
    forever fork function generate genvar if iff import initial inout input inside int integer
    interface let local localparam logic longint macromodule modport module nand negedge new
    nmos nor not notif0 notif1 or output package parameter pmos posedge primitive priority
    program property protected pulldown pullup pure rand randc randcase real realtime ref reg
    release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 sequence shortint
    shortreal signed solve specify static string struct supply0 supply1 task time timeprecision
    timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique
    unique0 unsigned uwire var virtual void wait wait_order wand while wire with wor xnor xor
    always always_comb always_ff always_latch endcase endclass endfunction endgenerate
    endmodule endtask join join_any join_none
    """
_KEYWORDS = frozenset(_NO_INSTANCE.split())
"""Those that can stand before a name and a parenthesis, where nothing is instantiated."""
_LOOK_BACK = 200


@dataclass(frozen=True, slots=True)
class ModuleOutline:
    """One module, interface or program.

    Attributes:
        kind: `macromodule` is a module.
        name: as written, an escaped one without its backslash.
        line: of the name, from 0.
        name_character: of the name, in code points from 0.
        end_line: of its end keyword, or of the text's last line where that is missing.
        has_ports: it has at least one port.
        instantiates: names of what it instantiates, each once, in order.
        is_testbench: a module without ports that instantiates another.
    """

    kind: UnitKind
    name: str
    line: int
    name_character: int
    end_line: int
    has_ports: bool
    instantiates: tuple[str, ...]
    is_testbench: bool


@dataclass(slots=True)
class _Unit:
    kind: UnitKind
    name: str
    start: int
    body: int
    end: int
    has_ports: bool
    instantiates: dict[str, None] = field(default_factory=dict)


_Open = tuple[tuple[_Unit, ...], ...]
"""Units that are open, outermost first; several at one depth are headers of one body."""


def outline(text: str) -> tuple[ModuleOutline, ...]:
    """The design units of `text`, in order; never raises."""
    text = text.removeprefix("\ufeff")
    code = _HIDDEN.sub(_blank, text)
    units = _units(code, text)
    code = _LABEL.sub(_unlabelled, _DIRECTIVE.sub(_blank, code))
    _place(units, _instances(code, text))
    lines = [0, *(match.end() for match in LINE_END.finditer(text))]
    return tuple(_outlined(unit, lines) for unit in _by_name(units))


def _blank(match: re.Match[str]) -> str:
    """As many spaces; an escaped name stays a name."""
    hidden = match[0]
    if hidden[0] == "\\":
        return "\\" + "_" * (len(hidden) - 1)
    return _VISIBLE.sub(" ", hidden)


def _unlabelled(match: re.Match[str]) -> str:
    return "begin" + _VISIBLE.sub(" ", match[0][5:])


def _word_before(code: str, at: int) -> str:
    words = code[max(0, at - _LOOK_BACK) : at].rsplit(None, 1)
    return words[-1] if words else ""


def _plain(text: str) -> str:
    return text.removeprefix("\\")


def _outlined(unit: _Unit, lines: Sequence[int]) -> ModuleOutline:
    line = bisect_right(lines, unit.start) - 1
    return ModuleOutline(
        kind=unit.kind,
        name=unit.name,
        line=line,
        name_character=unit.start - lines[line],
        end_line=bisect_right(lines, unit.end) - 1,
        has_ports=unit.has_ports,
        instantiates=tuple(unit.instantiates),
        is_testbench=unit.kind == "module" and not unit.has_ports and bool(unit.instantiates),
    )


def _units(code: str, text: str) -> list[_Unit]:
    units: list[_Unit] = []
    opened: _Open = ()
    choices: list[tuple[_Open, list[_Open]]] = []
    header_end = 0
    for mark in _MARK.finditer(code):
        if _WITHIN_NAME.match(code, max(mark.start() - 1, 0)) and mark.start():
            continue
        if mark["directive"]:
            opened = _choose(mark["directive"], opened, choices)
        elif mark.start() < header_end:
            continue
        elif mark["end"]:
            opened = _close(opened, _KINDS[mark["end"]], mark.start())
        else:
            unit = _unit(mark, code, text)
            if unit is None:
                continue
            header_end = unit.body
            same = [other for other in opened[-1] if other.name == unit.name] if opened else []
            if same:
                same[0].has_ports |= unit.has_ports
            else:
                units.append(unit)
                opened = (*opened, (unit,))
    return units


def _by_name(units: Sequence[_Unit]) -> Iterable[_Unit]:
    """Each name once: what `ifdef` offers under one name is one unit."""
    found: dict[str, _Unit] = {}
    for unit in units:
        first = found.setdefault(unit.name, unit)
        first.has_ports |= unit.has_ports
        first.instantiates.update(unit.instantiates)
    return found.values()


def _choose(directive: str, opened: _Open, choices: list[tuple[_Open, list[_Open]]]) -> _Open:
    """What is open after a directive: each choice of an `ifdef` begins with what was open there."""
    if directive in ("ifdef", "ifndef"):
        choices.append((opened, []))
    elif choices:
        before, others = choices[-1]
        others.append(opened)
        if directive != "endif":
            return before
        choices.pop()
        depth = max(map(len, others))
        return tuple(
            tuple(
                {id(unit): unit for other in others if n < len(other) for unit in other[n]}.values()
            )
            for n in range(depth)
        )
    return opened


def _close(opened: _Open, kind: UnitKind, end: int) -> _Open:
    """What is open after an end keyword: the innermost of its kind is closed, and all within it."""
    for depth in reversed(range(len(opened))):
        if any(unit.kind == kind for unit in opened[depth]):
            for unit in (unit for level in opened[depth:] for unit in level):
                unit.end = min(unit.end, end)
            return opened[:depth]
    return opened


def _unit(mark: re.Match[str], code: str, text: str) -> _Unit | None:
    name = _UNIT_NAME.match(code, mark.end())
    if name is None or name[1] in _KEYWORDS:
        return None
    if _word_before(code, mark.start()) in ("extern", "virtual", "typedef"):
        return None
    body, has_ports = _header(code, name.end())
    plain = _plain(text[name.start(1) : name.end(1)])
    return _Unit(_KINDS[mark["unit"]], plain, name.start(1), body, len(text), has_ports)


def _header(code: str, start: int) -> tuple[int, bool]:
    """Where a header ends, and whether it has ports: what is in parentheses that follow no `#`."""
    depth = ports = 0
    before = ""
    has_ports = False
    for token in _HEADER_TOKEN.finditer(code, start):
        kind = token[0]
        if kind == "(":
            if depth == 0:
                ports = -1 if before == "#" else token.end()
            depth += 1
        elif kind == ")":
            depth = max(depth - 1, 0)
            if depth == 0 and ports > 0:
                has_ports |= bool(_DIRECTIVE.sub("", code[ports : token.start()]).strip())
        elif kind == ";" and depth == 0 and before != "import":
            return token.end(), has_ports
        elif kind not in ("#", ";", "import"):
            unfinished = depth > 0 and ports > 0
            content = _DIRECTIVE.sub("", code[ports : token.start()]) if unfinished else ""
            return token.start(), has_ports or bool(content.strip())
        before = kind
    return len(code), has_ports


def _instances(code: str, text: str) -> Iterator[tuple[int, str]]:
    """Where something is instantiated, and its name."""
    for match in _INSTANCE.finditer(code):
        start, end = match.span("of")
        if match["of"] in _KEYWORDS or match["name"] in _KEYWORDS:
            continue
        before = _word_before(code, start)
        if before in _NO_INSTANCE_AFTER:
            continue
        gap = code[match.start() : start]
        if gap[0] in "ne" and "\n" not in gap and before not in ("begin", "else"):
            continue
        if match["open"] and not _INSTANCE_NAME.match(code, _after_parentheses(code, match.end())):
            continue
        yield start, _plain(text[start:end])


def _after_parentheses(code: str, at: int) -> int:
    """The place after the parenthesis that closes the one before `at`, if the statement has it."""
    depth = 1
    for token in _PARENTHESIS.finditer(code, at):
        depth += 1 if token[0] == "(" else -1
        if depth == 0 or token[0] == ";":
            return token.end()
    return len(code)


def _place(units: Sequence[_Unit], instances: Iterator[tuple[int, str]]) -> None:
    """Tells the innermost unit around each instance of it."""
    around: list[_Unit] = []
    later = list(reversed(units))
    for start, of in instances:
        while later and later[-1].body <= start:
            around.append(later.pop())
        while around and around[-1].end <= start:
            around.pop()
        if around:
            around[-1].instantiates[of] = None
