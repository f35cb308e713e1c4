"""Canonical names: what a small model sees in place of a design's own identifiers.

A model of a few million parameters cannot copy `almost_full_threshold` from a design that it has
never seen, but it can copy one token. So every identifier of the design becomes an alias, and
aliases in the answer become names again. An alias says what may be done with the name: the inputs
that the question lists are `Iaa`, `Iab`, ... in that order, and only they are driven; the top is
`Xaa`; all others are `Xab`, `Xac`, ... in their order of appearance. What says nothing of stimulus
goes: comments, indentation, documents, the system message.
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

N_INPUTS = 64
"""Inputs beyond these are named like what is no input."""

N_OTHERS = 192
"""Names beyond these stay as they are."""

_FILE = re.compile(r'<file name="[^"\n]*">\n(.*?)\n</file>\n*', re.S)
_DOCUMENTS = re.compile(r'Documents about it:\n\n(?:<file name="[^"\n]*">\n.*?\n</file>\n*)+', re.S)
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
_SPACES = re.compile(r"[ \t]+")
_WORD = re.compile(
    r"""'[sS]?[bBoOdDhH]\s*[0-9a-fA-FxXzZ?_]+(?![\w']) | [$`]\w+ | \\\S+ | [A-Za-z_][\w$]*
    | \(active\ (?:high|low)\)""",
    re.X,
)
_ALIAS = re.compile(r"\b[IX][a-z][a-z]\b")
_FIGURES = re.compile(r"Covered of the design: .*; average")
_NUMBER_OF_LINE = re.compile(r"^  line \d+: ", re.M)
_TOGGLES = re.compile(r"^(  never (?:change|rise|fall)[^:\n]*: )(.*)$", re.M)
_TOP = re.compile(r"^Top module: (.*?)\.(?:\s|$)", re.M)
_INPUTS = re.compile(r"^(?:Top module: .*? )?Inputs: (.*?)\.(?:\s|$)", re.M)
_PRESENT = "The present testbench:\n\n"
_MARK = "_tb"


def _alias(kind: str, number: int) -> str:
    return f"{kind}{chr(ord('a') + number // 26)}{chr(ord('a') + number % 26)}"


INPUTS = tuple(_alias("I", number) for number in range(N_INPUTS))
"""The aliases of inputs, in their order."""

OTHERS = tuple(_alias("X", number) for number in range(N_OTHERS))
"""The aliases of everything else; the first one is the top's."""


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
        asked = _FILE.sub("", text)
        inputs = dict(zip([n for n in _inputs(asked) if n in names], INPUTS, strict=False))
        ordered = dict.fromkeys((*_top(asked), *names))
        others = zip([n for n in ordered if n not in inputs], OTHERS, strict=False)
        form = cls((), {**inputs, **dict(others)})
        design = _FILE.sub(lambda match: _bare(match[1]) + "\n", design)
        present = _FILE.sub(lambda match: match[1] + "\n", present)
        parts = [form.to(design), form.to(present), form.to(_brief(rest))]
        return replace(form, messages=(Message("user", "\n".join(p.strip() for p in parts if p)),))

    @property
    def unused(self) -> tuple[str, ...]:
        """Aliases that stand for nothing in this prompt: no answer has a use for them."""
        used = set(self.aliases.values())
        return tuple(short for short in (*INPUTS, *OTHERS) if short not in used)

    def to(self, text: str) -> str:
        """A text about the design, or an answer, with aliases in place of names.

        A name behind a backquote is no macro but the begin of a quotation, as of `count <= 0`;
        behind an apostrophe it is no literal where another one follows, as in 'dead'.
        """

        def aliased(match: re.Match[str]) -> str:
            quote, word = _unquoted(match[0])
            if word in self.aliases:
                return quote + self.aliases[word]
            own = word.removesuffix(_MARK)
            return quote + (own if own != word and own in self.aliases else word)

        return _WORD.sub(aliased, text)

    def back(self, text: str) -> str:
        """An answer with the design's names again.

        A word of the answer's own that the design uses as a name is marked, so that the two differ.
        """
        names = {short: name for name, short in self.aliases.items()}

        def named(match: re.Match[str]) -> str:
            quote, word = _unquoted(match[0])
            marked = f"{word}{_MARK}" if word in self.aliases and not quote else word
            return quote + names.get(word, marked)

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


def _unquoted(word: str) -> tuple[str, str]:
    name = word.removeprefix("`")
    return word[: len(word) - len(name)], name


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


def _top(asked: str) -> list[str]:
    found = _TOP.search(asked)
    return [found[1]] if found else []


def _inputs(asked: str) -> list[str]:
    """The inputs that a question lists, `a, b[7:0]`."""
    found = _INPUTS.search(asked)
    return [name.partition("[")[0] for name in found[1].split(", ")] if found else []


def _identifiers(codes: Sequence[str]) -> list[str]:
    """The identifiers of a design, in order of appearance; keywords and strings are none."""
    found: dict[str, None] = {}
    for code in codes:
        for word in _WORD.findall(re.sub(r'"(?:\\.|[^"\\\n])*"', "", _bare(code))):
            if word[0] not in "$`'\\(" and word not in KEYWORDS:
                found[word] = None
    return list(found)
