"""`benchwright eval`: how a model or a policy does on a suite of designs, in the paper's terms."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchwright_agent.cli import design_arguments, model_arguments
from benchwright_agent.cli.console import print_error, stderr
from benchwright_agent.evaluation.options import (
    AGENTIC_ROUNDS,
    DEFAULT_TARGET_PCT,
    DIRECT_ROUNDS,
    POLICIES,
    EvalOptions,
)
from benchwright_agent.output import write_outputs
from benchwright_sim.closable import Closable
from benchwright_sim.coverage import percent
from benchwright_sim.errors import ParameterError

if TYPE_CHECKING:
    from benchwright_agent.evaluation.outcome import Outcome
    from benchwright_agent.evaluation.runner import Evaluation
    from benchwright_agent.evaluation.suites import Suite

SEARCH_PANEL = "Search"
RUN_PANEL = "Run"

SuiteName = Annotated[
    str,
    typer.Argument(
        metavar="SUITE",
        help="Rows in the format of CVDP-ECov (.jsonl, .jsonl.gz, .parquet), a data set of the "
        "Hugging Face hub (hf:OWNER/NAME[:SPLIT]), or a folder of designs.",
        show_default=False,
    ),
]
PolicyName = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="|".join(POLICIES),
        help="The paper's protocol; the search without a model; all that generate does.",
    ),
]
Direct = Annotated[
    bool,
    typer.Option(
        "--direct", help="One round: --rounds 1.", rich_help_panel=model_arguments.MODEL_PANEL
    ),
]
Samples = Annotated[
    int, typer.Option("--samples", "-n", metavar="N", min=1, help="For each design.")
]
Ks = Annotated[
    list[int] | None,
    typer.Option(
        "-k",
        metavar="K",
        min=1,
        help="Report pass@K; repeatable.",
        show_default="1 and the number of samples",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of every random choice.")]
Target = Annotated[
    float,
    typer.Option(
        "--target",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Overall average that Cov Pass means where rows have no targets.",
    ),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        "--pattern",
        metavar="GLOB",
        help="In a folder: every file below it whose name fits is a design; else every file and "
        "every sub-folder in it.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="First N rows only.", show_default=False),
]
Budget = Annotated[
    float,
    typer.Option(
        "--budget",
        metavar="SECONDS",
        min=0,
        help="Time for the search of one sample.",
        rich_help_panel=SEARCH_PANEL,
    ),
]
BudgetCycles = Annotated[
    int | None,
    typer.Option(
        "--budget-cycles",
        metavar="N",
        min=1,
        help="Cycles for it instead, which repeats exactly.",
        rich_help_panel=SEARCH_PANEL,
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        help="Samples at once.",
        rich_help_panel=RUN_PANEL,
        show_default="one for each processor, 4 where a server answers",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Run on a Ray cluster instead of this machine.",
        rich_help_panel=RUN_PANEL,
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Where the evaluation is kept; the same folder again goes on where it ended.",
        rich_help_panel=RUN_PANEL,
        show_default="eval_SUITE_POLICY",
    ),
]


def evaluate(
    *,
    suite: SuiteName,
    policy: PolicyName = "llm",
    model: model_arguments.ModelName = None,
    server: model_arguments.Server = None,
    context: model_arguments.Context = None,
    rounds: model_arguments.Rounds = None,
    direct: Direct = False,
    temperature: model_arguments.Temperature = None,
    max_tokens: model_arguments.MaxTokens = None,
    model_budget: model_arguments.ModelBudget = None,
    rules: model_arguments.Rules = False,
    constrained: model_arguments.Constrained = None,
    samples: Samples = 5,
    ks: Ks = None,
    seed: Seed = 1,
    target: Target = DEFAULT_TARGET_PCT,
    pattern: Pattern = None,
    limit: Limit = None,
    budget: Budget = 30.0,
    budget_cycles: BudgetCycles = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    output: Output = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Measure a model or a policy on a suite of designs: Sim Pass, Cov Pass, Avg Cov, pass@k.

    An evaluation that is interrupted or killed goes on when it is started again.

    \b
    Examples:
      benchwright eval suite.jsonl --server http://localhost:8080/v1 --model qwen3-4b
      benchwright eval hf:hez2024/cvdp_ecov_eval:eval --model my-4b.gguf --direct
      benchwright eval designs/ --policy search -n 1 --budget-cycles 500000
      benchwright eval RTLLM/ --pattern 'verified_*.v' --policy default -o rtllm
    """
    if policy not in POLICIES:
        raise ParameterError(f"--policy {policy}: legal are {', '.join(POLICIES)}")
    if high := [k for k in ks or () if k > samples]:
        raise ParameterError(f"-k {high[0]}: pass@{high[0]} needs as many samples, see --samples")
    if direct and rounds not in {None, DIRECT_ROUNDS}:
        raise ParameterError(f"--direct means one round, --rounds says {rounds}")
    sampling = model_arguments.ModelArguments(
        temperature=temperature, max_tokens=max_tokens
    ).sampling(seed)
    if model_budget is None and budget_cycles is None:
        model_budget = model_arguments.DEFAULT_MODEL_S
    options = EvalOptions(
        policy=next(known for known in POLICIES if known == policy),
        rounds=DIRECT_ROUNDS if direct else rounds or AGENTIC_ROUNDS,
        samples=samples,
        ks=tuple(sorted(set(ks or (1, samples)))),
        seed=seed,
        temperature=sampling.temperature,
        max_tokens=sampling.max_tokens,
        context_tokens=context,
        rules=rules,
        constrained=bool(constrained),
        budget_s=budget if budget_cycles is None else None,
        budget_cycles=budget_cycles,
        model_budget_s=model_budget,
        target_pct=target,
    )
    found = _suite(suite, pattern, limit)
    folder = output or Path(f"eval_{re.sub(r'[^A-Za-z0-9.-]+', '_', found.name)}_{policy}")
    evaluation = _evaluated(
        found, options, folder, _Where(model, server, jobs, cluster), quiet=quiet or json_
    )
    _deliver(evaluation, folder, json_=json_, quiet=quiet)


def _suite(source: str, pattern: str | None, limit: int | None) -> Suite:
    from benchwright_agent.evaluation.suites import Suite, load_suite

    suite = load_suite(source, pattern=pattern)
    return Suite(suite.name, suite.rows[:limit])


@dataclass(frozen=True, slots=True)
class _Where:
    """Options of what answers and where it runs; no result depends on the last two."""

    model: str | None
    server: str | None
    jobs: int | None
    cluster: str | None


def _evaluated(
    suite: Suite, options: EvalOptions, folder: Path, where: _Where, *, quiet: bool
) -> Evaluation:
    from benchwright_agent.evaluation.backend import (
        on_cluster,
        on_this_machine,
    )
    from benchwright_agent.evaluation.runner import evaluate_suite
    from benchwright_agent.evaluation.source import model_source

    source = model_source(options, where.model, where.server)
    name, digest = (source.name, source.digest) if source else (None, None)
    opened = (
        on_cluster(where.cluster, source)
        if where.cluster is not None
        else on_this_machine(where.jobs, source)
    )
    try:
        with opened as backend, _Monitor(suite.name, quiet=quiet) as monitor:
            return evaluate_suite(
                suite,
                options,
                folder,
                backend,
                model=name,
                model_digest=digest,
                on_outcome=monitor,
            )
    except KeyboardInterrupt:
        print_error(f"interrupted: the same command goes on; what is done is in {folder}")
        raise


class _Monitor(Closable):
    """A bar on a terminal, else a line a sample; a context manager, and the runner's callback."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._console = stderr()
        self._quiet = quiet
        self._bar: Progress | None = None
        if not quiet and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(name, total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def close(self) -> None:
        """Takes the picture away."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, outcome: Outcome, done: int, total: int) -> None:
        """Takes one outcome."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif not self._quiet:
            average = f", {percent(outcome.average)} %" if outcome.ran else ""
            self._console.print(
                f"{done}/{total} {outcome.id} sample {outcome.sample + 1}: "
                f"{outcome.status}{average}, {outcome.seconds:.1f} s",
                markup=False,
            )


def _deliver(evaluation: Evaluation, folder: Path, *, json_: bool, quiet: bool) -> None:
    """Writes the result and prints it."""
    from benchwright_agent.evaluation.tables import markdown, result_text

    text, table = result_text(evaluation), markdown(evaluation)
    write_outputs({folder / "result.json": text, folder / "table.md": table}, force=True)
    if json_:
        typer.echo(text, nl=False)
    elif not quiet:
        typer.echo(table, nl=False)
        stderr().print(f"kept in {folder}", markup=False)
