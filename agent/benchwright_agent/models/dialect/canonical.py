"""Canonical names: what a small model sees in place of a design's own identifiers.

A model of a few million parameters cannot copy `almost_full_threshold` from a design that it has
never seen, but it can copy one token. So every identifier of the design becomes an alias (`Xaa`,
`Xab`, ...), and aliases in the answer become names again. The inputs that the question lists come
first: a testbench that has to declare and connect them all then counts rather than copies. The
others follow in their order of appearance. What says nothing of stimulus goes: comments,
indentation, documents, the system message.
Names that a testbench gives its own things stay as they are; one that a design has, too, is marked.

The mapping is made from the prompt alone, so that it is the same in training and in use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchwright_agent.models.model import Message
from benchwright_sim.identifiers import KEYWORDS

NAME = "canonical"
"""What a GGUF file's metadata call this form."""

N_ALIASES = 256
"""Names beyond these stay as they are."""

_FILE = re.compile(r'<file name="[^"\n]*">\n(.*?)\n</file>\n*', re.S)
_DOCUMENTS = re.compile(r'Documents about it:\n\n(?:<file name="[^"\n]*">\n.*?\n</file>\n*)+', re.S)
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
_SPACES = re.compile(r"[ \t]+")
_WORD = re.compile(
    r"""'[sS]?[bBoOdDhH]\s*[0-9a-fA-FxXzZ?_]+ | [$`]\w+ | \\\S+ | [A-Za-z_][\w$]*""", re.X
)
_ALIAS = re.compile(r"\bX([a-z])([a-z])\b")
_FIGURES = re.compile(r"Covered of the design: .*; average")
_NUMBER_OF_LINE = re.compile(r"^  line \d+: ", re.M)
_TOGGLES = re.compile(r"^(  never (?:change|rise|fall)[^:\n]*: )(.*)$", re.M)
_INPUTS = re.compile(r"^(?:Top module: .*? )?Inputs: (.*?)\.(?:\s|$)", re.M)
_PRESENT = "The present testbench:\n\n"
_MARK = "_tb"


def alias(number: int) -> str:
    """The name of the identifier that appears as number `number`, from 0."""
    return f"X{chr(ord('a') + number // 26)}{chr(ord('a') + number % 26)}"


@dataclass(frozen=True, slots=True)
class Canonical:
    """One prompt in canonical form, and the way there and back.

    Attributes:
        messages: the rewritten prompt: one message of the user.
        aliases: name -> alias.
    """

    messages: tuple[Message, ...]
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, messages: Sequence[Message]) -> Canonical:
        """The canonical form of a prompt as `benchwright_agent.prompts` writes them."""
        text = "\n\n".join(m.content for m in messages if m.role == "user")
        text = _DOCUMENTS.sub("", text)
        design, present, rest = _parts(text)
        names = _identifiers(_FILE.findall(design))
        first = [name for name in _inputs(_FILE.sub("", text)) if name in names]
        ordered = dict.fromkeys((*first, *names))
        aliases = {name: alias(n) for n, name in enumerate(list(ordered)[:N_ALIASES])}
        form = cls((), aliases)
        design = _FILE.sub(lambda match: _bare(match[1]) + "\n", design)
        present = _FILE.sub(lambda match: match[1] + "\n", present)
        parts = [form.to(design), form.to(present), form.to(_brief(rest))]
        return replace(form, messages=(Message("user", "\n".join(p.strip() for p in parts if p)),))

    def to(self, text: str) -> str:
        """A text about the design, or an answer, with aliases in place of names."""

        def aliased(match: re.Match[str]) -> str:
            word = match[0]
            if word in self.aliases:
                return self.aliases[word]
            own = word.removesuffix(_MARK)
            return own if own != word and own in self.aliases else word

        return _WORD.sub(aliased, text)

    def back(self, text: str) -> str:
        """An answer with the design's names again.

        A word of the answer's own that the design uses as a name is marked, so that the two differ.
        """
        names = {short: name for name, short in self.aliases.items()}

        def named(match: re.Match[str]) -> str:
            word = match[0]
            return names.get(word) or (f"{word}{_MARK}" if word in self.aliases else word)

        return _WORD.sub(named, text)

    def data_back(self, text: str) -> str:
        """As `back`, for an answer in JSON, whose own words are no names."""
        names = {short: name for name, short in self.aliases.items()}
        return _ALIAS.sub(lambda match: names.get(match[0], match[0]), text)

    def schema(self, schema: Any) -> Any:
        """A JSON schema with aliases in place of what its texts say: properties, values of `enum`.

        Words of JSON Schema itself stay, also where the design has a signal of that name.
        """
        if isinstance(schema, list):
            return [self.schema(item) for item in schema]
        if not isinstance(schema, Mapping):
            return schema
        return {key: self._part(key, value) for key, value in schema.items()}

    def _part(self, key: str, value: Any) -> Any:
        match key:
            case "properties":
                return {self.aliases.get(k, k): self.schema(v) for k, v in value.items()}
            case "$defs":
                return {name: self.schema(content) for name, content in value.items()}
            case "enum" | "required":
                return [self.aliases.get(item, item) for item in value]
            case _:
                return self.schema(value)


def _parts(text: str) -> tuple[str, str, str]:
    """The design, the present testbench and what follows, of which the last two may be empty."""
    design, found, after = text.partition(_PRESENT)
    if not found:
        end = max((match.end() for match in _FILE.finditer(text)), default=0)
        return text[:end], "", text[end:]
    match = _FILE.search(after)
    end = match.end() if match else 0
    return design, found + after[:end], after[end:]


def _brief(rest: str) -> str:
    """What follows the design, without figures of single kinds, numbers of lines and bits."""
    return _FIGURES.sub("average", _NUMBER_OF_LINE.sub("  ", _TOGGLES.sub(_without_bits, rest)))


def _without_bits(match: re.Match[str]) -> str:
    names = dict.fromkeys(name.partition("[")[0] for name in match[2].split(", "))
    return f"{match[1]}{', '.join(names)}"


def _bare(code: str) -> str:
    """Code without comments, indentation and empty lines."""
    code = _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", code)
    lines = (_SPACES.sub(" ", line).strip() for line in code.split("\n"))
    return "\n".join(line for line in lines if line)


def _inputs(asked: str) -> list[str]:
    """The inputs that a question lists, `a, b[7:0]`."""
    found = _INPUTS.search(asked)
    return [name.partition("[")[0] for name in found[1].split(", ")] if found else []


def _identifiers(codes: Sequence[str]) -> list[str]:
    """The identifiers of a design, in order of appearance; keywords and strings are none."""
    found: dict[str, None] = {}
    for code in codes:
        for word in _WORD.findall(re.sub(r'"(?:\\.|[^"\\\n])*"', "", _bare(code))):
            if word[0] not in "$`'\\" and word not in KEYWORDS:
                found[word] = None
    return list(found)
