"""Every policy in its turn, the cheapest first: search, then the model for what search leaves.

What the model reaches is new ground, on which the search goes on, as long as its budget lasts. A
model that fails costs its own turn, never the run.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from benchwright_agent.bench import Bench
from benchwright_agent.events import OnEvent, Phase, Progress, Snapshot, Throttled
from benchwright_agent.models.model import ModelError
from benchwright_agent.options import GenerateOptions, ModelOptions
from benchwright_agent.policies.closing import Closing
from benchwright_agent.policies.closing_record import recorded
from benchwright_agent.policies.holes import Holes
from benchwright_agent.policies.search import Search
from benchwright_agent.prompts.stimulus import fixed_part
from benchwright_agent.protocol.counting import CountingModel
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.result import ModelUse
from benchwright_agent.tape import Tape
from benchwright_sim.coverage import overall_average

_SNAPSHOT_S = 0.7
"""Between two snapshots, at least."""


@dataclass(slots=True)
class Turns:
    """The policies of one run.

    Attributes:
        bench: the design at hand.
        tape: what the policies grow.
        options: of the run.
        on_event: told of phases and progress.
        use: of the model, None where there is none.
        warnings: for the user.
    """

    bench: Bench
    tape: Tape
    options: GenerateOptions
    on_event: OnEvent
    use: ModelUse | None = None
    warnings: tuple[str, ...] = ()

    def run(self) -> None:
        """Lets every policy work until nothing is left, nothing helps, or the budgets are spent."""
        options = self.options.model
        if options is not None:
            self.use = ModelUse(note="not asked: the search did not come to its end")
        tell, show = Throttled(self._tell), Throttled(self._show, _SNAPSHOT_S)

        def on_round() -> None:
            tell()
            show()

        search = Search(
            self.bench.elaboration,
            self.tape,
            seed=self.options.seed,
            done=self._is_enough,
            on_round=on_round,
        )
        search.run()
        if options is not None:
            self.use = ModelUse()
            self._ask(search, options, self.use)
        search.finish()
        self._show()

    def _ask(self, search: Search, options: ModelOptions, use: ModelUse) -> None:
        """The model's turn, if it is needed; a warning where the model was needed in vain."""
        if needless := self._needless():
            use.note = f"not asked: {needless}"
        elif self.tape.ended:
            use.note = "not asked: the design has ended the simulation"
            self.warnings = (f"the model was {use.note}",)
        else:
            try:
                self._close(search, options, use)
            except ModelError as error:
                ended = "stopped helping" if use.helpful else "did not help"
                use.note = f"{ended}: {error.message}"
                self.warnings = (f"the model {ended}: {error}",)

    def _close(self, search: Search, options: ModelOptions, use: ModelUse) -> None:
        """The model's turn, and the search's again after each answer that helped."""
        self.on_event(Phase("load the model"))
        task, goals = design_task(self.bench.elaboration), self.bench.goals
        holes = Holes(task, goals)
        holes.look(self.tape, self.options, self.bench.fsm)
        seed = self.options.seed
        with ExitStack() as stack:
            model = CountingModel(stack.enter_context(closing(options.open())))
            use.name = model.name
            room = model.context_tokens - options.answer_tokens
            options = replace(options, prompt_tokens=min(options.prompt_tokens, room))
            on_answer = stack.enter_context(
                recorded(options, model, task, goals, seed=seed, cancelled=self._cancelled)
            )
            fixed = fixed_part(
                task, model, options.prompt_tokens * 3 // 4, most_tokens=room * 3 // 4
            )
            asked = max(options.prompt_tokens, model.count(fixed) * 4 // 3)
            policy = Closing(
                self.bench.elaboration,
                self.tape,
                model,
                use=use,
                fixed=fixed,
                holes=holes,
                options=replace(options, prompt_tokens=asked),
                seed=seed,
                done=self._is_enough,
                cancelled=self._cancelled,
                on_event=self.on_event,
                on_answer=on_answer,
            )
            while policy.run():
                self._tell()
                self._show()
                self.on_event(Phase("search"))
                search.resume()
        if use.answers:
            return
        if self._cancelled():
            use.note = "interrupted before it had answered"
        else:
            use.note = "its time was over before it began to answer"
            self.warnings = (
                f"{use.name} had read its question for {use.seconds:.0f} s when its "
                "time was over: give it more (--model-budget), or a smaller model",
            )

    def _cancelled(self) -> bool:
        return self.tape.budget.interrupted

    def _needless(self) -> str:
        """Why nothing is to be asked; empty where something is."""
        if not self.tape.goals.left:
            return "the search covered all that is wanted"
        if self._cancelled():
            return "the run was interrupted"
        return "the target is reached" if self._is_enough() else ""

    def _is_enough(self) -> bool:
        average = overall_average(self.bench.goals.tallies())
        target = self.options.target_pct
        return target is not None and average is not None and average * 100 >= target

    def _show(self) -> None:
        goals = self.bench.goals
        self.on_event(Snapshot(goals.bins, frozenset(goals.covered)))

    def _tell(self) -> None:
        budget, goals = self.tape.budget, self.bench.goals
        policy = "model" if self.use and self.use.answers else "search"
        self.on_event(
            Progress(policy, budget.spent, budget.elapsed_s, goals.tallies(), len(goals.left))
        )
