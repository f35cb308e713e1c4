"""Combinational designs: no clock, all within reach of the inputs, some by rare values only."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("priority_encoder", "priority encoder", "first one finder", "request encoder")
def priority_encoder(m: Maker) -> None:
    """The index of the first request, from either end, with enable and mask where drawn."""
    n = m.choose("lines", (4, 5, 6, 8), (7, 9, 11))
    high = m.choose("order", ("high", "low")) == "high"
    bits = (n - 1).bit_length()
    request = m.port("input", "request", n, "one bit for each line")
    enable = m.port("input", "enable") if m.flip() else ""
    mask = m.port("input", "mask", n, "a low bit hides its line") if m.flip() else ""
    index = m.port("output", "index", bits, "number of the winning line")
    valid = m.port("output", "valid", 1, "high while any line wins")
    term = m.wire("masked request", n, f"{request} & {mask}") if mask else request
    end = "highest" if high else "lowest"
    m.say(f"`{index}` gives the number of the {end} line of `{request}` that is high.")
    m.say(f"`{valid}` is low, and `{index}` 0, when there is none.")
    if mask:
        m.say(f"Lines whose bit in `{mask}` is low do not take part.")
    if enable:
        m.say(f"Nothing is encoded unless `{enable}` is high.")
    order = range(n - 1, -1, -1) if high else range(n)
    branches = [(f"{term}[{i}]", f"{index} = {m.lit(i, bits)};\n{valid} = 1'b1;") for i in order]
    if m.flip(0.4):
        many = m.port("output", "multiple", 1, "high while more than one line asks")
        m.assign(many, f"(({term} & ({term} - {m.lit(1, n)})) != {m.lit(0, n)})")
        m.say(f"`{many}` tells that more than one line is high.")
    found = m.chain(*branches)
    body = f"{index} = {m.lit(0, bits)};\n{valid} = 1'b0;\n"
    m.comb(body + (m.when(enable, found) if enable else found))


@family("decoder", "decoder", "line decoder", "select decoder", "chip select decoder")
def decoder(m: Maker) -> None:
    """One line of many by a code, with enables, active high or low."""
    bits = m.choose("bits", (2, 3), (4,))
    low = m.choose("active", ("high", "low")) == "low"
    n = 1 << bits
    code = m.port("input", "select", bits, "which line")
    enable = m.port("input", "enable")
    second = m.port("input", "enable low", 1, "active low") if m.flip() else ""
    lines = m.port("output", "line", n, f"active {'low' if low else 'high'}")
    condition = f"{enable} && !{second}" if second else enable
    m.say(f"`{code}` chooses one of the {n} lines of `{lines}`, which are active")
    m.say(
        f"{'low' if low else 'high'}. No line is active unless `{enable}` is high"
        + ("," if second else ".")
    )
    if second:
        m.say(f"and `{second}` low.")
    full = (1 << n) - 1
    idle = m.lit(full if low else 0, n)
    items = {
        m.lit(i, bits): f"{lines} = {m.lit(full ^ (1 << i) if low else 1 << i, n)};"
        for i in range(n)
    }
    if m.flip(0.4):
        locked = m.value(bits)
        free = m.port("input", "unlock", 1, "must be high for one line")
        error = m.port("output", "error", 1, "high when the guarded line is refused")
        m.say(f"Line {locked} is guarded: it opens only while `{free}` is high, else no line is")
        m.say(f"active and `{error}` is high.")
        label = m.lit(locked, bits)
        items[label] = m.when(free, items[label], f"{error} = 1'b1;")
        head = f"{error} = 1'b0;\n"
    else:
        head = ""
    m.comb(f"{lines} = {idle};\n{head}" + m.when(condition, m.case(code, items, full=True)))


@family("comparator", "comparator", "window comparator", "magnitude compare", "compare")
def comparator(m: Maker) -> None:
    """Compares two words in modes, or one with a window of constants."""
    width = m.choose("width", (4, 6, 8, 12), (5, 10, 16))
    a = m.port("input", "operand a", width)
    b = m.port("input", "operand b", width)
    n = m.choose("modes", (3, 4))
    mode = m.port("input", "mode", 2, "what is asked")
    result = m.port("output", "match", 1, "whether it is so")
    sign = "$signed" if m.choose("signed", (False, True)) else ""
    tests = [
        ("equal", f"{a} == {b}"),
        ("less", f"{sign}({a}) < {sign}({b})"),
        ("greater", f"{sign}({a}) > {sign}({b})"),
        ("different by more than the tolerance", ""),
        ("equal in the lower half", f"{a}[{width // 2 - 1}:0] == {b}[{width // 2 - 1}:0]"),
        ("equal in all bits that are high in the second", f"({a} & {b}) == {b}"),
    ]
    picked = m.rng.sample(tests, n)
    items: dict[str, str] = {}
    for i, (words, test) in enumerate(picked):
        items[m.lit(i, 2)] = f"{result} = ({test});"
        if not test:
            tolerance = m.const("tolerance", max(1, m.value(width - 2)), width)
            gap = m.wire("difference", width, f"({a} > {b}) ? ({a} - {b}) : ({b} - {a})")
            items[m.lit(i, 2)] = f"{result} = ({gap} > {tolerance});"
            m.say(f"The tolerance is `{tolerance}`.")
        m.say(f"In mode {i} `{result}` tells whether `{a}` and `{b}` are {words}, in this order.")
    if n == 3:
        m.say(f"In any other mode `{result}` is low.")
    if m.flip():
        special = m.value(width)
        alarm = m.port("output", "alarm", 1, "high at the reserved value")
        m.assign(alarm, f"({a} == {m.const('reserved value', special, width)})")
        m.say(f"`{alarm}` is high while `{a}` is {special}, in all modes.")
    m.comb(m.case(mode, items, f"{result} = 1'b0;" if n == 3 else None, full=n == 4))


@family("code_converter", "code converter", "gray converter", "bcd converter", "recode")
def code_converter(m: Maker) -> None:
    """Binary to Gray, back, excess-3 or BCD with its invalid codes, chosen by a direction."""
    kinds = ("gray", "bcd", "excess")
    kind = m.choose("kind", kinds)
    code = "data in"
    if kind == "gray":
        width = m.choose("width", (3, 4, 6, 8), (5, 7, 10))
        data, back = m.port("input", code, width), m.port("input", "decode", 1, "back to binary")
        out = m.port("output", "data out", width)
        forth = m.wire("gray", width, f"{data} ^ ({data} >> 1)")
        binary = m.wire("binary", width)
        m.comb("\n".join(f"{binary}[{i}] = ^({data} >> {i});" for i in range(width)))
        m.comb(m.either(out, back, binary, forth, op="="))
        m.say(
            f"`{out}` is `{data}` in Gray code; while `{back}` is high it is the other way round:"
        )
        m.say("the input is Gray and the output binary.")
        if m.flip():
            flag = m.port("output", "extreme", 1, "high at the last code")
            m.assign(flag, f"({out} == {m.lit(1 << (width - 1), width)})")
            m.say(f"`{flag}` is high while the output is the code with its top bit alone.")
        return
    digits = m.choose("digits", (1, 2), (3,))
    width = 4 * digits
    data, out = m.port("input", code, width), m.port("output", "data out", width)
    error = m.port("output", "error", 1, "high for a digit above 9")
    step = m.choose("offset", (3, 4, 5), (2, 6)) if kind == "excess" else 0
    parts = []
    for i in range(digits):
        bits = f"[{4 * i + 3}:{4 * i}]"
        good = (
            f"{out}{bits} = {data}{bits} + 4'd{step};"
            if step
            else f"{out}{bits} = 4'd9 - {data}{bits};"
        )
        bad = f"{out}{bits} = 4'd15;\n{error} = 1'b1;"
        parts.append(m.when(f"{data}{bits} > 4'd9", bad, good))
    m.comb("\n".join((f"{error} = 1'b0;", *parts)))
    what = f"excess-{step} code" if step else "nine's complement"
    m.say(f"Each digit of four bits of `{data}` is turned into its {what} in `{out}`.")
    m.say(f"A digit above 9 is given as 15, and `{error}` is high.")


@family("leading_zeros", "leading zero counter", "lzc", "normaliser", held_out=True)
def leading_zeros(m: Maker) -> None:
    """How many zeros lead or trail, and the word normalised."""
    width = m.choose("width", (4, 6, 8, 12))
    leading = m.choose("end", ("leading", "trailing")) == "leading"
    bits = width.bit_length()
    data = m.port("input", "data in", width)
    number = m.port("output", "zero count", bits, "how many zeros")
    none = m.port("output", "all zero", 1, "high when no bit is high")
    order = range(width - 1, -1, -1) if leading else range(width)
    branches = [
        (f"{data}[{i}]", f"{number} = {m.lit(zeros, bits)};") for zeros, i in enumerate(order)
    ]
    m.comb(m.chain(*branches, otherwise=f"{number} = {m.lit(width, bits)};"))
    m.assign(none, f"({data} == {m.lit(0, width)})")
    end = "leading" if leading else "trailing"
    m.say(f"`{number}` is the number of {end} zeros of `{data}`, {width} if there is no one.")
    m.say(f"`{none}` is high in that case.")
    if m.flip():
        out = m.port("output", "normalised", width, "shifted until the first one is at the end")
        m.assign(out, f"{data} {'<<' if leading else '>>'} {number}")
        m.say(f"`{out}` is the input shifted by that number.")
    if m.flip():
        odd = m.port("output", "odd", 1, "parity of the number")
        m.assign(odd, f"{number}[0]")
        m.say(f"`{odd}` tells whether the number is odd.")
