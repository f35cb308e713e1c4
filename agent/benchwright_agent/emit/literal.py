"""Numbers as an engineer writes them in SystemVerilog."""

from __future__ import annotations

_CHUNK = 256


def literal(value: int, width: int) -> str:
    """`value` for a vector of `width` bits: decimal when small, else hexadecimal with its size.

    A value of more than 256 bits becomes a replication, a shift or a concatenation, with blanks
    where a line may be broken.
    """
    if value < 10 or width <= 8:
        return str(value)
    if width <= 64:
        return f"{width}'h{value:x}"
    if value == (1 << width) - 1:
        return f"{{{width}{{1'b1}}}}"
    if width <= _CHUNK:
        return f"{width}'h{_grouped(value)}"
    if value & (value - 1) == 0:
        return f"({width}'d1 << {value.bit_length() - 1})"
    return _replicated(value, width) or _concatenated(value, width)


def _grouped(value: int) -> str:
    digits = f"{value:x}"
    head = len(digits) % 8
    groups = [digits[:head]] if head else []
    return "_".join([*groups, *(digits[i : i + 8] for i in range(head, len(digits), 8))])


def _replicated(value: int, width: int) -> str:
    for part in (4, 8, 16, 32, 64):
        if width % part == 0:
            unit = value & ((1 << part) - 1)
            if value == unit * (((1 << width) - 1) // ((1 << part) - 1)):
                return f"{{{width // part}{{{part}'h{unit:x}}}}}"
    return ""


def _concatenated(value: int, width: int) -> str:
    chunks = []
    for low in range(0, width, _CHUNK):
        size = min(_CHUNK, width - low)
        chunks.append(f"{size}'h{_grouped(value >> low & ((1 << size) - 1))}")
    return "{" + ", ".join(reversed(chunks)) + "}"
