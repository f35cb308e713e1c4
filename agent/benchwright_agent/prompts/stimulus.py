"""The question for stimulus: which bins are open, what guards them, what the inputs are.

What stays the same from question to question comes first (the task, the design, its interface),
so that a model which keeps the state of a prompt's beginning reads only the end again.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchwright_agent.models.model import ContextError, Message, Model
from benchwright_agent.prompts.answer_schema import MAX_ACTIONS, MAX_SEGMENTS, names_of
from benchwright_agent.prompts.sources import Shown, Sources
from benchwright_agent.protocol.task import Task

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


def fixed_part(
    task: Task, model: Model, budget_tokens: int, *, most_tokens: int
) -> tuple[Message, ...]:
    """What every question about a design begins with; the user's message is not complete.

    Args:
        task: the design; as much of it is shown as fits.
        model: that will read it; only counts here.
        budget_tokens: that this part should have.
        most_tokens: that it may have where even the shortest form of the design needs more.

    Raises:
        ContextError: not even the interface of the design's top fits.
    """

    sources = Sources(task)
    shown = sources.fitting(lambda shown: model.count(fixed_messages(task, shown)) <= budget_tokens)
    if shown is None:
        shown = sources.shown(len(sources) - 1)
        if model.count(fixed_messages(task, shown)) > most_tokens:
            raise ContextError(
                f"not even the interface of {task.module} fits into {most_tokens} tokens",
                hint="use a model with a longer context",
            )
    return fixed_messages(task, shown)


def fixed_messages(task: Task, shown: Shown) -> tuple[Message, ...]:
    """The beginning of a question with the design in one form."""
    text = f"The design:\n\n{shown.text}{_interface(task)}\n\n"
    return Message("system", _SYSTEM), Message("user", text)


def question(fixed: Sequence[Message], places: str, tries: int) -> tuple[Message, ...]:
    """The whole prompt.

    Args:
        fixed: what it begins with.
        places: that the answer shall reach, as `open_bins.listing` puts them into words.
        tries: answers that were asked for all of them and did not reach them.
    """
    *before, user = fixed
    asked = f"Not covered yet:\n{places}\n\n"
    if tries:
        asked += f"{tries} earlier answers did not reach them: try something else. "
    asked += "Write stimulus that reaches as many as you can."
    return (*before, Message("user", user.content + asked))


def _interface(task: Task) -> str:
    """The signals that an answer may name."""
    interface = task.elaboration.interface
    said = [f"Top module: {task.module}.", f"Inputs: {names_of(interface.inputs)}."]
    if interface.outputs:
        said.append(f"Outputs: {names_of(interface.outputs)}.")
    said += [f"{r.signal} resets the design while it is {r.active}." for r in interface.resets]
    return "\n".join(said)
