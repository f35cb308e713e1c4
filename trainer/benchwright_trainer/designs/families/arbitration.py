"""Families that share something out: arbiters, requests with a time limit, interrupts, credits."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("round_robin", "round robin arbiter", "rr arbiter", "fair arbiter", "arbiter")
def round_robin(m: Maker) -> None:
    """Takes turns: by a case of the last winner or by a mask; grants held, and for how long."""
    n = m.choose("clients", (2, 3, 4), (5, 6))
    request = m.port("input", "request", n, "one bit for each client")
    grant = m.port("output", "grant", n, "at most one bit is high")
    reset: dict[str, str | int] = {grant: 0}
    m.say(f"An arbiter for {n} clients; after client i has won, i + 1 comes first.")
    if n <= 4 and m.flip():
        decision = _turns(m, n, request, grant, reset)
    else:
        decision = _masked_turns(m, n, request, grant, reset)
    if m.flip():
        enable = m.port("input", "enable")
        decision = m.when(enable, decision, f"{grant} <= {m.lit(0, n)};")
        m.say(f"Without `{enable}` nobody is granted.")
    if m.flip(0.6):
        limit = m.choose("burst", (4, 8, 20, 50), (13, 200))
        bits = limit.bit_length()
        burst = m.reg("burst count", bits)
        reset[burst] = 0
        held = m.wire("hold", 1, f"|({grant} & {request})")
        m.say("A client keeps its grant while it requests, but for no more than")
        m.say(f"{limit + 1} cycles in a row.")
        decision = m.when(
            f"{held} && {burst} != {m.const('burst limit', limit, bits)}",
            f"{burst} <= {burst} + 1'b1;",
            f"{burst} <= {m.lit(0, bits)};\n{decision}",
        )
    m.clocked(reset, decision)


def _turns(m: Maker, n: int, request: str, grant: str, reset: dict[str, str | int]) -> str:
    """The next grant by the number of the last winner."""
    bits = (n - 1).bit_length()
    last = m.reg("last winner", bits)
    reset[last] = n - 1
    items = {}
    for turn in range(n):
        order = [(turn + 1 + i) % n for i in range(n)]
        items[m.lit(turn, bits)] = m.chain(
            *(
                (f"{request}[{i}]", f"{grant} <= {m.lit(1 << i, n)};\n{last} <= {m.lit(i, bits)};")
                for i in order
            ),
            otherwise=f"{grant} <= {m.lit(0, n)};",
        )
    return m.case(last, items, full=True)


def _masked_turns(m: Maker, n: int, request: str, grant: str, reset: dict[str, str | int]) -> str:
    """The next grant by a mask of the clients whose turn is still to come."""
    mask = m.reg("turn mask", n)
    reset[mask] = (1 << n) - 1
    due = m.wire("due", n, f"{request} & {mask}")
    first = m.wire("first due", n, f"{due} & (~{due} + 1'b1)")
    any_first = m.wire("first request", n, f"{request} & (~{request} + 1'b1)")
    return m.chain(
        (f"|{due}", f"{grant} <= {first};\n{mask} <= ~({first} | ({first} - 1'b1));"),
        (
            f"|{request}",
            f"{grant} <= {any_first};\n{mask} <= ~({any_first} | ({any_first} - 1'b1));",
        ),
        otherwise=f"{grant} <= {m.lit(0, n)};",
    )


@family("priority_arbiter", "priority arbiter", "fixed arbiter", "bus arbiter", "grant logic")
def priority_arbiter(m: Maker) -> None:
    """A fixed order of clients: a mask to be written, and the last one's patience."""
    n = m.choose("clients", (3, 4, 5), (6, 7))
    bits = (n - 1).bit_length()
    rising = m.choose("order", ("lowest", "highest")) == "lowest"
    request = m.port("input", "request", n, "one bit for each client")
    valid = m.port("output", "valid", about="somebody is granted")
    winner = m.port("output", "grant index", bits, "the number of the client that is granted")
    reset: dict[str, str | int] = {valid: 0, winner: 0}
    m.say(f"An arbiter for {n} clients. The {'lowest' if rising else 'highest'} number wins.")
    wanted, before = request, ""
    if m.flip():
        mask = m.reg("mask", n)
        reset[mask] = (1 << n) - 1
        write, data = m.port("input", "mask write"), m.port("input", "mask data", n)
        wanted = m.wire("allowed request", n, f"{request} & {mask}")
        before = m.when(write, f"{mask} <= {data};")
        m.say(f"`{write}` stores `{data}`, which says who may win; at reset everybody may.")
    order = list(range(n) if rising else range(n - 1, -1, -1))
    branches = [
        (f"{wanted}[{i}]", f"{valid} <= 1'b1;\n{winner} <= {m.lit(i, bits)};") for i in order
    ]
    after = ""
    if m.flip(0.6):
        last = order[-1]
        limit = m.choose("patience", (7, 15, 30, 63), (11, 100, 250))
        size = limit.bit_length()
        waited = m.reg("wait count", size)
        reset[waited] = 0
        mark = m.const("patience", limit, size)
        urgent = m.wire("urgent", 1, f"{waited} == {mark}")
        served = f"{valid} && {winner} == {m.lit(last, bits)}"
        branches.insert(0, (f"{urgent} && {wanted}[{last}]", branches[-1][1]))
        after = m.chain(
            (f"!{wanted}[{last}] || ({served})", f"{waited} <= {m.lit(0, size)};"),
            (f"!{urgent}", f"{waited} <= {waited} + 1'b1;"),
        )
        m.say(f"Client {last} wins over all others once it has waited for {limit} cycles.")
    body = m.chain(*branches, otherwise=f"{valid} <= 1'b0;")
    m.clocked(reset, "\n".join((before, body, after)))


@family("interrupt_controller", "interrupt controller", "irq controller", "pic", "event unit")
def interrupt_controller(m: Maker) -> None:
    """Pending and masked interrupts: lines by level or edge, lost ones, an order, a key."""
    n = m.choose("lines", (3, 4, 6), (5, 8))
    bits = (n - 1).bit_length()
    line = m.port("input", "interrupt", n, "one bit for each source")
    write, data = m.port("input", "mask write"), m.port("input", "mask data", n)
    taken = m.port("input", "acknowledge", about="the interrupt shown is taken")
    raised = m.port("output", "interrupt request")
    number = m.port("output", "interrupt number", bits, "of the pending source with the lowest bit")
    pending, mask = m.reg("pending", n), m.reg("mask", n)
    reset: dict[str, str | int] = {pending: 0, mask: 0}
    m.say(f"Collects {n} interrupts. `{write}` stores `{data}`: a high bit lets a source through.")
    body = [m.when(write, f"{mask} <= {data};")]
    event = line
    if m.flip():
        previous = m.reg("previous", n)
        reset[previous] = 0
        event = m.wire("event", n, f"{line} & ~{previous}")
        body.append(f"{previous} <= {line};")
        m.say("A source counts when it goes from low to high.")
    active = m.wire("active", n, f"{pending} & {mask}")
    m.comb(
        f"{number} = {m.lit(0, bits)};\n"
        + m.chain(*((f"{active}[{i}]", f"{number} = {m.lit(i, bits)};") for i in range(n)))
    )
    if m.flip(0.4):
        on = m.reg("enabled")
        reset[on] = 0
        key, strobe = m.value(8), m.port("input", "key write")
        word = m.port("input", "key", 8)
        m.assign(raised, f"|{active} & {on}")
        body.append(m.when(strobe, f"{on} <= {word} == {m.const('enable key', key, 8)};"))
        m.say(
            f"Interrupts are raised only after `{strobe}` with {key} in `{word}`; any other value"
        )
        m.say("switches them off.")
    else:
        m.assign(raised, f"|{active}")
    accepted = m.wire("accept", 1, f"{taken} & {raised}")
    one = m.lit(1, n)
    body.append(
        m.when(
            accepted,
            f"{pending} <= ({pending} & ~({one} << {number})) | {event};",
            f"{pending} <= {pending} | {event};",
        )
    )
    if m.flip(0.4):
        lost = m.port("output", "overflow", about="a source came again while it was pending")
        reset[lost] = 0
        body.append(m.when(f"|({pending} & {event})", f"{lost} <= 1'b1;"))
    if m.flip(0.4):
        spurious = m.port("output", "spurious count", 3)
        reset[spurious] = 0
        m.say(f"`{spurious}` counts acknowledgements without an interrupt, up to 7.")
        wrong = f"{taken} && !{raised} && {spurious} != {m.lit(7, 3)}"
        body.append(m.when(wrong, f"{spurious} <= {spurious} + 1'b1;"))
    m.clocked(reset, "\n".join(body))


@family(
    "credit_sender", "credit sender", "credit flow", "credit link", "flow control", held_out=True
)
def credit_sender(m: Maker) -> None:
    """Sends while it has credits: returns of one or many, too many of them, a time without any."""
    width = m.parameter("width", m.choose("width", (4, 8, 16), (6, 12)))
    most = m.choose("credits", (3, 4, 7, 8), (5, 12, 20))
    size = most.bit_length()
    offer, data = m.port("input", "valid in"), m.port("input", "data in", width)
    accept = m.port("output", "ready out")
    sent, out = m.port("output", "valid out"), m.port("output", "data out", width)
    back = m.port("input", "credit return", about="the receiver has room for one word more")
    error = m.port("output", "credit error", about="a credit came back that was never used")
    credits = m.reg("credits", size)
    top = m.const("most credits", most, size)
    reset: dict[str, str | int] = {sent: 0, out: 0, credits: most, error: 0}
    m.say(f"Passes words on while it has credits, of which there are {most} after reset.")
    m.say(f"A word sent costs one, `{back}` gives one back.")
    go = m.wire("send", 1, f"{offer} & {accept}")
    body = [
        f"{sent} <= {go};",
        m.when(go, f"{out} <= {data};"),
        m.chain(
            (f"{go} & ~{back}", f"{credits} <= {credits} - 1'b1;"),
            (
                f"{back} & ~{go}",
                m.when(
                    f"{credits} == {top}", f"{error} <= 1'b1;", f"{credits} <= {credits} + 1'b1;"
                ),
            ),
        ),
    ]
    some = f"{credits} != {m.lit(0, size)}"
    if m.flip(0.6):
        limit = m.choose("patience", (15, 40, 100, 300), (24, 700))
        bits = limit.bit_length()
        waited, starved = m.reg("wait count", bits), m.port("output", "starved")
        reset |= {waited: 0, starved: 0}
        m.say(f"`{starved}` stays high once a word waited for {limit} cycles without credit.")
        body.append(
            m.chain(
                (f"!{offer} || {some}", f"{waited} <= {m.lit(0, bits)};"),
                (f"{waited} == {m.const('patience', limit, bits)}", f"{starved} <= 1'b1;"),
                otherwise=f"{waited} <= {waited} + 1'b1;",
            )
        )
    if m.flip(0.4):
        pause = m.port("input", "hold", about="nothing is sent")
        some = f"{some} && !{pause}"
    m.assign(accept, some)
    m.clocked(reset, "\n".join(body))
