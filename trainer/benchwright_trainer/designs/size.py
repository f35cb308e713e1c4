"""Sizes of a design: numbers that may be written as a parameter's name."""

from __future__ import annotations


class Size(int):
    """A number that is written by name: a parameter of the module."""

    text: str = ""

    def __str__(self) -> str:
        return self.text or repr(self)

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else str(self)


def vector(width: int) -> str:
    """The range of a vector, with a space after it; nothing for one bit."""
    return "" if str(width) == "1" else f"[{last(width)}:0] "


def last(n: int) -> str:
    """The last of `n` indices: a number, or an expression of a parameter."""
    return f"{n}-1" if str(n) != f"{int(n)}" else str(n - 1)
