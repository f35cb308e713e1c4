"""Families that send and receive bit by bit: UART transmitter and receiver, SPI-like shifter."""

from __future__ import annotations

from benchwright_trainer.designs.families.machine import machine
from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("uart_transmitter", "uart tx", "serial transmitter", "uart transmitter", "tx unit")
def uart_transmitter(m: Maker) -> None:
    """Start bit, data, parity and stop bits, each some cycles long."""
    n = m.choose("data bits", (5, 7, 8), (6, 9))
    ticks = m.choose("bit time", (2, 4, 8), (5, 16))
    parity = m.choose("parity", ("none", "even", "odd"))
    start, data = m.port("input", "start"), m.port("input", "data in", n)
    line = m.port("output", "serial out", about="high while idle")
    busy = m.port("output", "busy")
    m.say(f"Sends `{data}` when `{start}` is high while idle: a low start bit, {n} bits with the")
    m.say(f"lowest first{f', {parity} parity' if parity != 'none' else ''}, and a high stop bit.")
    m.say(f"Each takes {ticks} cycles.")
    roles = ["idle", "start bit", "data bits", "stop bit"]
    if parity != "none":
        roles.insert(3, "parity bit")
    idle, first, body, *checks, stop = m.states(*roles)
    state = m.state()
    time, count = m.reg("timer", (ticks - 1).bit_length()), m.reg("bit count", (n - 1).bit_length())
    shift = m.reg("shift register", n)
    over = m.wire("tick", 1, f"{time} == {m.lit(ticks - 1, (ticks - 1).bit_length())}")
    last = f"{over} && {count} == {m.lit(n - 1, (n - 1).bit_length())}"
    moves = {
        idle: m.when(start, f"{state} <= {first};"),
        first: m.when(over, f"{state} <= {body};"),
    }
    moves[body] = m.when(last, f"{state} <= {(*checks, stop)[0]};")
    levels = {first: "1'b0", body: f"{shift}[0]"}
    actions = [
        m.either(
            time,
            f"{state} == {idle} || {over}",
            m.lit(0, (ticks - 1).bit_length()),
            f"{time} + 1'b1",
        ),
        m.chain(
            (
                f"{state} == {idle}",
                f"{shift} <= {data};\n{count} <= {m.lit(0, (n - 1).bit_length())};",
            ),
            (
                f"{state} == {body} && {over}",
                f"{shift} <= {shift} >> 1;\n{count} <= {count} + 1'b1;",
            ),
        ),
    ]
    reset: dict[str, str | int] = {time: 0, count: 0, shift: 0}
    if checks:
        moves[checks[0]] = m.when(over, f"{state} <= {stop};")
        even = m.reg("parity")
        reset[even] = 0
        levels[checks[0]] = even
        sign = "" if parity == "even" else "~"
        actions.append(m.when(f"{state} == {idle}", f"{even} <= {sign}^{data};"))
    moves[stop] = m.when(over, f"{state} <= {idle};")
    level = "1'b1"
    for at, bit in reversed(levels.items()):
        level = f"{state} == {at} ? {bit} : {level}"
    m.assign(line, level)
    m.assign(busy, f"{state} != {idle}")
    machine(m, state, moves, reset, "\n".join(actions))


@family("uart_receiver", "uart rx", "serial receiver", "uart receiver", "rx unit")
def uart_receiver(m: Maker) -> None:
    """Waits for a start bit, samples in the middle of bits, tells parity and stop errors."""
    n = m.choose("data bits", (4, 5, 8), (6, 7))
    ticks = m.choose("bit time", (2, 4, 8), (6, 10))
    parity = m.choose("parity", ("none", "even", "odd"))
    line = m.port("input", "serial in", about="high while idle")
    out, valid = m.port("output", "data out", n), m.port("output", "valid", about="for one cycle")
    bad = m.port("output", "frame error", about="the stop bit was low")
    m.say(f"Receives words of {n} bits, lowest first, after a low start bit;")
    m.say(f"{parity} parity; a high stop bit. A bit takes {ticks} cycles, sampled in its middle;")
    m.say("a start bit that is high there is none.")
    roles = ["idle", "start bit", "data bits", "stop bit"]
    if parity != "none":
        roles.insert(3, "parity bit")
    idle, first, body, *checks, stop = m.states(*roles)
    state = m.state()
    size, bits = (ticks - 1).bit_length(), (n - 1).bit_length()
    time, count = m.reg("timer", size), m.reg("bit count", bits)
    shift = m.reg("shift register", n)
    middle = f"{time} == {m.const('middle', ticks // 2 - 1, size)}"
    over = m.wire("tick", 1, f"{time} == {m.lit(ticks - 1, size)}")
    moves = {
        idle: m.when(f"!{line}", f"{state} <= {first};"),
        first: m.when(middle, m.either(state, line, idle, body)),
        body: m.when(
            f"{over} && {count} == {m.lit(n - 1, bits)}", f"{state} <= {(*checks, stop)[0]};"
        ),
    }
    restart = f"{state} == {idle} || {over} || ({state} == {first} && {middle})"
    word = f"{{{line}, {shift}[{n - 1}:1]}}"
    actions = [
        f"{valid} <= 1'b0;",
        f"{bad} <= 1'b0;",
        m.either(time, restart, m.lit(0, size), f"{time} + 1'b1"),
        m.chain(
            (f"{state} == {idle}", f"{count} <= {m.lit(0, bits)};"),
            (f"{state} == {body} && {over}", f"{shift} <= {word};\n{count} <= {count} + 1'b1;"),
        ),
    ]
    reset: dict[str, str | int] = {time: 0, count: 0, shift: 0, out: 0, valid: 0, bad: 0}
    good = f"{out} <= {shift};\n{valid} <= 1'b1;"
    if checks:
        wrong = m.port("output", "parity error", about="of the last word")
        reset[wrong] = 0
        moves[checks[0]] = m.when(over, f"{state} <= {stop};")
        expected = f"^{shift}" if parity == "even" else f"~^{shift}"
        at_check = f"{state} == {checks[0]} && {over}"
        actions.append(m.when(at_check, f"{wrong} <= {line} != ({expected});"))
        if m.flip():
            good = m.when(f"!{wrong}", good)
            m.say(f"Words with a parity error are dropped (no `{valid}`).")
    moves[stop] = m.when(over, f"{state} <= {idle};")
    ended = m.when(line, good, f"{bad} <= 1'b1;")
    actions.append(m.when(f"{state} == {stop} && {over}", ended))
    machine(m, state, moves, reset, "\n".join(actions))


@family("spi_shifter", "spi master", "spi shifter", "serial port", "shift master")
def spi_shifter(m: Maker) -> None:
    """Shifts a word out and another in, with a clock of its own and a select line."""
    n = m.choose("width", (4, 8, 16), (6, 12))
    half = m.choose("half period", (1, 2, 4), (3, 7))
    first_high = m.choose("order", ("high", "low")) == "high"
    start, data = m.port("input", "start"), m.port("input", "data in", n)
    serial_in = m.port("input", "serial in")
    serial_out, clock = m.port("output", "serial out"), m.port("output", "serial clock")
    selected = m.port("output", "chip select", about="low during a transfer")
    out, done = m.port("output", "data out", n), m.port("output", "done", about="for one cycle")
    m.say(
        f"`{start}` sends `{data}` on `{serial_out}`, {'highest' if first_high else 'lowest'} bit"
    )
    m.say(f"first, while `{serial_in}` is shifted in at the rising edge of `{clock}`.")
    m.say(f"Half a period of `{clock}` takes {half} cycles.")
    bits = (n - 1).bit_length()
    count, shift = m.reg("bit count", bits), m.reg("shift register", n)
    active = m.reg("active")
    reset: dict[str, str | int] = {count: 0, shift: 0, active: 0, clock: 0, out: 0, done: 0}
    if first_high:
        m.assign(serial_out, f"{shift}[{n - 1}]")
        moved = f"{{{shift}[{n - 2}:0], {m.name('sample')}}}"
    else:
        m.assign(serial_out, f"{shift}[0]")
        moved = f"{{{m.name('sample')}, {shift}[{n - 1}:1]}}"
    sample = m.reg("sample")
    reset[sample] = 0
    m.assign(selected, f"~{active}")
    falling = f"{shift} <= {moved};\n" + m.when(
        f"{count} == {m.lit(n - 1, bits)}",
        f"{active} <= 1'b0;\n{out} <= {moved};\n{done} <= 1'b1;",
        f"{count} <= {count} + 1'b1;",
    )
    step = f"{clock} <= ~{clock};\n" + m.when(clock, falling, f"{sample} <= {serial_in};")
    if half > 1:
        size = (half - 1).bit_length()
        time = m.reg("timer", size)
        reset[time] = 0
        step = m.when(
            f"{time} == {m.lit(half - 1, size)}",
            f"{time} <= {m.lit(0, size)};\n{step}",
            f"{time} <= {time} + 1'b1;",
        )
    begin = f"{active} <= 1'b1;\n{shift} <= {data};\n{count} <= {m.lit(0, bits)};"
    if m.flip(0.4):
        stop = m.port("input", "abort", about="ends a transfer at once")
        ended = f"{active} <= 1'b0;\n{clock} <= 1'b0;"
        step = m.when(stop, ended, step)
        if half > 1:
            begin += f"\n{m.name('timer')} <= {m.lit(0, (half - 1).bit_length())};"
    m.clocked(reset, f"{done} <= 1'b0;\n" + m.when(active, step, m.when(start, begin)))
