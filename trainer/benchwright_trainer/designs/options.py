"""How many designs to generate, of which families and split: a recipe's section."""

from __future__ import annotations

from dataclasses import dataclass

from benchwright_trainer.designs.registry import families
from benchwright_trainer.designs.split import SPLITS, Split


@dataclass(frozen=True, slots=True)
class GeneratedOptions:
    """What to generate.

    Attributes:
        n: how many designs; 0 for none.
        seed: the same seed gives the same designs.
        split: what is held back.
        families: names of families; empty for all that the split has.
    """

    n: int = 0
    seed: int = 1
    split: Split = "train"
    families: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"n is {self.n}; legal: 0 and above")
        if self.split not in SPLITS:
            raise ValueError(f"split is {self.split!r}; legal: {', '.join(SPLITS)}")
        legal = family_names(self.split) if self.families else ()
        for name in self.families:
            if name not in legal:
                raise ValueError(
                    f"families has {name!r}; legal in split {self.split!r}: {', '.join(legal)}"
                )


def family_names(split: Split) -> tuple[str, ...]:
    """The families of a split, sorted."""
    return tuple(
        name for name, found in families().items() if found.held_out == (split == "families")
    )
