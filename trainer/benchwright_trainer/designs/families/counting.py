"""Counters and timers: some must run long before anything happens."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("up_down_counter", "up down counter", "loadable counter", "position counter", "counter")
def up_down_counter(m: Maker) -> None:
    """Counts both ways, loads, wraps or stops at an end."""
    width = m.parameter("width", m.choose("width", (3, 4, 6, 8), (5, 7)))
    n = int(width)
    wraps = m.choose("ends", ("wrap", "stop")) == "wrap"
    top = (1 << n) - 1 if m.flip() else m.rng.randrange((1 << (n - 1)) + 1, 1 << n)
    enable, up = m.port("input", "enable"), m.port("input", "up", 1, "high counts up")
    load = m.port("input", "load") if m.flip(0.7) else ""
    value = m.port("input", "load value", width) if load else ""
    count = m.port("output", "count", width)
    high, low = m.port("output", "at top"), m.port("output", "at bottom")
    last = m.const("top value", top, n)
    zero, one = m.lit(0, n), m.lit(1, n)
    m.assign(high, f"({count} == {last})")
    m.assign(low, f"({count} == {zero})")
    rise = m.either(count, high, zero if wraps else last, f"{count} + {one}")
    fall = m.either(count, low, last if wraps else zero, f"{count} - {one}")
    step = m.when(up, rise, fall)
    m.say(
        f"While `{enable}` is high `{count}` counts up or down between 0 and {top}, as `{up}` says."
    )
    m.say("At the ends it " + ("goes on at the other end." if wraps else "stays."))
    branches = []
    if load:
        full = top == (1 << n) - 1
        put = f"{count} <= {value};"
        put = put if full else m.when(f"{value} > {last}", f"{count} <= {last};", put)
        branches.append((load, put))
        m.say(f"`{load}` sets it to `{value}`" + ("" if full else f", but at most {top}") + ".")
    m.clocked({count: 0}, m.chain(*branches, (enable, step)))


@family("pwm", "pwm", "pwm generator", "pulse width modulator", "duty timer")
def pwm(m: Maker) -> None:
    """A pulse of a duty that is taken over at the end of a period."""
    width = m.choose("width", (3, 4, 5, 6), (7, 8))
    top = (1 << width) - 1
    period = m.rng.randrange(top // 2 + 1, top)
    enable = m.port("input", "enable")
    duty = m.port("input", "duty", width, "cycles high in a period")
    out = m.port("output", "pulse out")
    wrap = m.port("output", "period end", 1, "high in the last cycle of a period")
    count, now = m.reg("count", width), m.reg("active duty", width)
    last = m.const("last count", period, width)
    m.assign(wrap, f"({count} == {last})")
    low = m.choose("polarity", ("high", "low")) == "low"
    m.assign(out, f"({count} {'>=' if low else '<'} {now})")
    zero = m.lit(0, width)
    turn = f"{count} <= {zero};\n{now} <= {duty};"
    reset: dict[str, str | int] = {count: 0, now: 0}
    m.say(f"A period has {period + 1} cycles. `{out}` is {'low' if low else 'high'} in the first,")
    m.say(
        f"as many as `{duty}` said at the end of the period before. `{wrap}` marks the last cycle."
    )
    if m.flip():
        full = m.port("output", "saturated", 1, "the duty covers the whole period")
        reset[full] = 0
        turn += f"\n{full} <= ({duty} > {last});"
        m.say(f"`{full}` tells, from then on, that the duty is more than a period has.")
    if m.flip():
        bits = m.choose("burst", (2, 3), (4,))
        number = m.port("output", "period count", bits)
        reset[number] = 0
        turn += f"\n{number} <= {number} + {m.lit(1, bits)};"
        m.say(f"`{number}` counts periods.")
    step = m.when(wrap, turn, f"{count} <= {count} + {m.lit(1, width)};")
    off = f"{count} <= {zero};" if m.flip() else ""
    m.say(f"While `{enable}` is low it " + ("begins again." if off else "is frozen."))
    m.clocked(reset, m.when(enable, step, off))


@family("clock_divider", "clock divider", "strobe generator", "prescaler", "tick generator")
def clock_divider(m: Maker) -> None:
    """Strobes at rates chosen by an input, and a square wave."""
    n = m.choose("rates", (2, 4))
    longest = m.choose("longest", (12, 20, 50, 120, 400, 1000), (30, 80, 250, 1500))
    width = (longest - 1).bit_length()
    rates = [*m.rng.sample(range(2, longest), n - 1), longest]
    m.rng.shuffle(rates)
    sel = m.port("input", "rate select", (n - 1).bit_length())
    enable = m.port("input", "enable")
    tick = m.port("output", "tick", 1, "high for one cycle in each period")
    square = m.port("output", "divided clock", 1, "changes with each tick")
    count = m.reg("count", width)
    over = m.wire("period over")
    bits = (n - 1).bit_length()
    items = {
        m.lit(i, bits): f"{over} = ({count} >= {m.lit(rate - 1, width)});"
        for i, rate in enumerate(rates)
    }
    m.comb(m.case(sel, items, full=True))
    told = ", ".join(f"{rate} for {i}" for i, rate in enumerate(rates))
    m.say(f"`{tick}` comes once in a number of cycles that `{sel}` chooses: {told}.")
    m.say(f"`{square}` changes with each tick. Nothing moves while `{enable}` is low.")
    fire = f"{count} <= {m.lit(0, width)};\n{tick} <= 1'b1;\n{square} <= ~{square};"
    step = m.when(over, fire, f"{count} <= {count} + {m.lit(1, width)};")
    body = m.when(enable, step)
    if m.flip():
        sync = m.port("input", "restart", 1, "begins a period")
        body = m.chain((sync, f"{count} <= {m.lit(0, width)};"), (enable, step))
        m.say(f"`{sync}` begins the period again.")
    m.clocked({count: 0, tick: 0, square: 0}, f"{tick} <= 1'b0;\n{body}")


@family("timer", "timer", "interval timer", "compare timer", "alarm timer")
def timer(m: Maker) -> None:
    """Counts to a compare value with a prescaler; one shot or again; an interrupt to be cleared."""
    width = m.choose("width", (4, 6, 8), (5, 7))
    scale = m.choose("prescale", (1, 2, 4), (3, 5))
    start, stop = m.port("input", "start"), m.port("input", "stop")
    again = m.port("input", "periodic", 1, "begins again by itself")
    compare = m.port("input", "compare value", width)
    clear = m.port("input", "clear interrupt")
    irq = m.port("output", "interrupt", 1, "stays high until cleared")
    running = m.port("output", "running")
    count = m.port("output", "count", width) if m.flip() else m.reg("count", width)
    reset: dict[str, str | int] = {running: 0, count: 0, irq: 0}
    zero = m.lit(0, width)
    hit = f"{irq} <= 1'b1;\n{count} <= {zero};\n" + m.when(f"!{again}", f"{running} <= 1'b0;")
    step = m.when(f"{count} == {compare}", hit, f"{count} <= {count} + {m.lit(1, width)};")
    arm = f"{running} <= 1'b1;\n{count} <= {zero};"
    if scale > 1:
        bits = (scale - 1).bit_length()
        pre = m.reg("prescaler", bits)
        reset[pre] = 0
        arm += f"\n{pre} <= {m.lit(0, bits)};"
        step = m.when(
            f"{pre} == {m.const('last prescale', scale - 1, bits)}",
            f"{pre} <= {m.lit(0, bits)};\n{step}",
            f"{pre} <= {pre} + {m.lit(1, bits)};",
        )
    m.say(f"`{start}` begins to count from 0, a step every {scale} cycles; `{stop}` ends it.")
    m.say(
        f"When the count is `{compare}` `{irq}` is set, and the count begins again if `{again}` is"
    )
    m.say(
        f"high, else the timer stops. `{clear}` takes `{irq}` back unless it is set in that cycle."
    )
    m.clocked(
        reset,
        m.when(clear, f"{irq} <= 1'b0;")
        + "\n"
        + m.chain((stop, f"{running} <= 1'b0;"), (start, arm), (running, step)),
    )


@family("stopwatch", "stopwatch", "bcd counter", "digit counter", "cascade counter")
def stopwatch(m: Maker) -> None:
    """Decimal digits in cascade, with lap, stop at the end or wrap."""
    base = m.choose(
        "bases", ((10, 6), (6, 10), (10, 10), (3, 4), (4, 6)), ((5, 12), (12, 5), (7, 7))
    )
    names = ("low digit", "high digit")
    run, clear = m.port("input", "run"), m.port("input", "clear")
    widths = [(one - 1).bit_length() for one in base]
    low, high = (m.port("output", *pair) for pair in zip(names, widths, strict=True))
    end = m.port("output", "overflow", 1, "stays high once the end was passed")
    stop = m.flip(0.4)
    zero = [m.lit(0, width) for width in widths]
    reset: dict[str, str | int] = {low: 0, high: 0, end: 0}
    last = [m.lit(one - 1, width) for one, width in zip(base, widths, strict=True)]
    over = f"{end} <= 1'b1;" + (f"\n{low} <= {last[0]};" if stop else f"\n{high} <= {zero[1]};")
    upper = m.when(f"{high} == {last[1]}", over, f"{high} <= {high} + {m.lit(1, widths[1])};")
    step = m.when(
        f"{low} == {last[0]}",
        f"{low} <= {zero[0]};\n{upper}",
        f"{low} <= {low} + {m.lit(1, widths[0])};",
    )
    m.say(f"`{low}` counts from 0 to {base[0] - 1} while `{run}` is high; when it wraps, `{high}`")
    m.say(f"counts, from 0 to {base[1] - 1}. Past the end `{end}` is set and the digits")
    m.say("stay at the end." if stop else "begin again.")
    if m.flip():
        lap = m.port("input", "lap", 1, "keeps the digits of now")
        kept = m.port("output", "lap value", sum(widths))
        reset[kept] = 0
        step += "\n" + m.when(lap, f"{kept} <= {{{high}, {low}}};")
        m.say(f"`{lap}` copies both digits to `{kept}` while counting.")
    wipe = m.let({low: 0, high: 0, end: 0})
    m.clocked(reset, m.chain((clear, wipe), (run, step)))
    m.say(f"`{clear}` sets all to 0.")


@family("window_watchdog", "window watchdog", "watchdog", "supervisor", held_out=True)
def window_watchdog(m: Maker) -> None:
    """Must be served neither too early nor too late; bites, and recovers by a key."""
    late = m.choose("timeout", (20, 40, 100, 300))
    width = late.bit_length()
    early = m.rng.randrange(3, late // 2)
    kick, enable = m.port("input", "kick"), m.port("input", "enable")
    code = m.port("input", "key", 8, "must hold the key with a kick")
    bite = m.port("output", "bite", 1, "stays high until rearmed")
    soon, wrong = m.port("output", "too early"), m.port("output", "wrong key")
    count = m.reg("count", width)
    secret = m.const("magic key", m.value(8), 8)
    open_at, end = m.const("window open", early, width), m.const("window end", late, width)
    zero = m.lit(0, width)
    served = m.chain(
        (f"{code} != {secret}", f"{wrong} <= 1'b1;\n{bite} <= 1'b1;"),
        (f"{count} < {open_at}", f"{soon} <= 1'b1;\n{bite} <= 1'b1;"),
        otherwise=f"{count} <= {zero};",
    )
    guard = m.chain(
        (kick, served),
        (f"{count} == {end}", f"{bite} <= 1'b1;"),
        otherwise=f"{count} <= {count} + {m.lit(1, width)};",
    )
    rearm = m.let({bite: 0, soon: 0, wrong: 0, count: 0})
    back = m.port("input", "rearm")
    if m.flip():
        rearm = m.when(f"{code} == ~{secret}", rearm)
        m.say("Rearming needs the key with all bits inverted.")
    m.clocked(
        {count: 0, bite: 0, soon: 0, wrong: 0},
        m.chain((bite, m.when(back, rearm)), (enable, guard)),
    )
    m.say(f"While `{enable}` is high cycles are counted. A `{kick}` with `{secret}` in `{code}`")
    m.say(
        f"begins the count again, but only from cycle {early} on: before, `{soon}` and `{bite}` are"
    )
    m.say(f"set. So are `{wrong}` and `{bite}` by another key, and `{bite}` alone at {late}.")
    m.say(f"`{back}` ends the bite.")
