"""Arithmetic: units with operations, flags and limits; sequential multiplication and division."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("alu", "alu", "arithmetic unit", "execute unit", "logic unit")
def alu(m: Maker) -> None:
    """Operations by opcode, with flags, registered or not."""
    width = m.choose("width", (4, 8, 16), (6, 12))
    bits = m.choose("opcode bits", (2, 3))
    a, b = m.port("input", "operand a", width), m.port("input", "operand b", width)
    op = m.port("input", "opcode", bits)
    registered = m.flip()
    valid = m.port("input", "valid in", 1, "the operands are to be taken") if registered else ""
    result = m.port("output", "result", width)
    zero = m.port("output", "zero", 1, "the result is 0")
    carry = m.port("output", "carry", 1, "carry or borrow") if m.flip(0.7) else ""
    target = m.wire("outcome", width) if registered else result
    plain = {
        "the sum": f"{a} + {b}",
        "the difference": f"{a} - {b}",
        "bitwise and": f"{a} & {b}",
        "bitwise or": f"{a} | {b}",
        "exclusive or": f"{a} ^ {b}",
        "the first operand inverted": f"~{a}",
        "the first operand shifted left by one": f"{a} << 1",
        "the first operand shifted right by one": f"{a} >> 1",
        "the larger operand": f"({a} > {b}) ? {a} : {b}",
        "the smaller operand": f"({a} < {b}) ? {a} : {b}",
        "the second operand": b,
    }
    names = ["the sum", "the difference", *m.rng.sample(list(plain)[2:], (1 << bits) - 2)]
    m.rng.shuffle(names)
    unused = m.rng.randrange(3) if bits == 3 else 0
    legal = [name for name in names if name in names[: len(names) - unused]]
    items = {}
    flag = m.wire("carry bit") if carry and registered else carry
    for code, name in enumerate(legal):
        items[m.lit(code, bits)] = (
            f"{{{flag}, {target}}} = {plain[name]};"
            if flag and name in ("the sum", "the difference")
            else f"{target} = {plain[name]};"
        )
        m.say(f"Opcode {code} gives {name}.")
    clear = f"{target} = {m.lit(0, width)};"
    head = f"{flag} = 1'b0;\n" if flag else ""
    if unused:
        m.say("Any other opcode gives 0.")
    m.comb(head + m.case(op, items, clear if unused else None, full=not unused))
    if carry:
        m.say(f"`{carry}` is the carry of the sum or the borrow of the difference, else low.")
    if not registered:
        m.assign(zero, f"({result} == {m.lit(0, width)})")
        return
    m.say(f"Results are registered in cycles in which `{valid}` is high, and held otherwise.")
    out = m.port("output", "valid out", 1, "high in the cycle after a result was taken")
    update = f"{result} <= {target};\n{zero} <= ({target} == {m.lit(0, width)});"
    update += f"\n{carry} <= {flag};" if carry else ""
    reset: dict[str, str | int] = {result: 0, zero: 0, out: 0}
    if carry:
        reset[carry] = 0
    m.clocked(reset, f"{out} <= {valid};\n" + m.when(valid, update))


@family("saturating_adder", "saturating adder", "sat add", "clamp add", "limiter")
def saturating_adder(m: Maker) -> None:
    """Adds, subtracts where drawn, and stops at the ends instead of wrapping."""
    width = m.choose("width", (4, 6, 8), (5, 12))
    kind = m.choose("kind", ("unsigned", "signed", "ceiling"))
    a, b = m.port("input", "operand a", width), m.port("input", "operand b", width)
    out = m.port("output", "sum", width)
    over = m.port("output", "overflow", 1, "the upper end was met")
    under = m.port("output", "underflow", 1, "the lower end was met") if kind == "signed" else ""
    top, wide = (1 << width) - 1, width + 1
    if kind == "signed":
        total = m.wire("wide sum", wide, f"{{{a}[{width - 1}], {a}}} + {{{b}[{width - 1}], {b}}}")
        ends = m.wire("ends", 2, f"{total}[{width}:{width - 1}]")
        body = m.case(
            ends,
            {
                "2'b01": f"{out} = {m.lit(top >> 1, width)};\n{over} = 1'b1;",
                "2'b10": f"{out} = {m.lit((top >> 1) + 1, width)};\n{under} = 1'b1;",
            },
            f"{out} = {total}[{width - 1}:0];",
        )
        m.comb(f"{over} = 1'b0;\n{under} = 1'b0;\n{body}")
        m.say(f"`{out}` is the sum of the two's complement numbers `{a}` and `{b}`. Instead of")
        m.say(f"wrapping it stops at the largest with `{over}`, or at the least with `{under}`.")
        return
    limit = top if kind == "unsigned" else m.rng.randrange(top // 2 + 1, top)
    total = m.wire("wide sum", wide, f"{{1'b0, {a}}} + {{1'b0, {b}}}")
    ceiling = m.const("ceiling", limit, wide)
    body = m.when(
        f"{total} > {ceiling}",
        f"{out} = {m.lit(limit, width)};\n{over} = 1'b1;",
        f"{out} = {total}[{width - 1}:0];",
    )
    m.say(
        f"`{out}` is `{a}` plus `{b}`, but at most {limit}; `{over}` tells that it would be more."
    )
    head = f"{over} = 1'b0;\n"
    if m.flip():
        minus = m.port("input", "subtract", 1, "subtract instead")
        under = m.port("output", "underflow", 1, "the difference would be negative")
        less = m.when(
            f"{b} > {a}", f"{out} = {m.lit(0, width)};\n{under} = 1'b1;", f"{out} = {a} - {b};"
        )
        m.say(f"While `{minus}` is high it is `{a}` minus `{b}`, and 0 with `{under}` where that")
        m.say("is negative.")
        head += f"{under} = 1'b0;\n"
        body = m.when(minus, less, body)
    m.comb(head + body)


@family("multiplier", "multiplier", "shift add multiplier", "sequential multiplier", "mul unit")
def multiplier(m: Maker) -> None:
    """Shift and add, a bit a cycle, with start, busy and done."""
    width = m.parameter("width", m.choose("width", (4, 6, 8), (3, 5, 10)))
    n = int(width)
    start = m.port("input", "start")
    a, b = m.port("input", "operand a", width), m.port("input", "operand b", width)
    product = m.port("output", "product", 2 * n)
    busy = m.port("output", "busy")
    done = m.port("output", "done", 1, "high for one cycle")
    abort = m.port("input", "abort", 1, "gives up") if m.flip(0.4) else ""
    factor = m.reg("multiplicand", 2 * n)
    left = m.reg("multiplier", width)
    m.say(f"A high `{start}` while the unit is idle takes `{a}` and `{b}`. Their product is built")
    m.say(f"by shifting and adding, one bit a cycle. `{busy}` is high meanwhile, and `{start}` is")
    m.say(f"ignored; then `{done}` is high for one cycle and `{product}` stands.")
    reset: dict[str, str | int] = {product: 0, busy: 0, done: 0, factor: 0, left: 0}
    moved: dict[str, str | int] = {factor: f"{factor} << 1", left: f"{left} >> 1"}
    load: dict[str, str | int] = {factor: f"{{{m.lit(0, n)}, {a}}}", left: b, product: 0, busy: 1}
    if m.flip(0.4):
        m.say("It ends as soon as no bits are left to add.")
        over = f"{left} == {m.lit(0, n)}"
    else:
        bits = n.bit_length()
        step = m.reg("count", bits)
        reset[step] = load[step] = 0
        moved[step] = f"{step} + {m.lit(1, bits)}"
        over = f"{step} == {m.lit(n, bits)}"
    add = m.when(f"{left}[0]", f"{product} <= {product} + {factor};")
    work = f"{add}\n{m.let(moved)}"
    running = m.when(over, m.let({busy: 0, done: 1}), work)
    if abort:
        running = m.when(abort, f"{busy} <= 1'b0;", running)
        m.say(f"`{abort}` ends a multiplication without `{done}`.")
    body = m.when(busy, running, m.when(start, m.let(load)))
    m.clocked(reset, f"{done} <= 1'b0;\n{body}")


@family("divider", "divider", "restoring divider", "div unit", "sequential divider")
def divider(m: Maker) -> None:
    """Restoring division, a bit a cycle, with an error for a divisor of zero."""
    n = m.choose("width", (4, 6, 8), (5, 7))
    bits = (n - 1).bit_length()
    start = m.port("input", "start")
    num, den = m.port("input", "dividend", n), m.port("input", "divisor", n)
    quotient, rest = m.port("output", "quotient", n), m.port("output", "remainder", n)
    done = m.port("output", "done", 1, "high for one cycle")
    error = m.port("output", "error", 1, "the divisor was 0")
    idle, run, last = m.states("idle", "divide", "finish")
    state = m.state()
    by = m.reg("latched divisor", n)
    step = m.reg("step", bits)
    shifted = m.wire("shifted", n + 1, f"{{{rest}, {quotient}[{n - 1}]}}")
    fits = m.wire("fits", 1, f"({shifted} >= {{1'b0, {by}}})")
    less = m.wire("reduced", n + 1, f"{shifted} - {{1'b0, {by}}}") if m.flip() else ""
    reduced = f"{less}[{n - 1}:0]" if less else f"{shifted}[{n - 1}:0] - {by}"
    begin = m.let({quotient: num, rest: 0, by: den, step: n - 1, error: 0, state: run})
    refuse = f"{error} <= 1'b1;\n{state} <= {last};"
    items = {
        idle: m.when(start, m.when(f"{den} == {m.lit(0, n)}", refuse, begin)),
        run: "\n".join(
            (
                m.either(rest, fits, reduced, f"{shifted}[{n - 1}:0]"),
                f"{quotient} <= {{{quotient}[{n - 2}:0], {fits}}};",
                m.when(
                    f"{step} == {m.lit(0, bits)}",
                    f"{state} <= {last};",
                    f"{step} <= {step} - {m.lit(1, bits)};",
                ),
            )
        ),
        last: f"{done} <= 1'b1;\n{state} <= {idle};",
    }
    m.clocked(
        {state: idle, quotient: 0, rest: 0, done: 0, error: 0, by: 0, step: 0},
        f"{done} <= 1'b0;\n" + m.case(state, items, full=True),
    )
    m.say(
        f"`{start}` begins the division of `{num}` by `{den}`, which takes {n} cycles and one more;"
    )
    m.say(f"then `{done}` is high for a cycle, with `{quotient}` and `{rest}`.")
    m.say(
        f"A divisor of 0 is refused at once: `{done}` comes with `{error}`, and the results are not"
    )
    m.say("changed.")


@family("accumulator", "accumulator", "sum unit", "integrator", "threshold accumulator")
def accumulator(m: Maker) -> None:
    """Adds up what is valid; warns above a level, remembers an overflow until cleared."""
    width = m.choose("width", (4, 6, 8), (5, 7))
    extra = m.choose("extra bits", (2, 3, 4), (5,))
    size = width + extra
    data, valid = m.port("input", "data in", width), m.port("input", "valid in")
    clear = m.port("input", "clear", 1, "starts again from 0")
    total = m.port("output", "sum", size)
    over = m.port("output", "overflow", 1, "stays high until cleared")
    level = m.rng.randrange(1 << (size - 1), (1 << size) - (1 << (width - 1)))
    high = m.port("output", "above", 1, "the sum is at or above the level")
    limit = m.const("level", level, size)
    m.assign(high, f"({total} >= {limit})")
    plus = m.wire("next sum", size + 1, f"{{1'b0, {total}}} + {{{extra + 1}'d0, {data}}}")
    m.say(
        f"Each cycle with a high `{valid}` adds `{data}` to `{total}`; `{clear}` sets it to 0 and"
    )
    m.say(f"wins. `{high}` is high from {level} on.")
    keep = m.flip()
    m.say("A sum that does not fit " + ("is held" if keep else "wraps") + f" and sets `{over}`.")
    reset: dict[str, str | int] = {total: 0, over: 0}
    wrap = f"{total} <= {plus}[{size - 1}:0];"
    add = m.when(f"{plus}[{size}]", f"{over} <= 1'b1;" + ("" if keep else f"\n{wrap}"), wrap)
    empty = m.let(reset)
    if m.flip():
        count = m.port("output", "count", extra, "how many samples, wrapping")
        reset[count] = 0
        add += f"\n{count} <= {count} + {m.lit(1, extra)};"
        empty += "\n" + m.let({count: 0})
        m.say(f"`{count}` counts the samples since the last clear.")
    if m.flip(0.4):
        key = m.const("skipped value", m.value(width), width)
        skipped = m.port("output", "skipped", 1, "the last sample was left out")
        reset[skipped] = 0
        add = m.when(f"{data} == {key}", f"{skipped} <= 1'b1;", f"{skipped} <= 1'b0;\n{add}")
        m.say(f"A sample of `{key}` means no measurement: it is left out and `{skipped}` is set.")
    m.clocked(reset, m.chain((clear, empty), (valid, add)))
