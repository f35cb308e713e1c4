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
        self._by_role: dict[str, str] = {}
        self._taken: set[str] = set()

    def beside(self) -> Names:
        """Names of the same style for another module of the design."""
        other = Names(self._rng, self._split)
        other._case, other._affixes, other._vary = self._case, self._affixes, self._vary
        other._foreign = self._foreign
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
        if kind == "module":
            affix = self._rng.choice(MODULE_AFFIXES)
            return [*role.split(), *affix.split()]
        if kind in _BLOCKS or self._rng.random() > self._vary:
            plain = (
                PHRASES.get(role, (role,))[0] if role in ("clock", "reset", "reset low") else role
            )
            return plain.split()
        if role in PHRASES:
            return self._rng.choice(PHRASES[role]).split()
        return " ".join(self._rng.choice(WORDS.get(word, (word,))) for word in role.split()).split()

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
