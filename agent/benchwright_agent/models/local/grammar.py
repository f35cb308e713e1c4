"""A JSON schema as a grammar that llama.cpp samples by, so that every finished answer fits it.

The converter that llama-cpp-python brings ignores the bounds of integers and drops backslashes of
constants; this one honours every keyword that it takes, and refuses a schema that uses another.
Answers are narrower than the schema where that harms nothing: no white space between tokens,
properties in the schema's order with the required ones first and none that it does not name, texts
and lists of at most 1,000 items, integers of at most 18 digits unless bounded. `oneOf` is read as
`anyOf`. The notation: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from benchwright_agent.models.model import ModelError

_MAX_REPEATS = 1000
_FAR = 10**18 - 1
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "default", "examples"}
_CHARACTER = r'([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))'
_NUMBER = '("-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?)'
_BOUND = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_PATTERN_PART = re.compile(
    r"""(?P<what> \[ (?!\^) [^]"\\[]+ \] | [^]"\\^$.|?*+(){}[] )"""
    r"""(?P<often> \{\d+(?:,\d*)?\} | [?*+] )?""".replace(" ", ""),
)


def schema_grammar(schema: Mapping[str, Any]) -> str:
    """The grammar, in GBNF, of the JSON texts that fit a schema.

    Raises:
        ModelError: the schema uses what cannot be enforced.
    """
    converter = _Converter(schema)
    root = converter.expression(schema)
    rules = {"root": root, **converter.rules}
    return "".join(f"{name} ::= {body}\n" for name, body in rules.items())


class _Converter:
    """Turns schemas into expressions; each is safe to stand in a sequence."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self.rules: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._references: dict[str, str] = {}
        self._kinds: dict[str, tuple[set[str], Callable[[Mapping[str, Any]], str]]] = {
            "object": (
                {"properties", "required", "additionalProperties", "minProperties"},
                self._object,
            ),
            "array": ({"items", "minItems", "maxItems"}, self._array),
            "string": ({"minLength", "maxLength", "pattern"}, _string),
            "integer": (
                {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
                self._integer,
            ),
            "number": (set(), lambda _: _NUMBER),
            "boolean": (set(), lambda _: '("true" | "false")'),
            "null": (set(), lambda _: '"null"'),
        }

    def expression(self, schema: Any) -> str:
        """What matches the values that fit a schema."""
        if not isinstance(schema, Mapping):
            raise _refused(f"{schema!r}")
        for key, convert in (
            ("$ref", self._reference),
            ("const", _constant),
            ("enum", lambda values: self._any(map(_constant, values))),
            ("anyOf", lambda parts: self._any(map(self.expression, parts))),
            ("oneOf", lambda parts: self._any(map(self.expression, parts))),
        ):
            if key in schema:
                _only(schema, {key, "type"})
                return cast(Callable[[Any], str], convert)(schema[key])
        keys, convert_kind = self._kinds.get(str(schema.get("type")), (None, None))
        if keys is None or convert_kind is None:
            raise _refused(f"type {schema.get('type')!r}")
        _only(schema, {"type", *keys})
        return convert_kind(schema)

    def _rule(self, body: str) -> str:
        """The name of a rule with this body."""
        if body not in self._names:
            self._names[body] = name = f"r{len(self._names)}"
            self.rules[name] = body
        return self._names[body]

    def _any(self, expressions: Iterable[str]) -> str:
        alternatives = list(dict.fromkeys(expressions))
        if not alternatives:
            raise _refused("a choice among nothing")
        return self._rule(" | ".join(alternatives))

    def _reference(self, pointer: str) -> str:
        if pointer not in self._references:
            self._references[pointer] = name = f"ref{len(self._references)}"
            schema: Any = self._schema
            for part in pointer.removeprefix("#").strip("/").split("/"):
                schema = schema.get(part) if isinstance(schema, Mapping) else None
            if schema is None:
                raise _refused(f"$ref {pointer!r}")
            self.rules[name] = self.expression(schema)
        return self._references[pointer]

    def _object(self, schema: Mapping[str, Any]) -> str:
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        if missing := required - set(properties):
            raise _refused(f"required {sorted(missing)}, which has no schema")
        pairs = {
            key: f"{_constant(key)} {_quote(':')} {self.expression(content)}"
            for key, content in properties.items()
        }
        first = ' "," '.join(pair for key, pair in pairs.items() if key in required)
        if schema.get("minProperties", 0) > max(1, len(required)):
            raise _refused(f"minProperties {schema['minProperties']}")
        rest = '""'  # what may follow another pair
        alone = [] if schema.get("minProperties") else ['""']  # what may stand first
        for key in reversed(pairs):
            if key not in required:
                alone.insert(0, f"{pairs[key]} {rest}")
                rest = self._rule(f'"," {pairs[key]} {rest} | {rest}')
        return f'"{{" {f"{first} {rest}" if first else self._any(alone)} "}}"'

    def _array(self, schema: Mapping[str, Any]) -> str:
        least, most = _repeats(schema, "minItems", "maxItems")
        if most == 0:
            return '"[" "]"'
        item = self._rule(self.expression(schema.get("items")))
        items = f'{item} ("," {item}){{{max(least, 1) - 1},{most - 1}}}'
        return f'"[" {items} "]"' if least else f'"[" ({items})? "]"'

    def _integer(self, schema: Mapping[str, Any]) -> str:
        least = schema.get("minimum", schema.get("exclusiveMinimum", -_FAR - 1) + 1)
        most = schema.get("maximum", schema.get("exclusiveMaximum", max(_FAR, least) + 1) - 1)
        if type(least) is not int or type(most) is not int or least > most:
            raise _refused(f"integers from {least} to {most}")
        parts = []
        if least < 0:
            parts.append('"-" ' + self._span(max(1, -most), -least))
        if most >= 0:
            parts.append(self._span(max(0, least), most))
        return self._any(parts)

    def _span(self, least: int, most: int) -> str:
        """Whole numbers of a range, neither bound negative, without leading zeros."""
        parts = []
        while least <= most:
            end = min(most, 10 ** len(str(least)) - 1)
            parts.append(self._digits(str(least), str(end)))
            least = end + 1
        return self._any(parts)

    def _digits(self, least: str, most: str) -> str:
        """Texts of digits of one length, between two of them."""
        if least == most:
            return _quote(least)
        same = next(i for i, (a, b) in enumerate(zip(least, most, strict=True)) if a != b)
        low, high, n = int(least[same]), int(most[same]), len(least) - same - 1
        parts = []
        if least[same + 1 :].strip("0"):
            parts.append(f"{_quote(str(low))} {self._from(least[same + 1 :])}")
            low += 1
        ends_early = bool(most[same + 1 :].strip("9"))
        if low <= high - ends_early:
            parts.append(f"[{low}-{high - ends_early}]{_any_digits(n)}")
        if ends_early:
            parts.append(f"{_quote(str(high))} {self._up_to(most[same + 1 :])}")
        prefix = f"{_quote(least[:same])} " if same else ""
        return prefix + self._any(parts)

    def _from(self, least: str) -> str:
        """Texts of as many digits, not below this one."""
        rule = '""'
        for i in reversed(range(len(least))):
            parts = [f"{_quote(least[i])} {rule}"]
            if least[i] != "9":
                parts.append(f"[{int(least[i]) + 1}-9]{_any_digits(len(least) - i - 1)}")
            rule = self._any(parts)
        return rule

    def _up_to(self, most: str) -> str:
        """Texts of as many digits, not above this one."""
        rule = '""'
        for i in reversed(range(len(most))):
            parts = [f"{_quote(most[i])} {rule}"]
            if most[i] != "0":
                parts.append(f"[0-{int(most[i]) - 1}]{_any_digits(len(most) - i - 1)}")
            rule = self._any(parts)
        return rule


def _any_digits(n: int) -> str:
    return f" [0-9]{{{n}}}" if n else ""


def _string(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        _only(schema, {"type", "pattern"})
        return f"{_quote(chr(34))} {_pattern(schema['pattern'])} {_quote(chr(34))}"
    least, most = _repeats(schema, "minLength", "maxLength")
    return f"{_quote(chr(34))} {_CHARACTER}{{{least},{most}}} {_quote(chr(34))}"


def _pattern(pattern: str) -> str:
    """A regular expression that is a row of plain characters and sets, each with how often."""
    inner = pattern.removeprefix("^").removesuffix("$")
    if pattern != f"^{inner}$":
        raise _refused(f"pattern {pattern!r} that is not bound by ^ and $")
    parts, at = [], 0
    while at < len(inner):
        part = _PATTERN_PART.match(inner, at)
        if part is None:
            raise _refused(f"pattern {pattern!r} from {inner[at:]!r}")
        what, often = part["what"], part["often"] or ""
        parts.append((what if what.startswith("[") else _quote(what)) + _bounded(often))
        at = part.end()
    return " ".join(parts) or '""'


def _bounded(often: str) -> str:
    least, most = {"*": ("0", ""), "+": ("1", "")}.get(often, (often, often))
    if bound := _BOUND.fullmatch(often):
        least, most = bound[1], bound[1] if bound[2] is None else bound[2]
    elif often not in ("*", "+"):
        return often
    return f"{{{least},{most or max(int(least), _MAX_REPEATS)}}}"


def _repeats(schema: Mapping[str, Any], at_least: str, at_most: str) -> tuple[int, int]:
    least = schema.get(at_least, 0)
    most = min(schema.get(at_most, _MAX_REPEATS), _MAX_REPEATS)
    if not 0 <= least <= most:
        raise _refused(f"{at_least} {least} with at most {most}")
    return least, most


def _constant(value: Any) -> str:
    return _quote(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _only(schema: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(schema) - known - _ANNOTATIONS:
        raise _refused(", ".join(sorted(unknown)))


def _refused(what: str) -> ModelError:
    return ModelError(
        f"a local model cannot be held to this JSON schema: {what}",
        hint="leave it out of the schema, or name what is meant with enum, const or anyOf",
    )
