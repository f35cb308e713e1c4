"""Families with `valid` and `ready`: a skid buffer, a stage of arithmetic, a change of width."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family

Reset = dict[str, str | int]


@family("skid_buffer", "skid buffer", "pipe stage", "register slice", "stream stage")
def skid_buffer(m: Maker) -> None:
    """A stage that never loses a word when it is stopped: one register or two, with extras."""
    width = m.parameter("width", m.choose("width", (4, 8, 16), (6, 12, 32)))
    valid_in, data = m.port("input", "valid in"), m.port("input", "data in", width)
    ready_out = m.port("output", "ready out", about="a word offered now is taken")
    valid_out, out = m.port("output", "valid out"), m.port("output", "data out", width)
    ready_in = m.port("input", "ready in", about="the word shown is taken")
    reset: Reset = {valid_out: 0, out: 0}
    take = m.wire("take", 1, f"{valid_in} & {ready_out}")
    free = m.wire("free", 1, f"~{valid_out} | {ready_in}")
    m.say(f"Passes words of {int(width)} bits on; a word moves when valid and ready are both high.")
    if m.choose("depth", ("two", "one")) == "one":
        m.assign(ready_out, free)
        body = m.when(free, f"{valid_out} <= {take};\n" + m.when(take, f"{out} <= {data};"))
        m.say(f"`{ready_out}` depends on `{ready_in}` in the same cycle.")
    else:
        spare, held = m.reg("skid data", width), m.reg("skid valid")
        reset |= {spare: 0, held: 0}
        m.assign(ready_out, f"~{held}")
        shown = m.either(out, held, spare, data)
        fill = f"{spare} <= {data};\n{held} <= 1'b1;"
        body = m.when(
            free,
            f"{valid_out} <= {held} | {take};\n{held} <= 1'b0;\n"
            + m.when(f"{held} | {take}", shown),
            m.when(take, fill),
        )
        m.say("A second register takes the word that comes when the next stage stops.")
    extras = []
    if m.flip(0.4):
        clear = m.port("input", "clear", about="drops all words")
        gone = [valid_out, *(name for name in reset if name == m.name("skid valid"))]
        body = m.when(clear, "\n".join(f"{name} <= 1'b0;" for name in gone), body)
    if m.flip(0.6):
        extras.append(_stalls(m, f"{valid_out} && !{ready_in}", reset))
    if m.flip(0.4):
        size = m.choose("words bits", (3, 4), (5,))
        count = m.port("output", "word count", size, "words taken, modulo its range")
        reset[count] = 0
        extras.append(m.when(take, f"{count} <= {count} + 1'b1;"))
    m.clocked(reset, "\n".join((body, *extras)))


def _stalls(m: Maker, stopped: str, reset: Reset) -> str:
    """Statements that tell when the output stands still for long."""
    limit = m.choose("stall limit", (6, 15, 40, 150), (25, 500))
    size = limit.bit_length()
    stall, stuck = m.reg("stall count", size), m.port("output", "stuck")
    reset |= {stall: 0, stuck: 0}
    m.say(f"`{stuck}` goes high, until reset, once a word stood at the output for {limit} cycles.")
    return m.chain(
        (f"!({stopped})", f"{stall} <= {m.lit(0, size)};"),
        (f"{stall} == {m.const('stall limit', limit, size)}", f"{stuck} <= 1'b1;"),
        otherwise=f"{stall} <= {stall} + 1'b1;",
    )


@family(
    "arithmetic_pipeline",
    "arithmetic pipeline",
    "mac pipe",
    "math pipe",
    "compute pipe",
)
def arithmetic_pipeline(m: Maker) -> None:
    """Two or three stages of arithmetic that all stand still when the output has to wait."""
    width = m.choose("width", (4, 6, 8), (5, 10))
    wide = 2 * width
    valid_in, ready_out = m.port("input", "valid in"), m.port("output", "ready out")
    a, b, c = (m.port("input", f"operand {role}", width) for role in "abc")
    valid_out, out = m.port("output", "valid out"), m.port("output", "result", wide)
    ready_in = m.port("input", "ready in")
    advance = m.wire("advance", 1, f"{ready_in} | ~{valid_out}")
    m.assign(ready_out, advance)
    first, kept, valid_1 = (
        m.reg("product", wide),
        m.reg("second operand", width),
        m.reg("valid 1"),
    )
    reset: Reset = {valid_1: 0, first: 0, kept: 0, valid_out: 0, out: 0}
    squares = m.choose("first", ("product", "square")) == "square"
    factor = f"itself plus `{b}`" if squares else f"`{b}`"
    m.say(f"Stages of a pipeline; the first takes `{a}` times {factor},")
    start = f"{a} * {a} + {b}" if squares else f"{a} * {b}"
    second = m.reg("second result", wide) if m.flip() else out
    body = [f"{valid_1} <= {valid_in};", f"{first} <= {start};", f"{kept} <= {c};"]
    body.append(_second(m, second, first, kept, reset))
    m.say(f"the second works with `{c}`.")
    last_valid = valid_1
    if second != out:
        last_valid = m.reg("valid 2")
        reset |= {second: 0, last_valid: 0}
        body += [f"{last_valid} <= {valid_1};", _clipped(m, out, second, wide, reset)]
    body.append(f"{valid_out} <= {last_valid};")
    m.say(f"All of them wait while `{valid_out}` is high and `{ready_in}` is low.")
    moved = m.when(advance, "\n".join(body))
    if m.flip(0.4):
        clear = m.port("input", "clear", about="drops what is under way")
        names = dict.fromkeys((valid_1, last_valid, valid_out))
        moved = m.when(clear, "\n".join(f"{name} <= 1'b0;" for name in names), moved)
    m.clocked(reset, moved)


def _second(m: Maker, target: str, first: str, kept: str, reset: Reset) -> str:
    """The second stage: one operation, or one of several by an opcode that travels along."""
    wide = {"adds": f"{first} + {kept}", "subtracts": f"{first} - {kept}"}
    other = {
        "takes the larger one": f"({first} > {kept}) ? {first} : {kept}",
        "takes the difference in bits": f"{first} ^ {kept}",
        "doubles and adds": f"({first} << 1) + {kept}",
    }
    if m.flip(0.3):
        word, text = m.rng.choice(sorted(wide.items()))
        m.say(f"(which {word} what the first gave and the third operand):")
        return f"{target} <= {text};"
    choices = list((wide | other).items())
    m.rng.shuffle(choices)
    bits = m.choose("opcode bits", (1, 2))
    opcode, code = m.port("input", "opcode", bits), m.reg("opcode 1", bits)
    reset[code] = 0
    items = {
        m.lit(i, bits): f"{target} <= {text};" for i, (_, text) in enumerate(choices[: 1 << bits])
    }
    for i, (word, _) in enumerate(choices[: 1 << bits]):
        m.say(f"with `{opcode}` {i} the next one {word},")
    return f"{code} <= {opcode};\n{m.case(code, items, full=True)}"


def _clipped(m: Maker, out: str, second: str, wide: int, reset: Reset) -> str:
    """The third stage: a limit that results do not go above."""
    limit = (1 << wide - 1) + m.value(wide - 3)
    clipped = m.port("output", "clipped", about=f"the result was above {limit}")
    reset[clipped] = 0
    bound = m.const("limit", limit, wide)
    m.say(f"Results above {limit} become {limit}:")
    return f"{clipped} <= {second} > {bound};\n" + m.either(
        out, f"{second} > {bound}", bound, second
    )


@family("width_packer", "word packer", "width converter", "stream packer", "upsizer")
def width_packer(m: Maker) -> None:
    """Puts narrow words together to a wide one, or early when the last one comes."""
    width = m.choose("width", (4, 8), (6, 12))
    n = m.choose("ratio", (2, 3, 4), (5, 6))
    bits = (n - 1).bit_length()
    valid_in, data = m.port("input", "valid in"), m.port("input", "data in", width)
    ready_out, ready_in = m.port("output", "ready out"), m.port("input", "ready in")
    valid_out, out = (
        m.port("output", "valid out"),
        m.port("output", "data out", width * n),
    )
    count = m.reg("count", bits)
    reset: Reset = {valid_out: 0, out: 0, count: 0}
    m.assign(ready_out, f"~{valid_out} | {ready_in}")
    take = m.wire("take", 1, f"{valid_in} & {ready_out}")
    complete = f"{count} == {m.lit(n - 1, bits)}"
    m.say(f"Puts {n} words of {width} bits together, the first in the lowest bits.")
    extra = ""
    if m.flip():
        last = m.port("input", "last", about="of a packet, whose rest is left as it was")
        size = n.bit_length()
        used = m.port("output", "word count", size, "how many words are new")
        reset[used] = 0
        complete = f"{last} || {complete}"
        extra = f"{used} <= {count} + {m.lit(1, size)};"
    slices = {
        m.lit(i, bits): f"{out}[{width * (i + 1) - 1}:{width * i}] <= {data};" for i in range(n)
    }
    ended = f"{valid_out} <= 1'b1;\n{count} <= {m.lit(0, bits)};\n{extra}"
    taken = m.when(complete, ended, f"{count} <= {count} + 1'b1;")
    m.clocked(
        reset,
        "\n".join(
            (
                m.when(ready_in, f"{valid_out} <= 1'b0;"),
                m.when(take, f"{m.case(count, slices, full=True)}\n{taken}"),
            )
        ),
    )


@family("width_splitter", "word splitter", "stream splitter", "downsizer", "serialiser")
def width_splitter(m: Maker) -> None:
    """Hands a wide word on as narrow ones; the high ones may be left out when they are zero."""
    width = m.choose("width", (4, 8), (5, 12))
    n = m.choose("ratio", (2, 3, 4), (5, 6))
    size = n.bit_length()
    valid_in, data = m.port("input", "valid in"), m.port("input", "data in", width * n)
    ready_out, ready_in = m.port("output", "ready out"), m.port("input", "ready in")
    valid_out, out = m.port("output", "valid out"), m.port("output", "data out", width)
    last = m.port("output", "last", about="of the words of one input")
    rest, left = m.reg("rest", width * n), m.reg("left", size)
    reset: Reset = {rest: 0, left: 0}
    m.say(f"Hands a word of {width * n} bits on in {n} parts, the lowest first.")
    m.assign(out, f"{rest}[{width - 1}:0]")
    m.assign(valid_out, f"{left} != {m.lit(0, size)}")
    final = f"{left} == {m.lit(1, size)}"
    if m.flip():
        high = f"{rest}[{width * n - 1}:{width}]"
        final = f"{final} || ({valid_out} && {high} == {m.lit(0, width * (n - 1))})"
        m.say("Parts that are zero, and all above them too, are left out, but for the lowest.")
    m.assign(last, final)
    if m.flip():
        m.assign(ready_out, f"~{valid_out} | ({ready_in} & {last})")
    else:
        m.assign(ready_out, f"~{valid_out}")
    begin = f"{rest} <= {data};\n{left} <= {m.const('parts', n, size)};"
    step = f"{rest} <= {rest} >> {width};\n" + m.either(
        left, last, m.lit(0, size), f"{left} - 1'b1"
    )
    m.clocked(
        reset,
        m.chain((f"{valid_in} && {ready_out}", begin), (f"{valid_out} && {ready_in}", step)),
    )
