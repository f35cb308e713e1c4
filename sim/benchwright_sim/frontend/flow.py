"""What symbols may become when a procedure runs: steps run on sets of values.

Conditions that the known values decide are followed, all others both ways.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pyslang import ConstantValue, LiteralBase, SVInt, ast

from benchwright_sim.frontend.hierarchy import Driver, named, strip, unsigned
from benchwright_sim.frontend.steps import Assign, Branch, Choice, Step, prune

Values = frozenset[int] | None
"""What an expression or symbol may be; None when nothing is known."""

_MAX_DEPTH = 16
"""Wires that an expression is followed through."""

_MAX_CALLS = 4
"""Functions within functions that are entered; more is recursion."""
_AND = frozenset({ast.BinaryOperator.LogicalAnd})
_OR = frozenset({ast.BinaryOperator.LogicalOr})


@dataclass(frozen=True, slots=True)
class Flow:
    """How to read expressions while steps run.

    Attributes:
        scope: in which expressions are evaluated.
        drivers: expressions that wires and combinational variables stand for.
        decided: conditions that are taken as false or true whatever the values, such as resets.
        computed: values of symbols that other procedures assign; None where there are none.
        n_calls: functions entered so far.
    """

    scope: ast.InstanceBodySymbol
    drivers: Mapping[ast.Symbol, list[Driver]]
    decided: Callable[[ast.Expression], bool | None] = lambda _: None
    computed: Callable[[ast.Symbol], Values] = lambda _: None
    n_calls: int = 0

    def run(self, steps: Iterable[Step], state: State) -> None:
        """Runs steps on `state`."""
        for step in steps:
            if isinstance(step, Assign):
                state.assign(step, self.values(step.value, state))
            elif isinstance(step, Branch):
                truth = self.truth(step.condition, state) if step.condition else None
                self._run_any(_branches(step, truth), state)
            else:
                self._run_any(self._ways(step, state), state)

    def _run_any(self, ways: list[tuple[Step, ...]], state: State) -> None:
        states = [state.copy() for _ in ways]
        for way, each in zip(ways, states, strict=True):
            self.run(way, each)
        state.join(states)

    def _ways(self, choice: Choice, state: State) -> list[tuple[Step, ...]]:
        """Steps of the items that may match, up to one that surely does."""
        ways: list[tuple[Step, ...]] = []
        for labels, steps in choice.items:
            matches = [self._match(choice, label, state) for label in labels]
            if any(matches):
                return [*ways, steps]
            if None in matches:
                ways.append(steps)
        return [*ways, choice.default]

    def _match(self, choice: Choice, label: ast.Expression, state: State) -> bool | None:
        pattern = self._bits(label, state)
        if pattern is not None:
            return self._match_bits(choice.selector, pattern, choice.wildcard, state)
        selector = self.values(choice.selector, state)
        if selector == frozenset({1}) and label.type.bitWidth == 1:
            return self.truth(label, state)
        return None

    def _match_bits(
        self, selector: ast.Expression, pattern: str, wildcard: bool, state: State
    ) -> bool | None:
        """Whether a selector, or the known operands of a concatenation, fit a pattern."""
        inner = strip(selector)
        if isinstance(inner, ast.ConcatenationExpression):
            return self._match_operands(inner, pattern, wildcard, state)
        values = self.values(selector, state)
        if values is None:
            return None
        fits = {_fits(value, pattern, wildcard) for value in values}
        return fits.pop() if len(fits) == 1 else None

    def _match_operands(
        self, selector: ast.ConcatenationExpression, pattern: str, wildcard: bool, state: State
    ) -> bool | None:
        results: list[bool | None] = []
        rest = pattern[-selector.type.bitWidth :].rjust(selector.type.bitWidth, "0")
        for operand in selector.operands:
            width = operand.type.bitWidth
            part, rest = rest[:width], rest[width:]
            results.append(self._match_bits(operand, part, wildcard, state))
        if False in results:
            return False
        return None if None in results else True

    def _bits(self, expression: ast.Expression, state: State) -> str | None:
        """A constant as binary digits, x and z among them."""
        number = self._evaluate(expression, state).value
        return number.toString(LiteralBase.Binary, False) if isinstance(number, SVInt) else None

    def truth(self, condition: ast.Expression, state: State, depth: int = 0) -> bool | None:
        """Whether a condition holds; None when that is not known."""
        decided = self.decided(condition)
        if decided is not None:
            return decided
        condition = strip(condition)
        value = unsigned(self._evaluate(condition, state).value)
        if value is not None:
            return value != 0
        if depth > _MAX_DEPTH:
            return None
        if isinstance(condition, ast.UnaryExpression):
            return self._negated(condition, state, depth)
        if isinstance(condition, ast.BinaryExpression):
            return self._combined(condition, state, depth)
        symbol = named(condition)
        driver = self._driver(symbol) if symbol is not None else None
        return self.truth(driver, state, depth + 1) if driver is not None else None

    def _negated(self, condition: ast.UnaryExpression, state: State, depth: int) -> bool | None:
        one_bit = condition.operand.type.bitWidth == 1
        if condition.op != ast.UnaryOperator.LogicalNot and not (
            condition.op == ast.UnaryOperator.BitwiseNot and one_bit
        ):
            return None
        inner = self.truth(condition.operand, state, depth)
        return None if inner is None else not inner

    def _combined(self, condition: ast.BinaryExpression, state: State, depth: int) -> bool | None:
        one_bit = condition.type.bitWidth == 1
        is_and = condition.op in _AND or (condition.op == ast.BinaryOperator.BinaryAnd and one_bit)
        is_or = condition.op in _OR or (condition.op == ast.BinaryOperator.BinaryOr and one_bit)
        if not (is_and or is_or):
            return None
        sides = [self.truth(s, state, depth) for s in (condition.left, condition.right)]
        if is_and:
            return False if False in sides else None if None in sides else True
        return True if True in sides else None if None in sides else False

    def values(self, expression: ast.Expression, state: State, depth: int = 0) -> Values:
        """What an expression may be."""
        number = self._evaluate(expression, state).value
        if isinstance(number, SVInt):
            value = unsigned(number)
            return frozenset() if value is None else frozenset({value})
        inner = strip(expression)
        if depth > _MAX_DEPTH:
            return None
        if isinstance(inner, ast.ConditionalExpression):
            return self._either(inner, state, depth)
        if isinstance(inner, ast.CallExpression):
            return self._called(inner, state)
        symbol = named(inner)
        return self._read(symbol, state, depth) if symbol is not None else None

    def _read(self, symbol: ast.Symbol, state: State, depth: int) -> Values:
        if symbol in state.now:
            return state.now[symbol]
        driver = self._driver(symbol)
        if driver is not None:
            return self.values(driver, state, depth + 1)
        return self.computed(symbol)

    def _called(self, call: ast.CallExpression, state: State) -> Values:
        """What a function of the design may return, its arguments standing for its formals."""
        function = call.subroutine
        if not isinstance(function, ast.SubroutineSymbol) or self.n_calls >= _MAX_CALLS:
            return None
        result, inside = function.returnValVar, state.copy()
        if result is None:
            return None
        formals: dict[ast.Symbol, list[Driver]] = {
            formal: [actual]
            for formal, actual in zip(function.arguments, call.arguments, strict=False)
        }
        inner = dataclasses.replace(
            self, drivers={**self.drivers, **formals}, n_calls=self.n_calls + 1
        )
        inner.run(prune(function.body, frozenset({result}), result), inside)
        return inside.after.get(result)

    def _either(self, inner: ast.ConditionalExpression, state: State, depth: int) -> Values:
        truth = self.truth(inner.conditions[0].expr, state, depth)
        left = self.values(inner.left, state, depth) if truth is not False else frozenset()
        right = self.values(inner.right, state, depth) if truth is not True else frozenset()
        return None if left is None or right is None else left | right

    def _driver(self, symbol: ast.Symbol) -> ast.Expression | None:
        drivers = self.drivers.get(symbol, [])
        return drivers[0] if len(drivers) == 1 and isinstance(drivers[0], ast.Expression) else None

    def _evaluate(self, expression: ast.Expression, state: State) -> ConstantValue:
        context = ast.EvalContext(self.scope)
        context.pushEmptyFrame()
        for symbol, values in state.now.items():
            if values is not None and len(values) == 1 and isinstance(symbol, ast.ValueSymbol):
                number = SVInt(symbol.type.bitWidth, next(iter(values)), symbol.type.isSigned)
                context.createLocal(symbol, ConstantValue(number))
        return expression.eval(context)


@dataclass(slots=True)
class State:
    """Values of symbols while steps run.

    Attributes:
        now: what reading a symbol gives.
        after: what symbols were assigned last; a way that assigns nothing adds nothing.
    """

    now: dict[ast.Symbol, Values] = field(default_factory=dict)
    after: dict[ast.Symbol, Values] = field(default_factory=dict)

    def copy(self) -> State:
        """An independent copy."""
        return State(dict(self.now), dict(self.after))

    def assign(self, step: Assign, values: Values) -> None:
        """Takes an assignment; only a blocking one is seen by later reads."""
        if values is not None:
            values = frozenset(value & ((1 << step.width) - 1) for value in values)
        self.after[step.target] = values
        if step.blocking:
            self.now[step.target] = values

    def join(self, states: list[State]) -> None:
        """Becomes the union of what the ways gave, in place."""
        for mine, theirs in (
            (self.now, [state.now for state in states]),
            (self.after, [state.after for state in states]),
        ):
            for symbol in {symbol for each in theirs for symbol in each}:
                before = mine.get(symbol, frozenset())
                mine[symbol] = _union(each.get(symbol, before) for each in theirs)


def _branches(step: Branch, truth: bool | None) -> list[tuple[Step, ...]]:
    if truth is None:
        return [step.then, step.other]
    return [step.then if truth else step.other]


def _union(sets: Iterable[Values]) -> Values:
    union: frozenset[int] = frozenset()
    for values in sets:
        if values is None:
            return None
        union |= values
    return union


def _fits(value: int, pattern: str, wildcard: bool) -> bool:
    if not wildcard:
        return not set(pattern) - {"0", "1"} and value == int(pattern, 2)
    digits = f"{value:b}".rjust(len(pattern), "0")
    padded = pattern.rjust(len(digits), "0")
    return all(p not in "01" or p == d for p, d in zip(padded, digits, strict=True))
