"""Combinational designs: no clock, everything within reach of the inputs."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("priority_encoder", "priority encoder", "first one finder", "request encoder")
def priority_encoder(m: Maker) -> None:
    """The index of the first request, from either end, with enable and mask where drawn."""
    n = m.choose("lines", (4, 5, 6, 8), (7, 10, 12))
    high = m.choose("order", ("high", "low")) == "high"
    bits = (n - 1).bit_length()
    request = m.port("input", "request", n, "one bit for each line")
    index = m.port("output", "index", bits, "number of the winning line")
    valid = m.port("output", "valid", 1, "high while any line wins")
    term = request
    if m.flip():
        mask = m.port("input", "mask", n, "a low bit hides the line")
        term = m.wire("masked request", n, f"{request} & {mask}")
        m.say(f"Lines whose bit in `{mask}` is low do not take part.")
    order = range(n - 1, -1, -1) if high else range(n)
    branches = [(f"{term}[{i}]", f"{index} = {m.lit(i, bits)};\n{valid} = 1'b1;") for i in order]
    body = f"{index} = {m.lit(0, bits)};\n{valid} = 1'b0;\n"
    if m.flip():
        enable = m.port("input", "enable")
        m.comb(body + m.when(enable, m.chain(*branches)))
        m.say(f"Nothing is encoded unless `{enable}` is high.")
    else:
        m.comb(body + m.chain(*branches))
    end = "highest" if high else "lowest"
    m.say(f"`{index}` gives the number of the {end} line of `{request}` that is high.")
    m.say(f"`{valid}` is low, and `{index}` 0, when there is none.")
