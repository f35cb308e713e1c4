"""The paper's prompt: a state (design, present testbench, feedback) within a budget of tokens.

What stays the same comes first (the task's form, the design), so that rounds and samples share the
longest possible beginning; the feedback comes last. A model is shown the present state and nothing
before it (section 3.1). Tokens are counted by the model that will read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchwright_agent.models.model import ContextError, Message
from benchwright_agent.prompts.answer_schema import names_of
from benchwright_agent.prompts.feedback import feedback_text
from benchwright_agent.prompts.sources import Shown, Sources
from benchwright_agent.prompts.system import system_prompt
from benchwright_agent.protocol.task import Attempt, State, Task
from benchwright_sim.bins import Bin

FEEDBACK_TOKENS = 1500
"""At most; and at most a quarter of the prompt."""

Explain = Callable[[Sequence[Bin]], Mapping[Bin, str]]


class Counter(Protocol):
    """Counts tokens of prompts: a model, or what stands for one that is not asked now."""

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and for the user what had to be left out of it."""

    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()


def testbench_prompt(
    state: State,
    model: Counter,
    *,
    budget_tokens: int,
    rules: bool = False,  # noqa: PT028 - no test, whatever its name begins with
    explain: Explain | None = None,  # noqa: PT028 - as above
) -> Prompt:
    """Asks for a testbench, or for a better one than the state's.

    Args:
        state: the design, and the last attempt if there is one.
        model: that will read it; counts, once where everything fits.
        budget_tokens: that the prompt may have.
        rules: add those of the language (see `rules`).
        explain: what uncovered bins need, see `feedback_text`.

    Raises:
        ContextError: not even the interface of the design's top fits.
        ModelError: the model cannot count.
    """
    system = Message("system", system_prompt(rules=rules))

    def count(text: str) -> int:
        return model.count((Message("user", text),))

    feedback = ""
    if state.attempt is not None:
        share = min(FEEDBACK_TOKENS, budget_tokens // 4)
        feedback = feedback_text(state.attempt, state.task, count, share, explain)

    def messages(shown: Shown, *, testbench: bool = True) -> tuple[Message, ...]:
        return system, Message("user", _question(state, shown, feedback, testbench=testbench))

    def fits(shown: Shown, *, testbench: bool = True) -> bool:
        return model.count(messages(shown, testbench=testbench)) <= budget_tokens

    sources = Sources(state.task)
    shown = sources.fitting(fits)
    if shown is not None:
        return Prompt(messages(shown), _notes(shown.left_out))
    shown = sources.shown(len(sources) - 1)
    if state.attempt is not None and fits(shown, testbench=False):
        notes = _notes((*shown.left_out, "the present testbench"))
        return Prompt(messages(shown, testbench=False), notes)
    raise _too_long(state.task, model.count(messages(shown, testbench=False)), budget_tokens)


def _notes(left_out: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"left out of the prompt: {what}" for what in left_out)


def _question(state: State, shown: Shown, feedback: str, *, testbench: bool) -> str:
    task = state.task
    parts = [f"The design:\n\n{shown.text}{_asked(task)}"]
    if state.attempt is None:
        parts.append(f"Write the testbench of {task.module}.")
        return "\n\n".join(parts)
    if state.attempt.draft is not None:
        parts.append(_present(state.attempt, testbench=testbench))
    parts.append(f"<feedback>\n{feedback}\n</feedback>")
    parts.append(_wish(state.attempt))
    return "\n\n".join(parts)


def _asked(task: Task) -> str:
    """The top, its instance, what drives it, and the user's own words.

    The inputs stand in the source as well, between outputs, and with widths that are expressions.
    To a small model a plain list of them makes the difference of compiling or not.
    """
    interface = task.elaboration.interface
    said = [f"Top module: {task.module}. Name its instance `{task.instance}`."]
    if inputs := [signal for signal in interface.signals if signal.direction == "input"]:
        said.append(f"Inputs: {names_of(inputs)}.")
    if interface.parameters:
        values = ", ".join(f".{name}({value})" for name, value in interface.parameters)
        said.append(f"Set its parameters: #({values}).")
    if interface.clocks:
        clocks = ", ".join(f"{clock.signal} ({clock.edge})" for clock in interface.clocks)
        said.append(f"Clocks: {clocks}.")
    if interface.resets:
        resets = ", ".join(
            f"{reset.signal} (active {'high' if reset.active else 'low'})"
            for reset in interface.resets
        )
        said.append(f"Resets: {resets}.")
    text = " ".join(said)
    return f"{text}\n\n{task.instruction.strip()}" if task.instruction.strip() else text


def _present(attempt: Attempt, *, testbench: bool) -> str:
    draft = attempt.draft
    assert draft is not None  # noqa: S101 - the caller looked
    if not testbench:
        n_lines = draft.text.count("\n")
        return f"The present testbench has {n_lines} lines, too many to show: write a shorter one."
    return (
        f'The present testbench:\n\n<file name="{draft.filename}">\n'
        f"{draft.text.strip(chr(10))}\n</file>"
    )


def _wish(attempt: Attempt) -> str:
    if attempt.outcome == "no_testbench":
        return "Write the whole testbench, in the form that was asked for."
    if attempt.outcome != "ok":
        return "Write the whole testbench again, with this corrected."
    return (
        "Write the whole testbench again: keep the stimulus that works, and add what reaches the "
        "places that are not covered yet."
    )


def _too_long(task: Task, needed: int, budget_tokens: int) -> ContextError:
    return ContextError(
        f"the prompt has {needed} tokens where {budget_tokens} fit, even with nothing of the "
        f"design but the interface of {task.module}",
        hint="use a model with a longer context, or ask for shorter answers",
    )
