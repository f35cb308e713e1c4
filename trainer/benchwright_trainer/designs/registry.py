"""The families of designs that there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from benchwright_trainer.designs import families as package

if TYPE_CHECKING:
    from benchwright_trainer.designs.maker import Maker


@dataclass(frozen=True, slots=True)
class Family:
    """Designs of one kind.

    Attributes:
        name: unique.
        draw: calls the maker for all that a design of this kind consists of.
        held_out: never trained on; the split "families" has these only.
        titles: what such a module may be called, in words.
    """

    name: str
    draw: Callable[[Maker], None]
    held_out: bool = False
    titles: tuple[str, ...] = ()


_FAMILIES: dict[str, Family] = {}


def family(
    name: str, *titles: str, held_out: bool = False
) -> Callable[[Callable[[Maker], None]], Callable[[Maker], None]]:
    """Registers a function as the family `name`, whose modules are called one of `titles`."""

    def register(draw: Callable[[Maker], None]) -> Callable[[Maker], None]:
        if name in _FAMILIES:
            raise ValueError(f"two families are called {name!r}")
        _FAMILIES[name] = Family(name, draw, held_out, titles or (name.replace("_", " "),))
        return draw

    return register


def families() -> Mapping[str, Family]:
    """All families, sorted by name."""
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_FAMILIES.items()))
