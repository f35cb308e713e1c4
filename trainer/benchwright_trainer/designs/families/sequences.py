"""Families that follow a sequence: pattern detectors, retries, a packet parser."""

from __future__ import annotations

from benchwright_trainer.designs.families.machine import machine
from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family

Reset = dict[str, str | int]


@family(
    "sequence_detector",
    "sequence detector",
    "pattern detector",
    "bit detector",
    "seq fsm",
)
def sequence_detector(m: Maker) -> None:
    """Finds a pattern of bits: Mealy or Moore, overlapping or not, gated, counted."""
    n = m.choose("length", (3, 4, 5), (6, 7))
    moore = m.choose("kind", ("moore", "mealy")) == "moore"
    overlap = m.flip()
    pattern = [m.rng.randrange(2) for _ in range(n)]
    pattern[0] = 1 - pattern[-1] if len(set(pattern)) == 1 else pattern[0]
    bit, found = m.port("input", "bit in"), m.port("output", "detect")
    enable = m.port("input", "valid") if m.flip() else ""
    states = m.states(*(f"got {i}" for i in range(n + moore)))
    state = m.state()
    text = "".join(map(str, pattern))
    m.say(f"Detects {text} in `{bit}`, first bit first; finds {'may' if overlap else 'do not'}")
    m.say("overlap.")
    m.say(f"`{found}` is high {'after' if moore else 'during'} the last bit.")
    moves = {}
    for at, name in enumerate(states):
        targets = [_following(pattern, at, value, overlap=overlap, moore=moore) for value in (1, 0)]
        one, zero = (states[target] for target in targets)
        step = f"{state} <= {one};" if one == zero else m.either(state, bit, one, zero)
        moves[name] = m.when(enable, step) if enable else step
    last = f"{state} == {states[-1]}"
    hit = last
    if not moore:
        hit = f"{last} && {'' if pattern[-1] else '!'}{bit}" + (f" && {enable}" if enable else "")
    m.assign(found, hit)
    reset: Reset = {}
    actions = _counted(m, found, reset)
    machine(m, state, moves, reset, "\n".join(actions))


def _following(pattern: list[int], at: int, value: int, *, overlap: bool, moore: bool) -> int:
    """How many bits of `pattern` match after `at` of them and one bit more (Knuth et al., 1977)."""
    n = len(pattern)
    seen = [*([] if at == n and not overlap else pattern[:at]), value]
    if not moore and seen == pattern:
        seen = seen[1:] if overlap else []
    longest = min(len(seen), n)
    return next(k for k in range(longest, -1, -1) if seen[len(seen) - k :] == pattern[:k])


def _counted(m: Maker, found: str, reset: Reset) -> list[str]:
    """Statements that count finds up to a limit, in some designs."""
    if not m.flip():
        return []
    limit = m.choose("finds", (3, 7, 12), (5, 20))
    bits = limit.bit_length()
    count, enough = m.port("output", "count", bits), m.port("output", "done")
    reset[count] = 0
    m.assign(enough, f"{count} == {m.const('limit', limit, bits)}")
    m.say(f"`{count}` counts up to {limit}, where `{enough}` goes high.")
    again = m.port("input", "clear")
    return [
        m.chain(
            (again, f"{count} <= {m.lit(0, bits)};"),
            (f"{found} && !{enough}", f"{count} <= {count} + 1'b1;"),
        )
    ]


@family("retry_machine", "retry fsm", "retry controller", "resend unit", "link retry")
def retry_machine(m: Maker) -> None:
    """Sends, waits for an answer, tries again after a pause, and gives up."""
    attempts = m.choose("attempts", (2, 3, 4), (5, 7))
    limit = m.choose("patience", (5, 12, 40, 120), (20, 300))
    growing = m.flip(0.4)
    pause = 1 if growing else m.choose("pause", (3, 6, 10, 50), (4, 25))
    shift = 2 if attempts < 5 else 1
    longest = (1 << shift * (attempts - 1)) - 1 if growing else pause
    bits, size = attempts.bit_length(), max(limit, longest).bit_length()
    start, ack, nack = (m.port("input", role) for role in ("start", "acknowledge", "nack"))
    send, busy = (
        m.port("output", "send", about="for one cycle"),
        m.port("output", "busy"),
    )
    failed = m.port("output", "error")
    idle, sending, waiting, pausing, lost = m.states("idle", "send", "wait", "pause", "give up")
    state, tries, timer = m.state(), m.reg("attempts", bits), m.reg("timer", size)
    m.assign(send, f"{state} == {sending}")
    m.assign(busy, f"{state} != {idle}")
    m.assign(failed, f"{state} == {lost}")
    m.say(
        f"`{start}` sends (`{send}`). Without `{ack}` for {limit} cycles, or after `{nack}`, it is"
    )
    m.say(f"sent again, up to {attempts} times in all; then `{failed}` is high.")
    reset: Reset = {tries: 0, timer: 0}
    counts = {
        idle: f"{tries} <= {m.lit(0, bits)};",
        sending: f"{tries} <= {tries} + 1'b1;",
    }
    over = f"{timer} == {m.const('pause', pause, size)}"
    if growing:
        over = _growing(m, timer, (shift, attempts), counts, reset)
        m.say("The pause before it is longer every time.")
    else:
        m.say(f"Between two of them are {pause + 1} cycles.")
    refused = f"{nack} || {timer} == {m.const('patience', limit, size)}"
    out = f"{tries} == {m.const('most attempts', attempts, bits)}"
    clear = start if m.flip() else m.port("input", "clear")
    m.say(f"`{clear}` takes the error back.")
    moves = {
        idle: m.when(start, f"{state} <= {sending};"),
        sending: f"{state} <= {waiting};",
        waiting: m.chain(
            (ack, f"{state} <= {idle};"), (refused, m.either(state, out, lost, pausing))
        ),
        pausing: m.when(over, f"{state} <= {sending};"),
        lost: m.when(clear, f"{state} <= {idle};"),
    }
    runs = f"({state} == {waiting} && !({refused})) || {state} == {pausing}"
    actions = [
        m.either(timer, runs, f"{timer} + 1'b1", m.lit(0, size)),
        m.chain(*((f"{state} == {at}", text) for at, text in counts.items())),
    ]
    if m.flip(0.4):
        done = m.port("output", "done", about="an answer came, for one cycle")
        reset[done] = 0
        actions.append(f"{done} <= {state} == {waiting} && {ack};")
    machine(m, state, moves, reset, "\n".join(actions))


def _growing(
    m: Maker, timer: str, growth: tuple[int, int], counts: dict[str, str], reset: Reset
) -> str:
    """Whether a pause is over that takes in `shift` bits more of ones with each attempt."""
    shift, attempts = growth
    width = shift * attempts
    delay = m.reg("delay", width)
    reset[delay] = 0
    idle, sending = counts
    counts[idle] += f"\n{delay} <= {m.lit(0, width)};"
    ones = f"{shift}'b{'1' * shift}"
    counts[sending] += f"\n{delay} <= {{{delay}[{width - shift - 1}:0], {ones}}};"
    return f"{timer} == {delay}[{width - shift - 1}:0]"


@family(
    "packet_parser",
    "packet parser",
    "frame parser",
    "packet receiver",
    "rx parser",
    held_out=True,
)
def packet_parser(m: Maker) -> None:
    """Header, length, payload and checksum of a packet, and all that can be wrong with it."""
    width = m.choose("width", (4, 6, 8), (5, 7))
    most = m.choose("longest", (3, 4, 6, 12), (5, 9))
    valid, data = m.port("input", "valid in"), m.port("input", "data in", width)
    strobe = m.port("output", "payload valid", about=f"`{data}` is payload")
    done, error = m.port("output", "packet done"), m.port("output", "error")
    states = m.states("hunt", "length", "payload", "check")
    hunt, length, payload, check = states
    state, size = m.state(), most.bit_length()
    left, total = m.reg("left", size), m.reg("checksum", width)
    sync = m.value(width)
    adds = m.choose("check", ("sum", "xor")) == "sum"
    m.say(f"A packet is {sync}, a length of 1 to {most}, as many words, and their")
    m.say(
        f"{'sum' if adds else 'exclusive or'}. Words are taken when `{valid}` is high; `{done}` and"
    )
    m.say(f"`{error}` are high for one cycle; after an error {sync} is looked for again.")
    m.assign(strobe, f"{valid} && {state} == {payload}")
    reset: Reset = {left: 0, total: 0, done: 0, error: 0}
    actions = [f"{name} <= 1'b0;" for name in (done, error)]
    bound = m.const("longest", most, width)
    bad = m.wire("bad length", 1, f"{data} == {m.lit(0, width)} || {data} > {bound}")
    last = f"{left} == {m.lit(1, size)}"
    seen = {
        hunt: (f"{data} == {m.const('sync', sync, width)}", f"{state} <= {length};"),
        payload: (last, f"{state} <= {check};"),
    }
    moves = {
        hunt: m.when(*seen[hunt]),
        length: m.either(state, bad, hunt, payload),
        payload: m.when(*seen[payload]),
        check: f"{state} <= {hunt};",
    }
    works = {
        length: f"{left} <= {data}[{size - 1}:0];\n{total} <= {m.lit(0, width)};\n"
        f"{error} <= {bad};",
        payload: f"{left} <= {left} - 1'b1;\n{total} <= {total} {'+' if adds else '^'} {data};",
        check: m.when(f"{data} == {total}", f"{done} <= 1'b1;", f"{error} <= 1'b1;"),
    }
    late = _gap(m, valid, f"{state} == {hunt}", reset, actions)
    aborts = [(late, f"{state} <= {hunt};")] if late else []
    moves = {
        at: m.chain((valid, text), *(aborts if at != hunt else [])) for at, text in moves.items()
    }
    actions.append(m.when(valid, m.case(state, works)))
    if late:
        actions.append(m.when(f"!{valid} && {state} != {hunt} && {late}", f"{error} <= 1'b1;"))
    if m.flip(0.4):
        count = m.port("output", "packet count", 2, "good packets, up to 3")
        reset[count] = 0
        good = f"{done} && {count} != {m.lit(3, 2)}"
        actions.append(m.when(good, f"{count} <= {count} + 1'b1;"))
    machine(m, state, moves, reset, "\n".join(actions))


def _gap(m: Maker, valid: str, idle: str, reset: Reset, actions: list[str]) -> str:
    """Whether a packet pauses for too long; "" in designs that do not care."""
    if not m.flip():
        return ""
    limit = m.choose("patience", (4, 10, 30, 100), (16, 200))
    size = limit.bit_length()
    gap = m.reg("gap", size)
    reset[gap] = 0
    actions.append(m.either(gap, f"{valid} || {idle}", m.lit(0, size), f"{gap} + 1'b1"))
    m.say(f"A pause of more than {limit} cycles within a packet is an error.")
    return f"{gap} == {m.const('patience', limit, size)}"
