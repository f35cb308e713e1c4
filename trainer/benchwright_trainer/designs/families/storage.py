"""Families that keep words: FIFO, stack, register file, memory with byte enables, cache tags."""

from __future__ import annotations

from benchwright_trainer.designs.maker import Maker
from benchwright_trainer.designs.registry import family


@family("fifo", "fifo", "sync fifo", "queue", "data buffer")
def fifo(m: Maker) -> None:
    """A FIFO: output ahead or in a register, almost flags, clear, errors that stay."""
    width = m.parameter("width", m.choose("width", (4, 8, 16), (6, 12, 24)))
    depth = m.choose("depth", (4, 6, 8, 16), (5, 12, 32))
    push, pop = m.port("input", "write enable"), m.port("input", "read enable")
    data, out = m.port("input", "write data", width), m.port("output", "read data", width)
    full, empty = m.port("output", "full"), m.port("output", "empty")
    size = depth.bit_length()
    level = m.port("output", "level", size) if m.flip() else m.reg("level", size)
    bits = (depth - 1).bit_length()
    memory = m.reg("memory", width, depth)
    head, tail = m.reg("write pointer", bits), m.reg("read pointer", bits)
    m.say(f"A FIFO of {depth} words of {int(width)} bits.")
    m.say(
        f"`{push}` stores `{data}` unless `{full}` is high; `{pop}` removes the oldest word unless"
    )
    m.say(f"`{empty}` is high.")
    m.assign(full, f"{level} == {m.const('depth', depth, size)}")
    m.assign(empty, f"{level} == {m.lit(0, size)}")
    put = m.wire("do write", 1, f"{push} & ~{full}")
    take = m.wire("do read", 1, f"{pop} & ~{empty}")
    reset: dict[str, str | int] = {head: 0, tail: 0, level: 0}
    cleared = dict(reset)
    taken = _advance(m, tail, depth)
    if m.flip():
        m.assign(out, f"{memory}[{tail}]")
        m.say(f"`{out}` shows the oldest word without waiting for `{pop}`.")
    else:
        reset[out] = 0
        taken = f"{out} <= {memory}[{tail}];\n{taken}"
        m.say(f"`{out}` is registered: it holds the word that was read last.")
    errors = _sticky(m, (("overflow", push, full), ("underflow", pop, empty)), reset)
    _almost(m, level, depth, size)
    body = "\n".join(
        (
            m.when(put, f"{memory}[{head}] <= {data};\n{_advance(m, head, depth)}"),
            m.when(take, taken),
            m.chain(
                (f"{put} & ~{take}", f"{level} <= {level} + 1'b1;"),
                (f"{take} & ~{put}", f"{level} <= {level} - 1'b1;"),
            ),
        )
    )
    if m.flip(0.4):
        clear = m.port("input", "clear", about="empties the FIFO")
        emptied = "\n".join(
            f"{name} <= {m.lit(0, size if name == level else bits)};" for name in cleared
        )
        body = m.when(clear, emptied, body)
    m.clocked(reset, "\n".join((body, *errors)))


def _almost(m: Maker, level: str, depth: int, size: int) -> None:
    """Flags for nearly full and nearly empty, in some designs."""
    if m.flip():
        margin = m.rng.randrange(1, depth // 2)
        name = m.port("output", "almost full", about=f"room for at most {margin} words")
        m.assign(name, f"{level} >= {m.const('high mark', depth - margin, size)}")
    if m.flip(0.3):
        margin = m.rng.randrange(1, depth // 2)
        name = m.port("output", "almost empty", about=f"at most {margin} words are left")
        m.assign(name, f"{level} <= {m.const('low mark', margin, size)}")


def _sticky(
    m: Maker, kinds: tuple[tuple[str, str, str], ...], reset: dict[str, str | int]
) -> list[str]:
    """Statements that keep errors until reset: role, what was asked, when it is refused."""
    statements = []
    for role, asked, refused in kinds:
        if m.flip(0.4):
            flag = m.port("output", role, about=f"set by `{asked}` while `{refused}`, until reset")
            reset[flag] = 0
            statements.append(m.when(f"{asked} & {refused}", f"{flag} <= 1'b1;"))
    return statements


def _advance(m: Maker, pointer: str, depth: int) -> str:
    """Statements that move a pointer into a memory of `depth` words on by one."""
    bits = (depth - 1).bit_length()
    following = f"{pointer} + 1'b1"
    if depth == 1 << bits:
        return f"{pointer} <= {following};"
    return m.either(pointer, f"{pointer} == {m.lit(depth - 1, bits)}", m.lit(0, bits), following)


@family("stack", "stack", "lifo", "lifo buffer", "stack memory")
def stack(m: Maker) -> None:
    """A stack: what both at once do, whether the top is seen, whether errors are told."""
    width = m.parameter("width", m.choose("width", (4, 8, 16), (5, 12, 24)))
    depth = m.choose("depth", (4, 8, 16), (6, 12, 32))
    push, pop = m.port("input", "push"), m.port("input", "pop")
    data, out = m.port("input", "data in", width), m.port("output", "data out", width)
    empty, full = m.port("output", "empty"), m.port("output", "full")
    bits, size = (depth - 1).bit_length(), depth.bit_length()
    memory, pointer = m.reg("memory", width, depth), m.reg("stack pointer", size)
    m.say(f"A stack of {depth} words of {int(width)} bits.")
    m.assign(empty, f"{pointer} == {m.lit(0, size)}")
    m.assign(full, f"{pointer} == {m.const('depth', depth, size)}")
    below = m.wire("top index", bits, f"{pointer}[{bits - 1}:0] - 1'b1")
    reset: dict[str, str | int] = {pointer: 0}
    pops = f"{pointer} <= {pointer} - 1'b1;"
    if m.flip():
        m.assign(out, f"{empty} ? {m.lit(0, width)} : {memory}[{below}]")
        m.say(f"`{out}` is the word on top, 0 while `{empty}`.")
    else:
        reset[out] = 0
        pops = f"{out} <= {memory}[{below}];\n{pops}"
        m.say(f"`{out}` takes the word that `{pop}` removes.")
    pushes = f"{memory}[{pointer}[{bits - 1}:0]] <= {data};\n{pointer} <= {pointer} + 1'b1;"
    branches = [(f"{push} & ~{full}", pushes), (f"{pop} & ~{empty}", pops)]
    both = m.rng.choice(("swap", "push", "pop"))
    if both == "swap":
        swap = f"{memory}[{below}] <= {data};"
        branches.insert(0, (f"{push} & {pop} & ~{empty}", swap))
        m.say(f"`{push}` with `{pop}` replaces the word on top.")
    elif both == "pop":
        branches.reverse()
        m.say(f"`{pop}` goes before `{push}`.")
    else:
        m.say(f"`{push}` goes before `{pop}`.")
    errors = _sticky(m, (("overflow", push, full), ("underflow", pop, empty)), reset)
    if m.flip(0.4):
        peak = m.port("output", "high mark", size, "the most words that there ever were")
        reset[peak] = 0
        errors.append(m.when(f"{pointer} > {peak}", f"{peak} <= {pointer};"))
    m.clocked(reset, "\n".join((m.chain(*branches), *errors)))


@family("register_file", "register file", "regfile", "reg bank", "register bank")
def register_file(m: Maker) -> None:
    """Registers with two read ports: zero register, bypass, registered reads, a lock."""
    width = m.parameter("width", m.choose("width", (4, 8, 16), (6, 12, 24)))
    n = m.choose("registers", (4, 8), (16,))
    bits = (n - 1).bit_length()
    write = m.port("input", "write enable")
    to, data = m.port("input", "write address", bits), m.port("input", "write data", width)
    memory = m.reg("registers", width, n)
    m.say(f"{n} registers of {int(width)} bits, one write port, two read ports.")
    zero, bypass, late = m.flip(0.4), m.flip(0.4), m.flip(0.4)
    guard = [write]
    if zero:
        m.say("Register 0 is read as 0, whatever was written to it.")
    if lock := m.flip(0.4):
        locked = m.port("output", "lock")
        guard.append(f"!{locked}")
    condition = " && ".join(guard)
    body = [m.when(condition, f"{memory}[{to}] <= {data};")]
    reset: dict[str, str | int] = {}
    if lock:
        reset[locked] = 0
        body.append(_locking(m, locked, f"{write} && {to} == {m.lit(n - 1, bits)}", data, width))
    if late:
        m.say("What is read comes one clock edge later.")
    for side in "ab":
        at = m.port("input", f"read address {side}", bits)
        out = m.port("output", f"read data {side}", width)
        found = f"{memory}[{at}]"
        if bypass:
            found = f"({condition} && {to} == {at}) ? {data} : {found}"
        if zero:
            found = f"({at} == {m.lit(0, bits)}) ? {m.lit(0, width)} : {found}"
        if late:
            reset[out] = 0
            body.append(f"{out} <= {found};")
        else:
            m.assign(out, found)
    if bypass:
        m.say("A register that is being written is read with its new value.")
    m.clocked(reset, "\n".join(body))


def _locking(m: Maker, locked: str, last: str, data: str, width: int) -> str:
    """Statements that lock and unlock all registers by words written to the last one."""
    shut = m.value(width)
    opened = shut ^ 1 << m.rng.randrange(width)
    m.say(f"Writing {shut} to the last register locks all registers (sets `{locked}`), until")
    m.say(f"{opened} is written there.")
    return m.when(
        last,
        m.chain(
            (f"{data} == {m.const('lock key', shut, width)}", f"{locked} <= 1'b1;"),
            (f"{data} == {m.const('unlock key', opened, width)}", f"{locked} <= 1'b0;"),
        ),
    )


@family("byte_memory", "byte memory", "ram", "sram", "scratch memory")
def byte_memory(m: Maker) -> None:
    """A memory with byte enables: read order, words never written, a protected range."""
    lanes = m.choose("lanes", (2, 3, 4), (5,))
    words = m.choose("words", (4, 8), (16,))
    width, bits = 8 * lanes, (words - 1).bit_length()
    select, write = m.port("input", "select"), m.port("input", "write enable")
    lane = m.port("input", "byte enable", lanes)
    at, data = m.port("input", "address", bits), m.port("input", "write data", width)
    out = m.port("output", "read data", width)
    memory = m.reg("memory", width, words)
    reset: dict[str, str | int] = {out: 0}
    m.say(f"A memory of {words} words of {lanes} bytes; a bit of `{lane}` writes one byte.")
    stores = [
        m.when(
            f"{lane}[{i}]", f"{memory}[{at}][{8 * i + 7}:{8 * i}] <= {data}[{8 * i + 7}:{8 * i}];"
        )
        for i in range(lanes)
    ]
    fetch = f"{out} <= {memory}[{at}];"
    if m.flip(0.4):
        stores.append(fetch)
        m.say(f"While `{write}` is high `{out}` takes what the word was before.")
    fetches = [fetch]
    if m.flip():
        written = m.reg("written", words)
        unset = m.port("output", "error", about="a word was read that was never written")
        reset |= {written: 0, unset: 0}
        stores.append(f"{written}[{at}] <= 1'b1;")
        fetches.append(f"{unset} <= ~{written}[{at}];")
    allowed = write
    if m.flip():
        limit = m.rng.randrange(1, words)
        key = m.port("input", "unlock")
        refused = m.port("output", "write error", about="a protected word was to be written")
        reset[refused] = 0
        open_ = f"({at} < {m.const('limit', limit, bits)} || {key})"
        m.say(f"Words from {limit} on are written only with `{key}`.")
        body = m.chain(
            (f"{write} && {open_}", "\n".join(stores)),
            (write, f"{refused} <= 1'b1;"),
            otherwise="\n".join(fetches),
        )
    else:
        body = m.when(allowed, "\n".join(stores), "\n".join(fetches))
    m.clocked(reset, m.when(select, body))


@family("cache_tags", "cache tags", "tag store", "tag check", "cache directory")
def cache_tags(m: Maker) -> None:
    """The tags of a cache, one or two ways: hits, fills, what is pushed out, invalidation."""
    tag_bits = m.choose("tag bits", (4, 6, 8), (5, 10))
    sets = m.choose("sets", (2, 4), (8,))
    ways = m.choose("ways", (1, 2))
    bits = (sets - 1).bit_length()
    look, fill = m.port("input", "lookup"), m.port("input", "fill")
    drop = m.port("input", "invalidate")
    at = m.port("input", "address", tag_bits + bits)
    hit, miss = m.port("output", "hit"), m.port("output", "miss")
    evict = m.port("output", "evict", about="a fill replaces a valid tag")
    index = m.wire("set index", bits, f"{at}[{bits - 1}:0]")
    tag = m.wire("tag", tag_bits, f"{at}[{tag_bits + bits - 1}:{bits}]")
    m.say(
        f"Tags of {tag_bits} bits in {sets} sets with {ways} way{'s' * (ways > 1)}; the low bits of"
    )
    m.say(
        f"{at} are the set. {look} tells {hit} or {miss} after a clock edge; {fill} stores the tag;"
    )
    reset: dict[str, str | int] = {hit: 0, miss: 0, evict: 0}
    tags = [m.reg(f"tags {way}", tag_bits, sets) for way in range(ways)]
    valid = [m.reg(f"valid {way}", sets) for way in range(ways)]
    found = [
        m.wire(f"match {way}", 1, f"{valid[way]}[{index}] && {tags[way]}[{index}] == {tag}")
        for way in range(ways)
    ]
    reset |= dict.fromkeys(valid, 0)
    any_hit = " | ".join(found)
    fills = [
        f"{tags[way]}[{index}] <= {tag};\n{valid[way]}[{index}] <= 1'b1;" for way in range(ways)
    ]
    looks = f"{hit} <= {any_hit};\n{miss} <= ~({any_hit});"
    if ways == 1:
        filled = f"{evict} <= {valid[0]}[{index}] & ~{found[0]};\n{fills[0]}"
    else:
        oldest = m.reg("oldest", sets)
        reset[oldest] = 0
        uses = (f"{oldest}[{index}] <= 1'b1;", f"{oldest}[{index}] <= 1'b0;")
        looks += "\n" + m.chain((found[0], uses[0]), (found[1], uses[1]))
        second = f"{evict} <= {valid[1]}[{index}];\n{fills[1]}\n{uses[1]}"
        first = f"{evict} <= {valid[0]}[{index}];\n{fills[0]}\n{uses[0]}"
        filled = m.when(f"~({any_hit})", m.when(f"{oldest}[{index}]", second, first))
        m.say("unless it is there, in the way that was used longest ago;")
    whole = m.flip()
    dropped = [
        f"{name} <= {m.lit(0, sets)};" if whole else f"{name}[{index}] <= 1'b0;" for name in valid
    ]
    m.say(f"`{drop}` forgets {'all tags' if whole else 'the tags of the set'}.")
    if m.flip():
        total = m.port("output", "hit count", 4)
        reset[total] = 0
        looks += "\n" + m.when(f"({any_hit}) && {total} != 4'd15", f"{total} <= {total} + 1'b1;")
        m.say(f"`{total}` counts hits up to 15.")
    m.clocked(
        reset,
        "\n".join(
            (
                *(f"{name} <= 1'b0;" for name in (hit, miss, evict)),
                m.chain((drop, "\n".join(dropped)), (fill, filled), (look, looks)),
            )
        ),
    )
