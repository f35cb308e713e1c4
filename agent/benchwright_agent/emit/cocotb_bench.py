"""The class of an emitted cocotb test that drives inputs and runs cycles."""

from __future__ import annotations

from benchwright_agent.emit.uses import Uses


def bench_class(used: Uses, *, trace: bool, clocks: bool) -> list[str]:
    """The class that drives inputs and runs cycles, with only those methods that are used."""
    text = [_START, _SHOW if trace else ""]
    text.append((_PACED_CYCLE if used.paced else _CYCLE) if clocks else _COMBINATIONAL_CYCLE)
    if used.waits:
        text.append(_WAIT)
    if used.paced:
        text.append(_PACE)
    if used.randomness:
        text.append(_BITS)
    if used.chance:
        text.append(_CHANCE)
    if used.below:
        text.append(_BELOW)
    lines = "\n".join(part for part in text if part).rstrip().splitlines()
    if not trace:
        lines = [line for line in lines if "self.show()" not in line]
    if not clocks:
        lines = [line.replace("{**CLOCKS, **self.now}", "self.now") for line in lines]
    return lines


_START = '''\
class Bench:
    """Drives the inputs, a cycle at a time; what is driven takes effect with the next cycle."""

    def __init__(self, dut):
        self.dut = dut
        self.now = {name: first for name, (_, first) in INPUTS.items()}

    async def start(self):
        """Lets the design settle before anything is driven."""
        for name, level in {**CLOCKS, **self.now}.items():
            self.dut[name].value = level
        await Timer(10, "ns")
        self.show()

    def drive(self, **values):
        for name, value in values.items():
            self.now[name] = value % (1 << INPUTS[name][0])
            self.dut[name].value = self.now[name]
'''
_SHOW = """\
    def show(self):
        values = [self.dut[name].value for name in SIGNALS]
        print("|", *(f"{int(v):x}" if v.is_resolvable else str(v) for v in values))
"""
_CYCLE = '''\
    async def cycle(self, n=1):
        """The inputs have changed; the clocks go active, then idle."""
        for _ in range(n):
            await Timer(3, "ns")
            for clock, idle in CLOCKS.items():
                self.dut[clock].value = 1 - idle
            await Timer(5, "ns")
            for clock, idle in CLOCKS.items():
                self.dut[clock].value = idle
            await Timer(2, "ns")
            self.show()
'''
_PACED_CYCLE = '''\
    async def cycle(self, n=1):
        """The inputs have changed; the clocks that are due go active, then idle."""
        for _ in range(n):
            await Timer(3, "ns")
            for clock, idle in CLOCKS.items():
                period = self.periods.get(clock, 1)
                if period and self.tick % period == 0:
                    self.dut[clock].value = 1 - idle
            await Timer(5, "ns")
            for clock, idle in CLOCKS.items():
                self.dut[clock].value = idle
            await Timer(2, "ns")
            self.tick += 1
            self.show()
'''
_COMBINATIONAL_CYCLE = '''\
    async def cycle(self, n=1):
        """The inputs have changed, the design settles."""
        for _ in range(n):
            await Timer(10, "ns")
            self.show()
'''
_WAIT = '''\
    async def wait_for(self, name, value, timeout):
        """Runs cycles until an output has a value, at most `timeout` of them."""
        for _ in range(timeout):
            if self.read(name) == value:
                return
            await self.cycle()

    def read(self, name):
        """Value of an output, None while it is not known."""
        try:
            return int(self.dut[name].value)
        except ValueError:
            return None
'''
_PACE = '''\
    def pace(self, **periods):
        """Cycles from one active edge of a clock to the next, 0 to stop it; 1 if not named."""
        self.periods = periods
        self.tick = 0
'''
_BITS = '''\
    def word(self):
        """xorshift32 (Marsaglia 2003)."""
        self.rng ^= self.rng << 13 & 0xFFFFFFFF
        self.rng ^= self.rng >> 17
        self.rng ^= self.rng << 5 & 0xFFFFFFFF
        return self.rng

    def bits(self, width):
        return sum(self.word() << low for low in range(0, width, 32))
'''
_CHANCE = '''\
    def chance(self, odds):
        """True `odds` times in 256."""
        return self.word() >> 24 < odds
'''
_BELOW = """\
    def below(self, n):
        return self.word() % n
"""
