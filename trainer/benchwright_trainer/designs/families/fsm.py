"""Families of state machines in daily use: a lock, traffic lights, a vending machine, a lift."""

from __future__ import annotations

from benchwright_trainer.designs.families.machine import machine
from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family

Reset = dict[str, str | int]


@family("combination_lock", "combination lock", "code lock", "door lock", "keypad lock")
def combination_lock(m: Maker) -> None:
    """Opens after the right keys in the right order; alarms, forgets, shuts again."""
    width = m.choose("width", (4, 6, 8), (5, 10))
    n = m.choose("keys", (2, 3))
    key, strobe = m.port("input", "key", width), m.port("input", "enter")
    shut, opened = m.port("input", "lock"), m.port("output", "unlock")
    ringing = m.port("output", "alarm")
    states = m.states("shut", *(f"step {i}" for i in range(1, n)), "open", "alarm")
    *steps, open_, alarm = states
    state = m.state()
    code = [m.value(width) for _ in steps]
    m.say(
        f"Opens after the keys {', '.join(map(str, code))}, each with `{strobe}`, until `{shut}`."
    )
    m.assign(opened, f"{state} == {open_}")
    m.assign(ringing, f"{state} == {alarm}")
    marks = {
        step: f"({key} == {m.const(f'key {i}', digit, width)})"
        for i, (step, digit) in enumerate(zip(steps, code, strict=True))
    }
    right = _by_state(m, "right", state, marks, "1'b0")
    reset: Reset = {}
    wrong_to, actions = _tries(m, state, states, f"{strobe} && !{right}", reset)
    late = ""
    if m.flip(0.4):
        late = _patience(m, f"{strobe} || {state} == {steps[0]}", reset, actions)
    moves = {
        step: m.chain(
            (f"{strobe} && {right}", f"{state} <= {following};"),
            (strobe, wrong_to),
            *[(late, f"{state} <= {steps[0]};")] * (late != "" and step != steps[0]),
        )
        for step, following in zip(steps, states[1:], strict=False)
    }
    moves[open_] = m.when(shut, f"{state} <= {steps[0]};")
    silent = _silence(m, (strobe, key, width), f"{state} == {alarm}", reset, actions)
    moves[alarm] = m.when(silent, f"{state} <= {steps[0]};")
    machine(m, state, moves, reset, "\n".join(actions))


def _by_state(m: Maker, role: str, state: str, conditions: dict[str, str], last: str) -> str:
    """A bit that is another condition in each state, and `last` in all that are not named."""
    text = last
    for at, condition in reversed(conditions.items()):
        text = f"({state} == {at}) ? {condition} : {text}"
    return m.wire(role, 1, text)


def _tries(
    m: Maker, state: str, states: tuple[str, ...], wrong: str, reset: Reset
) -> tuple[str, list[str]]:
    """What a wrong key does: the move, and the statements that count."""
    first, *_, open_, alarm = states
    n = m.choose("tries", (1, 2, 3), (5, 6))
    m.say(f"A wrong key starts again; {n} of them without opening raise the alarm.")
    if n == 1:
        return f"{state} <= {alarm};", []
    bits = n.bit_length()
    failures = m.reg("failures", bits)
    reset[failures] = 0
    settled = f"{state} == {open_} || {state} == {alarm}"
    counting = m.chain(
        (settled, f"{failures} <= {m.lit(0, bits)};"),
        (wrong, f"{failures} <= {failures} + 1'b1;"),
    )
    return m.either(state, f"{failures} == {m.lit(n - 1, bits)}", alarm, first), [counting]


def _patience(m: Maker, restart: str, reset: Reset, actions: list[str]) -> str:
    """Whether the next key was waited for too long."""
    limit = m.choose("time limit", (6, 20, 60), (35, 200))
    size = limit.bit_length()
    timer = m.reg("timer", size)
    reset[timer] = 0
    actions.append(m.either(timer, restart, m.lit(0, size), f"{timer} + 1'b1"))
    m.say(f"It starts again too when the next key takes more than {limit} cycles.")
    return f"{timer} == {m.const('time limit', limit, size)}"


def _silence(
    m: Maker,
    tried: tuple[str, str, int],
    ringing: str,
    reset: Reset,
    actions: list[str],
) -> str:
    """What ends the alarm: a key, with its strobe and width, or time."""
    if m.choose("silence", ("key", "time")) == "key":
        strobe, key, width = tried
        master = m.value(width)
        m.say(f"Only the key {master} ends the alarm.")
        return f"{strobe} && {key} == {m.const('master key', master, width)}"
    length = m.choose("alarm time", (5, 30, 100, 400), (63, 1000))
    size = length.bit_length()
    count = m.reg("alarm count", size)
    reset[count] = 0
    actions.append(m.either(count, ringing, f"{count} + 1'b1", m.lit(0, size)))
    m.say(f"The alarm ends after {length + 1} cycles.")
    return f"{count} == {m.const('alarm time', length, size)}"


@family("traffic_light", "traffic light", "traffic controller", "crossing", "signal lights")
def traffic_light(m: Maker) -> None:
    """Two roads: times, a sensor, people on foot, blinking at night."""
    green = m.choose("green time", (5, 12, 30, 100), (20, 250))
    yellow = m.choose("yellow time", (2, 3, 6), (4, 9))
    side = m.choose("side time", (4, 9, 25), (15, 60))
    walks, nights, senses = m.flip(), m.flip(0.4), m.flip()
    roles = ["main green", "main yellow", "side green", "side yellow"]
    states = m.states(*roles, *["walk"] * walks, *["blink"] * nights)
    main_go, main_slow, side_go, side_slow = states[:4]
    state, size = m.state(), (max(green, side) - 1).bit_length()
    timer = m.reg("timer", size)
    reset: Reset = {timer: 0}
    m.say(f"Lights of two roads. The main road has green for {green} cycles, yellow for {yellow};")
    m.say(f"then the side road has green for {side} and yellow for {yellow}.")
    times = dict(zip(states, (green, yellow, side, yellow, *[side] * walks, yellow), strict=False))
    timed = {at: f"({timer} == {m.lit(cycles - 1, size)})" for at, cycles in times.items()}
    _, rest = timed.popitem()
    over = leaves = _by_state(m, "time over", state, timed, rest)
    if senses:
        car = m.port("input", "car", about="a car waits in the side road")
        leaves = m.wire("leave", 1, f"{over} && ({car} || {state} != {main_go})")
        m.say(f"The main road keeps green until `{car}`.")
    moves = dict(zip(states, (main_slow, side_go, side_slow, main_go, main_go), strict=False))
    moves = {at: m.when(leaves, f"{state} <= {to};") for at, to in moves.items()}
    actions = [
        m.chain(
            (leaves, f"{timer} <= {m.lit(0, size)};"),
            (f"!{over}", f"{timer} <= {timer} + 1'b1;"),
        )
        if senses
        else m.either(timer, over, m.lit(0, size), f"{timer} + 1'b1")
    ]
    if walks:
        wish = _walk_wish(m, f"{state} == {states[4]}", reset, actions)
        moves[side_slow] = m.when(leaves, m.either(state, wish, states[4], main_go))
        m.say(f"to walk for {side} cycles before the main road goes on.")
    flash = ""
    if nights:
        night, blink = m.port("input", "night"), states[-1]
        flash = m.reg("flash")
        reset[flash] = 0
        moves[main_go] = m.when(leaves, m.either(state, night, blink, main_slow))
        moves[blink] = m.when(f"{leaves} && !{night}", f"{state} <= {main_slow};")
        actions.append(m.when(f"{state} == {blink} && {over}", f"{flash} <= ~{flash};"))
        m.say(f"After green of the main road `{night}` makes yellow blink, until it is low.")
    for road, (go, slow) in {"main": states[:2], "side": states[2:4]}.items():
        m.assign(m.port("output", f"{road} green"), f"{state} == {go}")
        blinks = f" || ({state} == {states[-1]} && {flash})" if flash else ""
        m.assign(m.port("output", f"{road} yellow"), f"{state} == {slow}{blinks}")
        red = [f"{state} != {lit}" for lit in (go, slow, *states[-1:] * bool(flash))]
        m.assign(m.port("output", f"{road} red"), " && ".join(red))
    machine(m, state, moves, reset, "\n".join(actions))


def _walk_wish(m: Maker, walking: str, reset: Reset, actions: list[str]) -> str:
    """A register for a button that was pressed, until people walk."""
    button, lamp = m.port("input", "button"), m.port("output", "walk")
    wish = m.reg("walk wish")
    reset[wish] = 0
    m.assign(lamp, walking)
    actions.append(m.chain((walking, f"{wish} <= 1'b0;"), (button, f"{wish} <= 1'b1;")))
    m.say(f"`{button}` is kept, and lets people (`{lamp}`)")
    return wish


@family("vending_machine", "vending machine", "vendor", "ticket machine", "coin machine")
def vending_machine(m: Maker) -> None:
    """Takes coins, sells at a price, gives change coin by coin, runs out of goods."""
    values = m.choose("coins", ((1, 2), (1, 5), (1, 2, 5)), ((1, 3), (1, 4, 10)))
    price = m.choose("price", (3, 6, 11, 20), (8, 14, 30))
    cap = price + m.rng.randrange(max(values), 3 * max(values) + 1)
    bits = cap.bit_length()
    coins = [m.port("input", f"coin {value}") for value in values]
    select, refund = m.port("input", "select"), m.port("input", "refund")
    vend, change = m.port("output", "vend"), m.port("output", "change")
    back = m.port("output", "reject", about="the coin is given back")
    collect, sell, giving = m.states("collect", "sell", "give change")
    state, credit = m.state(), m.reg("credit", bits)
    reset: Reset = {credit: 0, back: 0}
    m.assign(vend, f"{state} == {sell}")
    m.assign(change, f"{state} == {giving}")
    m.say(f"Takes coins worth {', '.join(map(str, values))} and sells at {price} on `{select}`.")
    m.say(
        f"`{refund}`, and what is too much after a sale, is given back as one `{change}` a cycle."
    )
    enough = f"{credit} >= {m.const('price', price, bits)}"
    actions = [f"{back} <= 1'b0;"]
    if m.flip():
        enough += f" && {_stock(m, f'{state} == {sell}', reset, actions)}"
    none = m.lit(0, bits)
    moves = {
        collect: m.chain(
            (f"{select} && {enough}", f"{state} <= {sell};"),
            (f"{refund} && {credit} != {none}", f"{state} <= {giving};"),
        ),
        sell: m.either(state, f"{credit} == {m.lit(price, bits)}", collect, giving),
        giving: m.when(f"{credit} == {m.lit(1, bits)}", f"{state} <= {collect};"),
    }
    room = f"{credit} <= {m.const('most credit', cap - max(values), bits)}"
    adds = [
        (
            coin,
            m.when(
                room,
                f"{credit} <= {credit} + {m.lit(value, bits)};",
                f"{back} <= 1'b1;",
            ),
        )
        for coin, value in zip(coins, values, strict=True)
    ]
    taking = m.chain(*adds)
    works = {
        collect: m.when(f"!{select} && !{refund}", taking),
        sell: f"{credit} <= {credit} - {m.lit(price, bits)};",
        giving: f"{credit} <= {credit} - 1'b1;",
    }
    m.say(
        f"Coins go with neither `{select}` nor `{refund}`; above {cap - max(values)} of credit they"
    )
    m.say("are rejected.")
    actions.append(m.case(state, works, full=True))
    machine(m, state, moves, reset, "\n".join(actions))


def _stock(m: Maker, selling: str, reset: Reset, actions: list[str]) -> str:
    """Whether there is something to sell; goods are counted and filled up again."""
    n = m.choose("stock", (2, 3, 5), (4, 7))
    size = n.bit_length()
    refill, out = m.port("input", "refill"), m.port("output", "sold out")
    stock = m.reg("stock", size)
    reset[stock] = n
    m.assign(out, f"{stock} == {m.lit(0, size)}")
    actions.append(
        m.chain(
            (refill, f"{stock} <= {m.const('stock size', n, size)};"),
            (f"{selling} && !{out}", f"{stock} <= {stock} - 1'b1;"),
        )
    )
    m.say(f"There are {n} goods, again after `{refill}`; without any nothing is sold.")
    return f"!{out}"


@family("elevator", "elevator", "lift controller", "elevator controller", "cabin control")
def elevator(m: Maker) -> None:
    """Collects calls and goes to them: travel time, door time, a direction kept, an obstacle."""
    floors = m.choose("floors", (3, 4, 5), (6, 8))
    travel = m.choose("travel time", (2, 4, 10), (6, 20))
    door = m.choose("door time", (3, 8, 20), (12, 50))
    bits, size = (floors - 1).bit_length(), (max(travel, door) - 1).bit_length()
    call = m.port("input", "call", floors, "one bit for each floor")
    floor = m.port("output", "floor", bits)
    up, down = m.port("output", "up"), m.port("output", "down")
    door_open = m.port("output", "door open")
    idle, rising, falling, opened = m.states("idle", "rising", "falling", "door")
    state, timer, calls = m.state(), m.reg("timer", size), m.reg("calls", floors)
    reset: Reset = {floor: 0, timer: 0, calls: 0}
    m.assign(up, f"{state} == {rising}")
    m.assign(down, f"{state} == {falling}")
    m.assign(door_open, f"{state} == {opened}")
    here = m.wire("here", 1, f"{calls}[{floor}]")
    any_call = m.wire("any call", 1, f"|{calls}")
    above = m.wire("above", 1, f"|({calls}[{floors - 1}:1] >> {floor})")
    arrived = m.wire("arrived", 1, f"{timer} == {m.lit(travel - 1, size)}")
    shut = f"{timer} == {m.lit(door - 1, size)}"
    m.say(
        f"A lift for {floors} floors. It takes {travel} cycles a floor, and the door stays open for"
    )
    m.say(f"{door}. Calls are kept until the door opens at their floor; those above come first.")
    choice = [(here, opened), (above, rising), (any_call, falling)]
    restart = f"{state} == {idle} || (({state} == {rising} || {state} == {falling}) && {arrived})"
    if m.flip():
        block = m.port("input", "obstacle", about="keeps the door open")
        restart += f" || {block}"
        shut += f" && !{block}"
    moves = {
        idle: m.chain(*((when, f"{state} <= {to};") for when, to in choice)),
        rising: m.when(arrived, f"{state} <= {idle};"),
        falling: m.when(arrived, f"{state} <= {idle};"),
        opened: m.when(shut, f"{state} <= {idle};"),
    }
    one = m.lit(1, floors)
    actions = [
        m.either(
            calls,
            f"{state} == {opened}",
            f"({calls} | {call}) & ~({one} << {floor})",
            f"{calls} | {call}",
        ),
        m.either(timer, restart, m.lit(0, size), f"{timer} + 1'b1"),
        m.chain(
            (f"{state} == {rising} && {arrived}", f"{floor} <= {floor} + 1'b1;"),
            (f"{state} == {falling} && {arrived}", f"{floor} <= {floor} - 1'b1;"),
        ),
    ]
    machine(m, state, moves, reset, "\n".join(actions))
