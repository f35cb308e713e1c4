"""Families that keep an order of events on a bus: requests, registers, lists of descriptors."""

from __future__ import annotations

from benchwright_trainer.designs.families.machine import machine
from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family

Reset = dict[str, str | int]


@family("request_grant", "request master", "bus requester", "handshake master", "req unit")
def request_grant(m: Maker) -> None:
    """Requests a bus, uses it for a while, and gives up when it is not granted in time."""
    limit = m.choose("patience", (12, 40, 100, 250), (24, 600, 1500))
    size = limit.bit_length()
    start, grant = m.port("input", "start"), m.port("input", "grant")
    request, busy = m.port("output", "request"), m.port("output", "busy")
    done, error = (
        m.port("output", "done", about="for one cycle"),
        m.port("output", "timeout"),
    )
    idle, waiting, using, failed = m.states("idle", "wait grant", "use bus", "failed")
    state, timer = m.state(), m.reg("timer", size)
    late = m.wire("late", 1, f"{timer} == {m.const('patience', limit, size)}")
    m.assign(request, f"{state} == {waiting} || {state} == {using}")
    m.assign(busy, f"{state} != {idle}")
    m.assign(error, f"{state} == {failed}")
    m.say(f"`{start}` raises `{request}` until `{grant}`; after {limit} cycles without it")
    m.say(f"`{error}` goes high.")
    reset: Reset = {timer: 0, done: 0}
    released, actions = _use(m, f"{state} == {using}", reset)
    lost = ""
    if m.flip():
        lost = m.when(f"!{grant}", f"{state} <= {failed};")
        m.say(f"Losing `{grant}` while the bus is used counts as a timeout too.")
    moves = {
        idle: m.when(start, f"{state} <= {waiting};"),
        waiting: m.chain((grant, f"{state} <= {using};"), (late, f"{state} <= {failed};")),
        using: m.when(released, f"{state} <= {idle};", lost),
    }
    if m.flip():
        clear = m.port("input", "clear", about="takes the timeout back")
        moves[failed] = m.when(clear, f"{state} <= {idle};")
    else:
        moves[failed] = m.when(f"{start} && !{grant}", f"{state} <= {waiting};")
        m.say(f"After it, `{start}` without `{grant}` tries again.")
    actions += [
        f"{done} <= {state} == {using} && {released};",
        m.either(timer, f"{state} == {waiting}", f"{timer} + 1'b1", m.lit(0, size)),
    ]
    if m.flip(0.4):
        failures = m.port("output", "failure count", 2, "how often it was too late, up to 3")
        reset[failures] = 0
        counted = f"{state} == {waiting} && !{grant} && {late} && {failures} != {m.lit(3, 2)}"
        actions.append(m.when(counted, f"{failures} <= {failures} + 1'b1;"))
    machine(m, state, moves, reset, "\n".join(actions))


def _use(m: Maker, using: str, reset: Reset) -> tuple[str, list[str]]:
    """What ends the use of a bus, and the statements that this takes."""
    if m.flip():
        finish = m.port("input", "finish")
        m.say(f"The bus is used until `{finish}`.")
        return finish, []
    beats = m.choose("beats", (3, 4, 8), (6, 16))
    bits = (beats - 1).bit_length()
    count = m.reg("beat count", bits)
    reset[count] = 0
    m.say(f"The bus is used for {beats} cycles.")
    counts = m.either(count, using, f"{count} + 1'b1", m.lit(0, bits))
    return f"{count} == {m.lit(beats - 1, bits)}", [counts]


@family(
    "bus_registers",
    "apb registers",
    "apb slave",
    "register block",
    "csr block",
    held_out=True,
)
def bus_registers(m: Maker) -> None:
    """Registers on a bus of two phases: read-only, locked and missing ones answer with an error."""
    width = m.choose("width", (4, 8, 16), (6, 12))
    bits = m.choose("address bits", (3, 4), (5,))
    select, enable = m.port("input", "select"), m.port("input", "enable")
    write, at = m.port("input", "write"), m.port("input", "address", bits)
    data, out = (
        m.port("input", "write data", width),
        m.port("output", "read data", width),
    )
    ready, error = m.port("output", "ready"), m.port("output", "error")
    status = m.port("input", "status", width)
    control, limit, open_ = (
        m.reg("control", width),
        m.reg("limit", width),
        m.reg("unlock"),
    )
    reset: Reset = {
        out: 0, ready: 0, error: 0, control: 0, limit: m.value(width), open_: 0
    }  # fmt: skip
    key = m.value(width)
    refuse = f"{error} <= 1'b1;"
    places = m.rng.sample(range(1 << bits), 4)
    m.say(
        f"Register {places[0]} is control, {places[1]} the status (to be read only), {places[2]} a"
    )
    m.say(f"limit that is written only after {key} was written to the key at {places[3]}, which")
    m.say(f"cannot be read. All that is not allowed, and any other address, sets `{error}`.")
    bodies = (
        m.when(write, f"{control} <= {data};", f"{out} <= {control};"),
        m.when(write, refuse, f"{out} <= {status};"),
        m.chain(
            (f"{write} && {open_}", f"{limit} <= {data};"),
            (write, refuse),
            otherwise=f"{out} <= {limit};",
        ),
        m.when(write, f"{open_} <= {data} == {m.const('key', key, width)};", refuse),
    )
    items = {m.lit(place, bits): body for place, body in sorted(zip(places, bodies, strict=True))}
    access = f"{select} && {enable} && !{ready}"
    answer = f"{ready} <= 1'b1;\n" + m.case(at, items, refuse)
    if m.flip():
        waits = m.choose("wait states", (1, 2, 3), (5, 7))
        size = waits.bit_length()
        count = m.reg("wait count", size)
        reset[count] = 0
        m.say(f"`{ready}` comes after {waits} wait state{'s' * (waits > 1)}.")
        answer = m.when(
            f"{count} == {m.lit(waits, size)}",
            f"{count} <= {m.lit(0, size)};\n{answer}",
            f"{count} <= {count} + 1'b1;",
        )
    outside = ""
    if m.flip():
        irq = m.port("output", "interrupt", about="control bit 0 is set and the limit reached")
        m.assign(irq, f"{control}[0] && {status} >= {limit}")
    elif m.flip():
        wrong = m.port("output", "phase error", about="enable came without select")
        reset[wrong] = 0
        outside = m.when(f"{enable} && !{select}", f"{wrong} <= 1'b1;")
    body = f"{ready} <= 1'b0;\n{error} <= 1'b0;\n{m.when(access, answer)}\n{outside}"
    m.clocked(reset, body)


@family("descriptor_walker", "descriptor walker", "dma walker", "list walker", "dma engine")
def descriptor_walker(m: Maker) -> None:
    """Fetches descriptors one by one: moves, jumps, ends, and those that are wrong."""
    bits = m.choose("address bits", (4, 6, 8), (5, 7))
    size = min(m.choose("length bits", (3, 4), (5,)), bits)
    start, base = m.port("input", "start"), m.port("input", "base address", bits)
    fetched = m.port("input", "fetch valid")
    word = m.port("input", "fetch data", bits + 2, "two bits of kind above the argument")
    request, at = (
        m.port("output", "fetch request"),
        m.port("output", "fetch address", bits),
    )
    beat = m.port("input", "beat", about="one word was moved")
    moving, error = m.port("output", "active"), m.port("output", "error")
    idle, fetch, move, failed = m.states("idle", "fetch", "move", "failed")
    state, left = m.state(), m.reg("left", size)
    m.assign(request, f"{state} == {fetch}")
    m.assign(moving, f"{state} == {move}")
    m.assign(error, f"{state} == {failed}")
    kind = m.wire("kind", 2, f"{word}[{bits + 1}:{bits}]")
    end, transfer, jump, wrong = m.rng.sample(range(4), 4)
    m.say(f"Walks a list from `{base}`. The highest two bits of a word tell its kind: {end} ends,")
    m.say(f"{transfer} moves as many words as its lowest {size} bits say, {jump} goes on at its")
    m.say(f"lowest {bits} bits, {wrong} is wrong, and so is a length of 0.")
    empty = f"{word}[{size - 1}:0] == {m.lit(0, size)}"
    over = f"{beat} && {left} == {m.lit(1, size)}"
    jumps = f"{kind} == {m.const('jump', jump, 2)}"
    following = [
        (f"{kind} == {m.const('end', end, 2)}", f"{state} <= {idle};"),
        (
            f"{kind} == {m.const('transfer', transfer, 2)}",
            m.either(state, empty, failed, move),
        ),
        (f"!({jumps})", f"{state} <= {failed};"),
    ]
    reset: Reset = {at: 0, left: 0}
    goes_on = m.either(at, jumps, f"{word}[{bits - 1}:0]", f"{at} + 1'b1")
    fetches = f"{left} <= {word}[{size - 1}:0];\n{goes_on}"
    actions = {
        idle: f"{at} <= {base};",
        fetch: fetches,
        move: f"{left} <= {left} - 1'b1;",
    }
    if m.flip():
        following.insert(0, (_too_many(m, actions, reset), f"{state} <= {failed};"))
    clear = m.port("input", "clear", about="takes the error back")
    moves = {
        idle: m.when(start, f"{state} <= {fetch};"),
        fetch: m.when(fetched, m.chain(*following)),
        move: m.when(over, f"{state} <= {fetch};"),
        failed: m.when(clear, f"{state} <= {idle};"),
    }
    steps = zip(actions.items(), (start, fetched, beat), strict=True)
    doing = m.chain(*((f"{state} == {name} && {go}", text) for (name, text), go in steps))
    machine(m, state, moves, reset, doing)


def _too_many(m: Maker, actions: dict[str, str], reset: Reset) -> str:
    """Whether a list is too long; its descriptors are counted by `actions` of start and fetch."""
    most = m.choose("most", (5, 9, 15, 31), (24, 100))
    size = most.bit_length()
    count = m.reg("count", size)
    reset[count] = 0
    idle, fetch, *_ = actions
    actions[idle] += f"\n{count} <= {m.lit(0, size)};"
    actions[fetch] += f"\n{count} <= {count} + 1'b1;"
    m.say(f"After {most} descriptors the next is taken as an error, whatever it is.")
    return f"{count} == {m.const('most', most, size)}"
