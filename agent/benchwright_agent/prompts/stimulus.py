"""The question for stimulus: which bins are open, what guards them, what the inputs are.

What stays the same from question to question comes first (the task, the design, its interface),
so that a model which keeps the state of a prompt's beginning reads only the end again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchwright_agent.models.model import Message
from benchwright_agent.prompts.answer_schema import MAX_ACTIONS, MAX_SEGMENTS, names_of
from benchwright_agent.proposals import RESET
from benchwright_sim.interface import Interface

_SYSTEM = f"""\
You are a verification engineer. You write stimulus that makes a hardware design reach places in \
its code that were never executed. Answer with JSON only:
{{"segments": [{{"purpose": "a few words", "actions": [...]}}]}}
At most {MAX_SEGMENTS} segments of at most {MAX_ACTIONS} actions. The actions:
{{"drive": {{"INPUT": VALUE, ...}}}} sets inputs; they keep their values until they are set again
{{"cycles": N}} runs N clock cycles
{{"wait_for": {{"signal": "OUTPUT", "value": VALUE, "timeout": N}}}} runs cycles until an output \
has a value
{{"repeat": {{"n": N, "body": [drive, cycles and wait_for actions]}}}}
{{"random": {{"n": N, "drivers": [{{"input": "INPUT", "mode": "uniform"}}]}}}} gives inputs new \
random values in each of N cycles
Values are decimal numbers; above 32 bits, hexadecimal text such as "0x1f". Each segment runs on \
its own right after reset. The clock is driven for you. Random stimulus has been tried for long: \
think of the sequence of values that leads to the place, step by step.
"""


@dataclass(frozen=True, slots=True)
class OpenBin:
    """A bin to ask for.

    Attributes:
        place: `fifo.sv:68 branch if`.
        source: the line that it stands on, without indentation.
        guards: what must hold for it to be executed, and how near it came; may be empty.
        tries: answers that were asked for it and did not reach it.
    """

    place: str
    source: str
    guards: str = ""
    tries: int = 0

    def __str__(self) -> str:
        lines = [f"- {self.place}: `{self.source}`"]
        if self.guards:
            lines.append(f"  needs {self.guards}")
        if self.tries:
            lines.append(f"  not reached by {self.tries} earlier answers: try something else")
        return "\n".join(lines)


def fixed_part(interface: Interface, sources: str) -> tuple[Message, ...]:
    """What every question about a design begins with; the user's message is not complete."""
    ports = [f"Inputs: {names_of(interface.inputs)}"]
    ports += [f"Outputs: {names_of(interface.outputs)}"] if interface.outputs else []
    ports += [
        f"Reset {reset.signal} is active at {reset.active} and released already; drive it only to "
        f"{RESET} again."
        for reset in interface.resets
    ]
    user = f"The design, top module `{interface.module}`:\n\n{sources.rstrip()}\n\n"
    return Message("system", _SYSTEM), Message("user", user + "\n".join(ports) + "\n\n")


def question(fixed: Sequence[Message], bins: Sequence[OpenBin]) -> tuple[Message, ...]:
    """The whole prompt, for these bins, the most wanted first."""
    *before, user = fixed
    wanted = "\n".join(str(bin_) for bin_ in bins)
    asked = f"Never executed so far:\n{wanted}\n\nWrite stimulus that reaches as many as you can."
    return (*before, Message("user", user.content + asked))
