"""Designs that watch a signal or a stream: checksums, edges, bounces, pulses."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family

_POLYNOMIALS = {4: (0x3, 0x9), 5: (0x5, 0x15), 8: (0x07, 0x1D, 0x31)}


@family("crc", "crc unit", "crc checker", "checksum unit", "frame check")
def crc(m: Maker) -> None:
    """A CRC over serial bits or bytes, and whether a frame ends with the right one."""
    n = m.choose("width", (4, 8), (5,))
    polynomial = m.rng.choice(_POLYNOMIALS[n])
    bit, valid = m.port("input", "serial in"), m.port("input", "valid in")
    first, last = m.port("input", "first"), m.port("input", "last", 1, "the last bit of a frame")
    value = m.port("output", "checksum", n)
    good, bad = m.port("output", "good"), m.port("output", "bad")
    start = m.choose("start", ("zero", "ones"))
    initial = (1 << n) - 1 if start == "ones" else 0
    base = m.wire("base", n, f"{first} ? {m.lit(initial, n)} : {value}")
    top = m.wire("feedback", 1, f"{base}[{n - 1}] ^ {bit}")
    after = m.wire("next value", n)
    m.comb(
        m.either(
            after,
            top,
            f"{{{base}[{n - 2}:0], 1'b0}} ^ {m.const('polynomial', polynomial, n)}",
            f"{{{base}[{n - 2}:0], 1'b0}}",
            op="=",
        )
    )
    residue = m.rng.choice((0, m.value(n)))
    check = m.when(
        f"{after} == {m.const('residue', residue, n)}", f"{good} <= 1'b1;", f"{bad} <= 1'b1;"
    )
    reset: dict[str, str | int] = {value: initial, good: 0, bad: 0}
    taken = f"{value} <= {after};\n" + m.when(last, check)
    m.say(
        f"Bits from `{bit}`, taken while `{valid}` is high, go through a CRC of {n} bits with the"
    )
    m.say(f"polynomial {polynomial:#x}, from {initial:#x} on at `{first}`. After the bit marked by")
    m.say(f"`{last}` either `{good}` or `{bad}` is high for a cycle: {residue:#x} is good.")
    if m.flip():
        errors = m.port("output", "error count", 2, "stops at 3")
        reset[errors] = 0
        taken += "\n" + m.when(
            f"{last} && ({after} != {m.lit(residue, n)}) && ({errors} != 2'd3)",
            f"{errors} <= {errors} + 2'd1;",
        )
        m.say(f"`{errors}` counts bad frames, up to 3.")
    m.clocked(reset, f"{good} <= 1'b0;\n{bad} <= 1'b0;\n" + m.when(valid, taken))


@family("parity_checker", "parity checker", "parity unit", "byte parity")
def parity_checker(m: Maker) -> None:
    """Parity of words, even or odd as asked; errors are counted and lock the unit."""
    n = m.choose("width", (4, 8, 16), (6, 12))
    limit = m.choose("limit", (2, 3, 5), (4, 6))
    bits = limit.bit_length()
    data, bit = m.port("input", "data in", n), m.port("input", "parity")
    valid, odd = m.port("input", "valid in"), m.port("input", "odd", 1, "odd parity is asked")
    error = m.port("output", "error", 1, "high for a cycle")
    locked = m.port("output", "locked", 1, "too many errors in a row")
    clear = m.port("input", "clear")
    count = m.reg("error count", bits)
    wrong = m.wire("mismatch", 1, f"(^{data}) ^ {bit} ^ {odd}")
    bad = f"{error} <= 1'b1;\n" + m.when(
        f"{count} == {m.const('last error', limit - 1, bits)}",
        f"{locked} <= 1'b1;",
        f"{count} <= {count} + {m.lit(1, bits)};",
    )
    fine = f"{count} <= {m.lit(0, bits)};"
    m.say(
        f"With `{valid}` the parity of `{data}` and `{bit}` together is checked: even, or odd while"
    )
    m.say(f"`{odd}` is high. A wrong one sets `{error}` for a cycle. {limit} errors in a row set")
    m.say(f"`{locked}`, and nothing more is checked until `{clear}`.")
    reset: dict[str, str | int] = {error: 0, locked: 0, count: 0}
    if m.flip():
        out = m.port("output", "data out", n, "the last good word")
        reset[out] = 0
        fine += f"\n{out} <= {data};"
        m.say(f"`{out}` keeps the last good word.")
    if m.flip(0.4):
        idle = m.const("idle word", m.value(n), n)
        test = m.port("output", "idle seen")
        reset[test] = 0
        fine += "\n" + m.when(f"{data} == {idle}", f"{test} <= 1'b1;")
        m.say(f"`{test}` is set, for good, by a good word `{idle}`.")
    step = m.when(wrong, bad, fine)
    free = f"{locked} <= 1'b0;\n{count} <= {m.lit(0, bits)};"
    m.clocked(
        reset,
        f"{error} <= 1'b0;\n" + m.chain((locked, m.when(clear, free)), (valid, step)),
    )


@family("debouncer", "debouncer", "button filter", "glitch filter", "input filter")
def debouncer(m: Maker) -> None:
    """Follows an input only once it was steady for long enough."""
    steady = m.choose("cycles", (4, 8, 16, 50, 200, 1000), (6, 30, 120, 700))
    width = (steady - 1).bit_length()
    raw = m.port("input", "noisy")
    clean = m.port("output", "clean")
    synced = m.flip()
    seen = raw
    reset: dict[str, str | int] = {clean: 0}
    head = ""
    if synced:
        first, second = m.reg("sync first"), m.reg("sync second")
        reset |= {first: 0, second: 0}
        head = f"{first} <= {raw};\n{second} <= {first};\n"
        seen = second
        m.say(f"`{raw}` passes two registers first.")
    count = m.reg("count", width)
    reset[count] = 0
    change = f"{clean} <= {seen};\n{count} <= {m.lit(0, width)};"
    m.say(
        f"`{clean}` takes over the input when that has been different for {steady} cycles in a row;"
    )
    m.say("any shorter change is forgotten.")
    if m.flip():
        rise, fall = (
            m.port("output", "pressed", 1, "one cycle"),
            m.port("output", "released", 1, "one cycle"),
        )
        reset |= {rise: 0, fall: 0}
        head += f"{rise} <= 1'b0;\n{fall} <= 1'b0;\n"
        change += "\n" + m.when(seen, f"{rise} <= 1'b1;", f"{fall} <= 1'b1;")
        m.say(f"`{rise}` and `{fall}` are high for the cycle of a change.")
    if m.flip():
        glitch = m.port("output", "glitch", 1, "a change was too short")
        reset[glitch] = 0
        head += f"{glitch} <= 1'b0;\n"
        settle = f"{count} <= {m.lit(0, width)};\n" + m.when(
            f"{count} != {m.lit(0, width)}", f"{glitch} <= 1'b1;"
        )
        m.say(f"Then `{glitch}` is high for a cycle.")
    else:
        settle = f"{count} <= {m.lit(0, width)};"
    body = m.chain(
        (f"{seen} == {clean}", settle),
        (f"{count} == {m.const('last count', steady - 1, width)}", change),
        otherwise=f"{count} <= {count} + {m.lit(1, width)};",
    )
    m.clocked(reset, head + body)


@family("edge_detector", "edge detector", "event detector", "event counter", "pulse catcher")
def edge_detector(m: Maker) -> None:
    """Edges of several lines, of a kind that is chosen; events kept until acknowledged, counted."""
    n = m.choose("lines", (1, 2, 4), (3, 6))
    lines, kind = m.port("input", "signal in", n), m.port("input", "edge select", 2)
    event = m.port("output", "event", n, "kept until acknowledged")
    take = m.port("input", "acknowledge", n)
    before = m.reg("previous", n)
    found = m.wire("edges", n)
    m.comb(
        m.case(
            kind,
            {
                "2'd0": f"{found} = {lines} & ~{before};",
                "2'd1": f"{found} = ~{lines} & {before};",
                "2'd2": f"{found} = {lines} ^ {before};",
            },
            f"{found} = {m.lit(0, n)};",
        )
    )
    body = f"{before} <= {lines};\n{event} <= ({event} & ~{take}) | {found};"
    reset: dict[str, str | int] = {before: 0, event: 0}
    m.say(
        f"`{kind}` chooses the edges of `{lines}` that count: rising (0), falling (1), both (2) or"
    )
    m.say(f"none (3). An edge sets the bit of its line in `{event}`; `{take}` takes bits back.")
    if m.flip():
        lost = m.port("output", "overrun", 1, "an event came before the last was taken")
        reset[lost] = 0
        body += f"\n{lost} <= |({event} & {found} & ~{take});"
        m.say(f"`{lost}` is high for a cycle when an edge meets a bit that is still set.")
    if m.flip():
        bits = m.choose("count bits", (3, 4), (5, 6))
        count = m.port("output", "count", bits, "cycles with edges, stops at the end")
        full = m.port("output", "full")
        reset[count] = 0
        m.assign(full, f"&{count}")
        body += "\n" + m.when(f"(|{found}) && !{full}", f"{count} <= {count} + {m.lit(1, bits)};")
        m.say(f"`{count}` counts cycles with edges until it is all ones, which `{full}` tells.")
    m.clocked(reset, body)


@family("pulse_meter", "pulse meter", "pulse width checker", "tone detector", "pulse classifier")
def pulse_meter(m: Maker) -> None:
    """Measures how long a line is high and says whether that was short, right or long."""
    shortest = m.choose("shortest", (2, 3, 5, 8), (4, 12))
    longest = shortest + m.choose("spread", (2, 4, 10, 40, 150), (7, 25, 90))
    width = longest.bit_length()
    line = m.port("input", "pulse in")
    short, right, long = (m.port("output", f"{one} pulse") for one in ("short", "good", "long"))
    measured = m.port("output", "measured", width, "length of the last pulse, up to its end")
    idle, high, over = m.states("wait", "measure", "overrun")
    state, count = m.state(), m.reg("count", width)
    reset: dict[str, str | int] = {state: idle, count: 0, measured: 0, short: 0, right: 0, long: 0}
    judged = m.when(
        f"{count} < {m.const('shortest', shortest, width)}",
        f"{short} <= 1'b1;",
        f"{right} <= 1'b1;",
    )
    items = {
        idle: m.when(line, f"{count} <= {m.lit(1, width)};\n{state} <= {high};"),
        high: m.chain(
            (f"!{line}", f"{judged}\n{measured} <= {count};\n{state} <= {idle};"),
            (
                f"{count} == {m.const('longest', longest, width)}",
                f"{long} <= 1'b1;\n{state} <= {over};",
            ),
            otherwise=f"{count} <= {count} + {m.lit(1, width)};",
        ),
        over: m.when(f"!{line}", f"{state} <= {idle};"),
    }
    m.say(f"A pulse on `{line}` below {shortest} cycles is short, one of more than {longest} long:")
    m.say(f"`{short}`, `{right}` or `{long}` is high for a cycle, the last as soon as it is clear.")
    m.say(f"`{measured}` keeps the length of the last pulse that was not long.")
    tail = ""
    if m.flip():
        need = m.choose("streak", (2, 3), (4,))
        bits = (need - 1).bit_length()
        streak, lock = m.reg("streak", bits), m.port("output", "lock")
        reset |= {streak: 0, lock: 0}
        tail = m.chain(
            (f"{short} || {long}", f"{streak} <= {m.lit(0, bits)};\n{lock} <= 1'b0;"),
            (
                right,
                m.when(
                    f"{streak} == {m.lit(need - 1, bits)}",
                    f"{lock} <= 1'b1;",
                    f"{streak} <= {streak} + {m.lit(1, bits)};",
                ),
            ),
        )
        m.say(
            f"{need} good pulses without another between them set `{lock}`, until one is not good."
        )
    head = f"{short} <= 1'b0;\n{right} <= 1'b0;\n{long} <= 1'b0;\n"
    m.clocked(reset, head + m.case(state, items, full=True) + ("\n" + tail if tail else ""))
