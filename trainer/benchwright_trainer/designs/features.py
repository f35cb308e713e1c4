"""What a design may have beside what its family does: guards of its inputs, watchers of buses.

A guard keeps an input from having effect until the design is unlocked; a watcher looks at a bus and
raises a flag. Both are what plain random stimulus seldom gets to: sequences, exact values, silence.
"""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.module_text import Port

_MOST_PORTS = 19
_MOST_ITEMS = 65


def add_features(m: Maker) -> None:
    """Draws the guard that the design asks for, and watchers where there is room for them."""
    if m.guarded:
        m.say("")
        m.rng.choice((_key_guard, _warm_up_guard, _armed_guard))(m, *m.guarded)
    for chance in (0.6, 0.25):
        buses = [port for port in m.inputs if 3 <= port.width <= 16]
        room = 0 < len(m.inputs) < _MOST_PORTS and m.n_lines < _MOST_ITEMS
        if not room or not m.flip(chance):
            return
        m.say("")
        if buses and m.flip(0.8):
            watcher = m.rng.choice((_sequence, _streak, _quota, _repeats))
            watcher(m, m.rng.choice(buses))
        else:
            _silence(m)


def _key_guard(m: Maker, raw: str, gated: str, flag: str) -> None:
    """Opened by words one after the other, closed by another word."""
    width, steps = m.rng.choice((3, 4, 6, 8)), m.rng.choice((2, 2, 3))
    code = m.port("input", "key", width, "unlocks and locks")
    values = m.rng.sample(range(1, 1 << width), steps + 1)
    keys = [m.const(f"key {i}", value, width) for i, value in enumerate(values[:-1])]
    off = m.const("lock code", values[-1], width)
    closed, *half, opened = m.states("closed", *(f"half open {i}" for i in range(1, steps)), "open")
    state = m.state("lock state")
    order = [closed, *half]
    items = {
        at: m.when(
            f"{code} == {key}", f"{state} <= {to};", f"{state} <= {closed};" if at in half else ""
        )
        for at, key, to in zip(order, keys, [*half, opened], strict=True)
    }
    items[opened] = m.when(f"{code} == {off}", f"{state} <= {closed};")
    m.clocked({state: closed}, m.case(state, items, full=True))
    m.assign(flag, f"({state} == {opened})")
    told = ", then ".join(f"`{key}`" for key in keys)
    m.say(f"`{raw}` has no effect until the unit is unlocked; `{gated}` is `{raw}` once it is.")
    m.say(f"{told} on `{code}` in cycles that follow each other unlock it, `{off}` locks it again.")


def _warm_up_guard(m: Maker, raw: str, gated: str, flag: str) -> None:
    """Opened by waiting, closed by a request."""
    wait = m.rng.choice((9, 20, 45, 130, 500))
    width = wait.bit_length()
    count = m.reg("warm up count", width)
    again = m.port("input", "restart warm up", 1, "starts the waiting again")
    last = m.const("warm up cycles", wait, width)
    waiting = m.when(f"!{flag}", f"{count} <= {count} + {m.lit(1, width)};")
    m.clocked({count: 0}, m.when(again, f"{count} <= {m.lit(0, width)};", waiting))
    m.assign(flag, f"({count} == {last})")
    m.say(f"After a reset, and after `{again}`, {wait} cycles must pass before `{raw}` has effect;")
    m.say(f"`{gated}` is `{raw}` from then on.")


def _armed_guard(m: Maker, raw: str, gated: str, flag: str) -> None:
    """Opened by a word that is written, for a number of uses."""
    width, uses = m.rng.choice((4, 5, 8)), m.rng.choice((2, 3, 5, 7))
    bits = uses.bit_length()
    data = m.port("input", "arm code", width)
    write = m.port("input", "arm", 1, "takes the code")
    left = m.port("output", "uses left", bits)
    wrong = m.port("output", "arm error", 1, "the last code was wrong")
    code = m.const("arm value", m.value(width), width)
    taken = m.when(f"{data} == {code}", m.let({left: uses, wrong: 0}), m.let({left: 0, wrong: 1}))
    used = f"{left} <= {left} - {m.lit(1, bits)};"
    m.clocked({left: 0, wrong: 0}, m.chain((write, taken), (gated, used)))
    m.assign(flag, f"({left} != {m.lit(0, bits)})")
    m.say(f"`{raw}` has effect, as `{gated}`, in {uses} cycles only for each time that the unit is")
    m.say(
        f"armed, by `{code}` in `{data}` with `{write}`. Any other disarms it and sets `{wrong}`."
    )


def _strobe(m: Maker) -> str:
    """An input that says when a bus counts, or nothing."""
    lines = [port.name for port in m.inputs if port.width == 1]
    return m.rng.choice(lines) if lines and m.flip(0.6) else ""


def _while(m: Maker, strobe: str, body: str) -> str:
    return m.when(strobe, body) if strobe else body


def _told(strobe: str) -> str:
    return f" in cycles with a high `{strobe}`" if strobe else ""


def _sequence(m: Maker, bus: Port) -> None:
    """Words that follow each other."""
    n, strobe = m.rng.choice((2, 3, 3)), _strobe(m)
    values = m.rng.sample(range(1 << int(bus.width)), n)
    words = [m.const(f"pattern {i}", value, bus.width) for i, value in enumerate(values)]
    seen = m.port("output", "sequence seen", 1, "high for one cycle")
    first, *rest = m.states(*(f"await {i}" for i in range(n)))
    state = m.state("sequence state")
    items = {}
    for at, word, to in zip((first, *rest), words, (*rest, first), strict=True):
        done = f"{state} <= {to};" + (f"\n{seen} <= 1'b1;" if to == first else "")
        items[at] = m.when(
            f"{bus.name} == {word}", done, "" if at == first else f"{state} <= {first};"
        )
    body = _while(m, strobe, m.case(state, items, full=True))
    m.clocked({state: first, seen: 0}, f"{seen} <= 1'b0;\n{body}")
    told = ", then ".join(f"`{word}`" for word in words)
    m.say(f"`{bus.name}` is watched{_told(strobe)}: {told}, one after the other, give a pulse on")
    m.say(f"`{seen}`.")


def _streak(m: Maker, bus: Port) -> None:
    """A word, or words above a level, several times in a row."""
    n, strobe = m.rng.choice((2, 3, 5)), _strobe(m)
    bits, top = (n - 1).bit_length(), (1 << int(bus.width)) - 1
    exact = m.flip()
    value = m.value(bus.width) if exact else top - max(1, top // 8)
    level = m.const("alarm level", value, bus.width)
    test = f"{bus.name} {'==' if exact else '>'} {level}"
    count, alarm = m.reg("streak", bits), m.port("output", "alarm", 1, "stays high")
    last = f"{count} == {m.lit(n - 1, bits)}"
    met = m.when(last, f"{alarm} <= 1'b1;", f"{count} <= {count} + {m.lit(1, bits)};")
    body = m.when(test, met, m.let({count: 0, alarm: 0}))
    m.clocked({count: 0, alarm: 0}, _while(m, strobe, body))
    m.say(
        f"`{alarm}` is set when `{bus.name}` is {'' if exact else 'above '}`{level}` {n} times in a"
    )
    m.say(f"row{_told(strobe)}, and taken back by any other value.")


def _quota(m: Maker, bus: Port) -> None:
    """So many words, until a certain word begins a new quota."""
    n = m.rng.choice((12, 30, 70, 200, 600))
    bits, strobe = n.bit_length(), _strobe(m)
    count, over = m.reg("quota count", bits), m.port("output", "quota used", 1, "until renewed")
    renew = m.const("renew code", m.value(bus.width), bus.width)
    last = m.const("quota", n, bits)
    step = m.chain(
        (f"{bus.name} == {renew}", m.let({count: 0, over: 0})),
        (f"{count} == {last}", f"{over} <= 1'b1;"),
        otherwise=f"{count} <= {count} + {m.lit(1, bits)};",
    )
    m.clocked({count: 0, over: 0}, _while(m, strobe, step))
    m.say(
        f"`{over}` is set once {n + 1} values of `{bus.name}` went by{_told(strobe)} since the last"
    )
    m.say(f"`{renew}`, which takes it back.")


def _repeats(m: Maker, bus: Port) -> None:
    """The same word again and again."""
    n, strobe = m.rng.choice((2, 3, 4, 6)), _strobe(m)
    bits = n.bit_length()
    before, count = m.reg("last value", bus.width), m.reg("repeat count", bits)
    stuck = m.port("output", "stuck", 1, "high while the value does not change")
    m.assign(stuck, f"({count} == {m.lit(n, bits)})")
    more = m.when(f"!{stuck}", f"{count} <= {count} + {m.lit(1, bits)};")
    test = m.when(f"{bus.name} == {before}", more, f"{count} <= {m.lit(0, bits)};")
    body = f"{before} <= {bus.name};\n{test}"
    m.clocked({before: 0, count: 0}, _while(m, strobe, body))
    m.say(f"`{stuck}` is high once `{bus.name}` repeated its value {n} times{_told(strobe)}.")


def _silence(m: Maker) -> None:
    """An input that is quiet for long."""
    n, port = m.rng.choice((10, 25, 60, 150, 500)), m.rng.choice(m.inputs)
    bits = n.bit_length()
    busy = port.name if port.width == 1 else f"{port.name} != {m.lit(0, port.width)}"
    count, asleep = m.reg("quiet count", bits), m.port("output", "asleep", 1, "it is quiet")
    limit = m.const("quiet limit", n, bits)
    woken = m.port("output", "woken", 1, "high for one cycle")
    step = m.when(
        f"{count} == {limit}", f"{asleep} <= 1'b1;", f"{count} <= {count} + {m.lit(1, bits)};"
    )
    wake = f"{m.let({count: 0, asleep: 0})}\n{woken} <= {asleep};"
    m.clocked({count: 0, asleep: 0, woken: 0}, f"{woken} <= 1'b0;\n" + m.when(busy, wake, step))
    m.say(f"When `{port.name}` is 0 for more than {n} cycles `{asleep}` is high; what is not 0")
    m.say(f"ends it, with a pulse on `{woken}`.")
