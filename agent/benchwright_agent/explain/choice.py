"""The items of a case statement as conditions: which labels must match, and which must not."""

from __future__ import annotations

from pyslang import ast

from benchwright_agent.explain.explanation import Guard
from benchwright_agent.explain.visible import (
    Body,
    constant,
    is_local,
    is_visible,
    signals_in,
    text_of,
)
from benchwright_sim.errors import Location

_COMPARE = {
    ast.CaseStatementCondition.Normal: "==",
    ast.CaseStatementCondition.WildcardJustZ: "==?",
    ast.CaseStatementCondition.WildcardXOrZ: "==?",
    ast.CaseStatementCondition.Inside: "inside",
}


class Choice:
    """One case statement; its items are numbered, the default behind the last.

    The labels above an item matter only where several can match: with wildcards, ranges, and in
    the reverse case (`case (1'b1)`).
    """

    def __init__(self, statement: ast.CaseStatement, body: Body) -> None:
        self.statement = statement
        self._body = body
        self._items = [tuple(item.expressions) for item in statement.items]
        self._compare = _COMPARE[statement.condition]
        self._selected = constant(statement.expr, body)
        self._reverse = self._selected is not None and not all(
            constant(label, body) is not None for item in self._items for label in item
        )

    def guard(self, number: int, location: Location) -> Guard:
        """The condition of an item."""
        is_default = number == len(self._items)
        above = self._items[:number] if is_default or self._overlaps else []
        others = tuple(text_of(label) for item in above for label in item)
        labels = () if is_default else self._items[number]
        text, wanted = text_of(self.statement.expr), ", ".join(map(text_of, labels))
        if self._reverse:
            text, wanted = " || ".join(others if is_default else map(text_of, labels)), ""
        return Guard(
            text=text,
            wanted=(not is_default) if self._reverse else wanted,
            kind="case",
            location=location,
            operands=tuple(
                dict.fromkeys(
                    s.name for e in self.reads(number) for s in signals_in(e) if not is_local(s)
                )
            ),
            constant=self._constant(number),
            others=() if self._reverse and is_default else others,
            compare=self._compare,
        )

    def reads(self, number: int) -> tuple[ast.Expression, ...]:
        """The selector and the labels that decide about an item."""
        is_default = number == len(self._items)
        items = self._items if is_default else self._items[number : number + 1]
        return (self.statement.expr, *(label for item in items for label in item))

    def condition(self, number: int) -> str:
        """The condition of an item as an expression; empty where names of it are not known."""
        above = self._items[:number] if number == len(self._items) or self._overlaps else []
        labels = self._items[number] if number < len(self._items) else ()
        every = (self.statement.expr, *labels, *(label for item in above for label in item))
        if not all(is_visible(expression, self._body) for expression in every):
            return ""
        parts = [f"({' || '.join(map(self._match, labels))})"] if labels else []
        parts += [f"!({self._match(label)})" for item in above for label in item]
        return f"({' && '.join(parts)})" if parts else ""

    @property
    def _overlaps(self) -> bool:
        return self._reverse or self._compare != "=="

    def _match(self, label: ast.Expression) -> str:
        selector = text_of(self.statement.expr)
        if self._compare == "inside":
            return f"(({selector}) inside {{{text_of(label)}}})"
        return f"(({selector}) {self._compare} ({text_of(label)}))"

    def _constant(self, number: int) -> bool | None:
        """Whether an item is chosen, where selector and labels are constants."""
        if self._selected is None or self._reverse or self._compare != "==":
            return None
        chosen = next(
            (n for n, item in enumerate(self._items) if self._selected in map(self._value, item)),
            len(self._items),
        )
        return number == chosen

    def _value(self, label: ast.Expression) -> int | None:
        return constant(label, self._body)
