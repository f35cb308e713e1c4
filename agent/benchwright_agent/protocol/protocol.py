"""The paper's protocol: a model writes the whole testbench again from each state (section 3.1).

s_0 = (R, nothing, nothing); x_{t+1} ~ M(. | s_t), o_{t+1} = Sim(R, x_{t+1}), for N rounds. The
model sees the last attempt and nothing before it; the best one is kept aside. Direct inference is
one round. A reply that holds no testbench, or one that is refused, takes a round like any other:
its reason is what the model is told next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from benchwright_agent.events import ModelText, Note, OnEvent, Phase, RoundDone, ignore
from benchwright_agent.explain.explain import explain_bins, guard_texts
from benchwright_agent.models.model import (
    Cancelled,
    Model,
    ModelError,
    Reply,
    Request,
    Sampling,
    never,
    round_seed,
)
from benchwright_agent.prompts.testbench import testbench_prompt
from benchwright_agent.prompts.testbench_grammar import testbench_grammar
from benchwright_agent.protocol.counting import CountingModel
from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.recorder import Recorder, step_of
from benchwright_agent.protocol.run import ProtocolOptions, ProtocolRun, Round, Stopped
from benchwright_agent.protocol.task import Attempt, Draft, State, Task
from benchwright_agent.protocol.trajectory import End
from benchwright_agent.replies.parse import Rejection, read_testbench
from benchwright_sim.bins import Bin

__all__ = [
    "Judge",
    "ProtocolOptions",
    "ProtocolRun",
    "Round",
    "bounded_judge",
    "covers_all",
    "next_state",
    "round_seed",
    "run_protocol",
]

Judge = Callable[[Draft, Task], Attempt]


def run_protocol(
    task: Task,
    model: Model,
    options: ProtocolOptions,
    *,
    judged: Judge | None = None,
    enough: Callable[[Attempt], bool] | None = None,
    on_event: OnEvent = ignore,
    cancelled: Cancelled = never,
    recorder: Recorder | None = None,
) -> ProtocolRun:
    """Runs the rounds; a model that fails ends them and is no exception.

    Args:
        task: what is asked for.
        model: that is asked.
        options: see there.
        judged: simulates a draft, in place of `judging.judge` (a cache, a replay); may end with a
            KeyboardInterrupt once the run is cancelled.
        enough: whether an attempt is as good as wanted; else when it covers everything.
        on_event: told of phases, of the model's words as they come, and of finished rounds.
        cancelled: asked before each round and all through an answer; a round that is cut short by
            it is dropped.
        recorder: told of everything.

    Raises:
        ToolchainError: Verilator or a compiler is missing, broken or was killed.
        OutputError: the disk fills up.
    """
    counting = CountingModel(model)
    asking = _Asking(counting, options, judged or bounded_judge(options), on_event, cancelled)
    run = ProtocolRun((), "rounds")
    state = State(task)
    if recorder:
        recorder.begin(task, model, asdict(options))
    while (stopped := _ended(run, options, enough or covers_all, cancelled)) is None:
        try:
            done = asking.round(state, run)
        except ModelError as error:
            run, stopped = replace(run, error=error), "model"
            break
        if done is None:
            stopped = "cancelled"
            break
        run = replace(run, rounds=(*run.rounds, done))
        state = next_state(state, done.attempt)
        if recorder:
            recorder.step(step_of(done))
        on_event(_told(done, options))
    run = replace(run, stopped=stopped)
    if recorder:
        failure = run.error.message if run.error else ""
        recorder.end(End(run.stopped, failure, run.best_round))
    return run


def covers_all(attempt: Attempt) -> bool:
    """Nothing is left to cover; the end of a run that has no target."""
    coverage = attempt.coverage
    return bool(coverage) and all(coverage.values())


def next_state(state: State, attempt: Attempt) -> State:
    """s_{t+1}: the attempt; a reply without a testbench leaves the draft that there was."""
    if attempt.draft is None and state.attempt is not None:
        attempt = replace(attempt, draft=state.attempt.draft)
    return State(state.task, attempt)


def _ended(
    run: ProtocolRun,
    options: ProtocolOptions,
    enough: Callable[[Attempt], bool],
    cancelled: Cancelled,
) -> Stopped | None:
    """Why there is no further round, None when there is one."""
    if run.rounds and enough(run.rounds[-1].attempt):
        return "covered"
    if len(run.rounds) >= options.rounds:
        return "rounds"
    if options.budget_tokens is not None and run.new_tokens >= options.budget_tokens:
        return "tokens"
    if options.budget_s is not None and run.seconds >= options.budget_s:
        return "seconds"
    return "cancelled" if cancelled() else None


@dataclass(frozen=True, slots=True)
class _Asking:
    """What every round of a run needs."""

    model: CountingModel
    options: ProtocolOptions
    judged: Judge
    on_event: OnEvent
    cancelled: Cancelled

    def round(self, state: State, run: ProtocolRun) -> Round | None:
        """One transition from `state`, None when it is cancelled."""
        number = len(run.rounds) + 1
        sampling = self._sampling(number, run)
        prompt = testbench_prompt(
            state,
            self.model,
            budget_tokens=self._prompt_tokens(sampling),
            rules=self.options.rules,
            explain=partial(_guards, state.task) if self.options.explanations else None,
        )
        told = run.rounds[-1].prompt.notes if run.rounds else ()
        for note in prompt.notes:
            if note not in told:
                self.on_event(Note(note))
        request = Request(
            prompt.messages,
            sampling,
            grammar=self._grammar(state.task),
            reuse_prefix=self.options.reuse_prefix,
        )
        self._phase(number, "the model writes")
        reply = self.model.answer(
            request,
            on_text=lambda text: self.on_event(ModelText(number, text)),
            cancelled=self.cancelled,
        )
        if reply.finish == "cancelled":
            return None
        reply = replace(reply, text=_encodable(reply.text))
        self._phase(number, "simulate")
        try:
            attempt = self._attempt(reply, state.task)
        except KeyboardInterrupt:
            if not self.cancelled():
                raise
            return None
        return Round(number, state, prompt, request, reply, attempt, self.model.taken())

    def _sampling(self, number: int, run: ProtocolRun) -> Sampling:
        """Of one answer: its own seed, and no more than the budgets leave."""
        options, sampling = self.options, self.options.sampling
        tokens = [sampling.max_tokens, max(1, self.model.context_tokens // 2)]
        seconds = [] if sampling.timeout_s is None else [sampling.timeout_s]
        if options.budget_tokens is not None:
            tokens.append(options.budget_tokens - run.new_tokens)
        if options.budget_s is not None:
            seconds.append(options.budget_s - run.seconds)
        return replace(
            sampling,
            seed=round_seed(sampling.seed, options.sample, number),
            max_tokens=min(tokens),
            timeout_s=min(seconds, default=None),
        )

    def _prompt_tokens(self, sampling: Sampling) -> int:
        room = self.model.context_tokens - sampling.max_tokens
        return room if self.options.prompt_tokens is None else min(room, self.options.prompt_tokens)

    def _attempt(self, reply: Reply, task: Task) -> Attempt:
        draft = read_testbench(reply.text, task)
        if isinstance(draft, Draft):
            return self.judged(draft, task)
        return Attempt(None, "no_testbench", reason=_reason(draft, reply))

    def _grammar(self, task: Task) -> str:
        if not self.options.constrained:
            return ""
        return testbench_grammar(task.elaboration.interface, task.instance)

    def _phase(self, number: int, doing: str) -> None:
        self.on_event(Phase(f"round {number} of {self.options.rounds}: {doing}"))


def _guards(task: Task, bins: Sequence[Bin]) -> Mapping[Bin, str]:
    """The conditions under which bins are reached, in a few words each."""
    return guard_texts(explain_bins(task.elaboration, bins))


def _reason(rejection: Rejection, reply: Reply) -> str:
    """Why a reply is no testbench; that it was cut short only the reply knows."""
    if reply.finish == "stop":
        return rejection.reason
    return f"{rejection.reason} (the answer was cut off after {reply.new_tokens} tokens)"


def _encodable(text: str) -> str:
    """Text that can be written to a file: lone surrogates become question marks."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def bounded_judge(options: ProtocolOptions) -> Judge:
    """`judging.judge` with the bounds of these options."""
    return partial(judge, flatten=options.flatten, timeout_s=options.timeout_s)


def _told(done: Round, options: ProtocolOptions) -> RoundDone:
    attempt = done.attempt
    return RoundDone(
        number=done.number,
        rounds=options.rounds,
        outcome=attempt.outcome,
        tallies=attempt.coverage.by_metric(),
        new_tokens=done.reply.new_tokens,
        seconds=done.seconds,
    )
