"""Identifiers for the roles of a design, in one naming style, unique and never keywords."""

from __future__ import annotations

import random
from typing import Literal

from benchwright_sim.identifiers import KEYWORDS
from benchwright_trainer.designs.foreign import Foreign
from benchwright_trainer.designs.split import Split
from benchwright_trainer.designs.vocabulary import MODULE_AFFIXES, PHRASES, WORDS

Kind = Literal["input", "output", "reg", "wire", "const", "state", "module", "parameter", "type"]

_FOREIGN_WORDS = """
catch char class delete double explicit float friend goto inline long main mutable namespace
operator private short sizeof switch template throw try using volatile tb dut top bool uint auto asm
"""
_RESERVED = KEYWORDS | frozenset(_FOREIGN_WORDS.split())
"""Verilog's keywords, and words that C++ and testbenches keep for themselves."""

_AFFIXES: tuple[dict[str, tuple[str, str]], ...] = (
    *({},) * 6,
    {"input": ("i_", ""), "output": ("o_", ""), "reg": ("r_", ""), "wire": ("w_", "")},
    {"input": ("", "_i"), "output": ("", "_o")},
    {"input": ("", "_i"), "output": ("", "_o"), "reg": ("", "_q")},
    {"reg": ("", "_reg")},
    {"reg": ("", "_r"), "wire": ("", "_w")},
)
_MEANINGLESS_SHARE = 0.1
"""Of designs to train on, as netlists and obfuscated sources are: names can only be copied."""

_CONSONANTS = "bcdfghjklmnpqrstvwxz"
_TELLING = ("clock", "reset", "reset low")
"""Roles that have a usual name, even where nothing else has."""

_BLOCKS = {"const", "state", "parameter"}


class Names:
    """Hands out the identifiers of one module; the same role has the same name."""

    def __init__(self, rng: random.Random, split: Split) -> None:
        self._rng = rng
        self._split = split
        self._case = rng.choice(("snake", "snake", "snake", "snake", "camel", "joined"))
        self._affixes = rng.choice(_AFFIXES)
        self._vary = rng.choice((0.0, 0.5, 1.0))
        self._foreign = Foreign(rng) if split == "names" else None
        self._meaningless = split != "names" and rng.random() < _MEANINGLESS_SHARE
        self._by_role: dict[str, str] = {}
        self._taken: set[str] = set()

    def beside(self) -> Names:
        """Names of the same style for another module of the design."""
        other = Names(self._rng, self._split)
        other._case, other._affixes, other._vary = self._case, self._affixes, self._vary
        other._foreign, other._meaningless = self._foreign, self._meaningless
        return other

    def of(self, role: str, kind: Kind = "wire") -> str:
        """The identifier of `role`, whose kind matters when it is asked for first."""
        if role not in self._by_role:
            self._by_role[role] = self._unique(self._joined(self._words(role, kind), kind))
        return self._by_role[role]

    def fresh(self, role: str, kind: Kind) -> str:
        """An identifier of its own, not kept for the role."""
        return self._unique(self._joined(self._words(role, kind), kind))

    def _words(self, role: str, kind: Kind) -> list[str]:
        if self._foreign is not None:
            return list(self._foreign.words(role))
        if self._meaningless and kind != "module" and role not in _TELLING:
            return self._nothing()
        if kind == "module":
            affix = self._rng.choice(MODULE_AFFIXES)
            return [*role.split(), *affix.split()]
        if kind in _BLOCKS or self._rng.random() > self._vary:
            plain = PHRASES.get(role, (role,))[0] if role in _TELLING else role
            return plain.split()
        if role in PHRASES:
            return self._rng.choice(PHRASES[role]).split()
        return " ".join(self._rng.choice(WORDS.get(word, (word,))) for word in role.split()).split()

    def _nothing(self) -> list[str]:
        """A few letters, and perhaps a number, that tell nothing."""
        rng = self._rng
        words = ["".join(rng.choices(_CONSONANTS, k=rng.choice((2, 3, 4))))]
        return words if rng.random() < 0.5 else [*words, str(rng.randrange(100))]

    def _joined(self, words: list[str], kind: Kind) -> str:
        if kind in _BLOCKS:
            return "_".join(words).upper()
        if kind == "module" or self._case == "snake":
            name = "_".join(words)
        elif self._case == "joined":
            name = "".join(words)
        else:
            name = words[0] + "".join(word.capitalize() for word in words[1:])
        before, after = self._affixes.get(kind, ("", ""))
        return f"{before}{name}{after}"

    def _unique(self, name: str) -> str:
        if not name[0].isalpha():
            name = f"n{name}"
        if name.lower() in _RESERVED:
            name = f"{name}_s"
        found, number = name, 1
        while found in self._taken:
            found, number = f"{name}{number}", number + 1
        self._taken.add(found)
        return found
