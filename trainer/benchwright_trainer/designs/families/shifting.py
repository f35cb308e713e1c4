"""Shifters and registers that shift: by an amount, by a bit a cycle, with feedback, from a line."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family

_TAPS = {4: (3, 2), 5: (4, 2), 6: (5, 4), 7: (6, 5), 8: (7, 5, 4, 3), 9: (8, 4), 10: (9, 6)}
"""Of feedback shift registers whose period is maximal."""


@family("barrel_shifter", "barrel shifter", "rotator", "shift unit", "alignment shifter")
def barrel_shifter(m: Maker) -> None:
    """Shifts and rotates by any amount, in stages or in one expression."""
    n = m.choose("width", (4, 8, 16), (32,))
    bits = (n - 1).bit_length()
    data = m.port("input", "data in", n)
    amount = m.port("input", "shift amount", bits)
    kinds = {
        "a shift to the left": f"{data} << {amount}",
        "a shift to the right": f"{data} >> {amount}",
        "a shift to the right that keeps the sign": f"$signed({data}) >>> {amount}",
        "a rotation to the left": f"({data} << {amount}) | ({data} >> ({n} - {amount}))",
        "a rotation to the right": f"({data} >> {amount}) | ({data} << ({n} - {amount}))",
        "the input with its bits inverted and shifted left": f"~{data} << {amount}",
    }
    number = m.choose("modes", (2, 3, 4))
    names = m.rng.sample(list(kinds), number)
    width = (number - 1).bit_length()
    mode = m.port("input", "mode", width)
    out = m.port("output", "data out", n)
    registered = m.flip(0.4)
    target = m.wire("shifted", n) if registered else out
    items = {m.lit(i, width): f"{target} = {kinds[name]};" for i, name in enumerate(names)}
    full = number == 1 << width
    m.comb(m.case(mode, items, None if full else f"{target} = {data};", full=full))
    for i, name in enumerate(names):
        m.say(f"Mode {i} is {name}, by `{amount}` bits.")
    if not full:
        m.say("Any other mode passes the input on.")
    if m.flip():
        lost = m.port("output", "zero", 1, "nothing is left")
        m.assign(lost, f"({out} == {m.lit(0, n)})")
        m.say(f"`{lost}` is high when the output is 0.")
    if registered:
        hold = m.port("input", "hold", 1, "keeps the output")
        m.clocked({out: 0}, m.when(f"!{hold}", f"{out} <= {target};"))
        m.say(f"The output is registered, and kept while `{hold}` is high.")


@family("shift_register", "shift register", "universal shift register", "bit shifter")
def shift_register(m: Maker) -> None:
    """Holds, shifts either way, rotates or loads, by a mode."""
    width = m.parameter("width", m.choose("width", (4, 6, 8), (5, 12)))
    n = int(width)
    mode = m.port("input", "mode", 2)
    load = m.port("input", "data in", width)
    left, right = m.port("input", "left serial in"), m.port("input", "right serial in")
    q = m.port("output", "data out", width)
    kinds = {
        "shifts left, `{right}` coming in": f"{q} <= {{{q}[{n - 2}:0], {right}}};",
        "shifts right, `{left}` coming in": f"{q} <= {{{left}, {q}[{n - 1}:1]}};",
        "rotates left": f"{q} <= {{{q}[{n - 2}:0], {q}[{n - 1}]}};",
        "rotates right": f"{q} <= {{{q}[0], {q}[{n - 1}:1]}};",
        "inverts all bits": f"{q} <= ~{q};",
    }
    first = "shifts left, `{right}` coming in"
    second = "shifts right, `{left}` coming in"
    names = [first, second, *m.rng.sample(list(kinds)[2:], 1)]
    m.rng.shuffle(names)
    items = {m.lit(i, 2): kinds[name] for i, name in enumerate(names)}
    items[m.lit(3, 2)] = f"{q} <= {load};"
    for i, name in enumerate(names):
        m.say(f"Mode {i} {name.format(left=left, right=right)}.")
    m.say(f"Mode 3 loads `{load}`.")
    body = m.case(mode, items, full=True)
    if m.flip():
        enable = m.port("input", "enable")
        body = m.when(enable, body)
        m.say(f"The register holds while `{enable}` is low.")
    if m.flip():
        pattern = m.value(n)
        hit = m.port("output", "match")
        m.assign(hit, f"({q} == {m.const('pattern', pattern, n)})")
        m.say(f"`{hit}` is high while the register holds {pattern}.")
    if m.flip(0.4):
        odd = m.port("output", "parity")
        m.assign(odd, f"^{q}")
        m.say(f"`{odd}` is the parity of the register.")
    m.clocked({q: 0}, body)


@family("lfsr", "lfsr", "prbs generator", "random generator", "noise source")
def lfsr(m: Maker) -> None:
    """A linear feedback shift register that leaves its dead state by itself."""
    n = m.choose("width", (4, 5, 6, 8), (7, 9, 10))
    taps = _TAPS[n]
    enable, load = m.port("input", "enable"), m.port("input", "load")
    seed = m.port("input", "seed", n)
    q = m.port("output", "random", n)
    stuck = m.port("output", "locked up", 1, "the register is all zero")
    inverted = m.choose("feedback", ("xor", "xnor")) == "xnor"
    dead = (1 << n) - 1 if inverted else 0
    chain = " ^ ".join(f"{q}[{tap}]" for tap in taps)
    feedback = m.wire("feedback", 1, f"~({chain})" if inverted else chain)
    m.assign(stuck, f"({q} == {m.lit(dead, n)})")
    start = m.value(n)
    step = f"{q} <= {{{q}[{n - 2}:0], {feedback}}};"
    first = m.const("start value", start, n)
    branches = [(load, f"{q} <= {seed};"), (stuck, f"{q} <= {first};"), (enable, step)]
    reset: dict[str, str | int] = {q: first}
    m.say(f"A shift register of {n} bits with feedback from bits {', '.join(map(str, taps))}, by")
    m.say(
        f"{'exclusive nor' if inverted else 'exclusive or'}. It begins with {start}; it steps while"
    )
    m.say(f"`{enable}` is high. `{load}` sets it to `{seed}`.")
    m.say(f"In the state {dead} it would stay for ever: `{stuck}` is high, and it begins again.")
    if m.flip():
        wrap = m.port("output", "period", 1, "high for a cycle at the start value")
        m.assign(wrap, f"({q} == {first})")
        m.say(f"`{wrap}` is high whenever the register holds its start value.")
    if m.flip():
        bits = 3
        escapes = m.port("output", "escape count", bits, "stops at 7")
        reset[escapes] = 0
        branches[1] = (
            stuck,
            branches[1][1]
            + "\n"
            + m.when(
                f"{escapes} != {m.lit(7, bits)}", f"{escapes} <= {escapes} + {m.lit(1, bits)};"
            ),
        )
        m.say(f"`{escapes}` counts how often that happened, up to 7.")
    m.clocked(reset, m.chain(*branches))


@family("deserialiser", "deserialiser", "serial to parallel", "serial receiver", "bit collector")
def deserialiser(m: Maker) -> None:
    """Collects a word from a line: start bit, data, parity and stop where drawn."""
    n = m.choose("bits", (4, 6, 8), (5, 7))
    bits = (n - 1).bit_length()
    msb = m.choose("order", ("lsb", "msb")) == "msb"
    line = m.port("input", "serial in")
    strobe = m.port("input", "bit strobe", 1, "a bit is there") if m.flip() else ""
    word = m.port("output", "data out", n)
    valid = m.port("output", "valid out", 1, "high for one cycle")
    parity, stop = m.flip(), m.flip()
    roles = ["idle", "data", *(["parity"] if parity else []), *(["stop"] if stop else [])]
    states = m.states(*roles)
    named = dict(zip(roles, states, strict=True))
    state, count = m.state(), m.reg("count", bits)
    reset: dict[str, str | int] = {state: states[0], count: 0, word: 0, valid: 0}
    level = m.choose("start level", (0, 1))
    going = f"{{{word}[{n - 2}:0], {line}}}" if msb else f"{{{line}, {word}[{n - 1}:1]}}"
    finish = f"{state} <= {named['idle']};"
    after_data = named.get("parity") or named.get("stop")
    good = f"{valid} <= 1'b1;\n{finish}"
    enough = f"{count} == {m.lit(n - 1, bits)}"
    last = f"{state} <= {after_data};" if after_data else good
    items = {
        named["idle"]: m.when(
            line if level else f"!{line}",
            f"{count} <= {m.lit(0, bits)};\n{state} <= {named['data']};",
        ),
        named["data"]: f"{word} <= {going};\n"
        + m.when(enough, last, f"{count} <= {count} + {m.lit(1, bits)};"),
    }
    m.say(f"A `{level}` on the idle line `{line}` begins a frame; the next {n} bits make `{word}`,")
    m.say(f"the {'most' if msb else 'least'} significant first.")
    if parity:
        odd = m.choose("parity", ("even", "odd")) == "odd"
        bad = m.port("output", "parity error", 1, "high for one cycle")
        reset[bad] = 0
        check = f"(^{word}) {'==' if odd else '!='} {line}"
        next_state = f"{state} <= {named['stop']};" if stop else good
        items[named["parity"]] = m.when(check, f"{bad} <= 1'b1;\n{finish}", next_state)
        m.say(
            f"Then comes {'odd' if odd else 'even'} parity: if that is wrong, `{bad}` is high for a"
        )
        m.say("cycle and the word is dropped.")
    if stop:
        framing = m.port("output", "frame error", 1, "high for one cycle")
        reset[framing] = 0
        ends = line if not level else f"!{line}"
        items[named["stop"]] = (
            m.when(ends, f"{valid} <= 1'b1;", f"{framing} <= 1'b1;") + f"\n{finish}"
        )
        m.say(f"The last bit is a `{1 - level}`; else `{framing}` is high for a cycle.")
    m.say(f"`{valid}` is high for a cycle when a word is complete.")
    pulses = [name for name in reset if name not in (state, count, word)]
    body = m.case(state, items, full=True)
    if strobe:
        body = m.when(strobe, body)
        m.say(f"The line is looked at only in cycles in which `{strobe}` is high.")
    m.clocked(reset, "\n".join((*(f"{name} <= 1'b0;" for name in pulses), body)))
