"""Each step of a training by itself: `benchwright train corpus`, `rollouts`, `dataset`, ...

What a step does is said by the keys of a recipe: those of `--recipe`, where it is given, with
changes by `--set`, and else what holds by default.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from benchwright_agent.cli import design_arguments
from benchwright_sim.errors import ParameterError
from benchwright_trainer.cli import train_arguments
from benchwright_trainer.cli.alone import Alone
from benchwright_trainer.errors import TrainerError

if TYPE_CHECKING:
    from benchwright_trainer.recipe.recipe import Recipe

Recipe_ = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        "-r",
        metavar="RECIPE",
        help="Whose values hold; else the defaults.",
        show_default=False,
    ),
]
Stage = Annotated[
    int,
    typer.Option("--stage", metavar="N", min=0, max=2, help="Of the recipe, whose values hold."),
]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FOLDER", help="A new folder.", show_default=False),
]
Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A folder as transformers saves a model.",
        exists=True,
        file_okay=False,
    ),
]


def corpus(
    *,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Folders of designs, files of rows (.jsonl, .parquet), data sets (hf:OWNER/NAME).",
            show_default=False,
        ),
    ] = None,
    output: Output,
    generated: Annotated[
        int | None,
        typer.Option("--generated", metavar="N", min=1, help="Designs of our own generator."),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="SUITE",
            help="Leave out what resembles a design of this suite. Repeatable.",
            show_default=False,
        ),
    ] = None,
    recipe: Recipe_ = None,
    changes: train_arguments.Changes = None,
    jobs: train_arguments.Jobs = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Collect designs, check each by a build, and leave out copies and what resembles a suite.

    \b
    Examples:
      benchwright train corpus rtl/ --against suite.jsonl -o corpus
      benchwright train corpus --generated 200 -o corpus
    """
    from benchwright_trainer.corpus.report import check_options
    from benchwright_trainer.pipeline.designs import corpus_in

    given = [
        *([f"corpus.sources={json.dumps(sources)}"] if sources else ()),
        *([f"corpus.evaluation={json.dumps(against)}"] if against else ()),
        *([f"corpus.generated.n={generated}"] if generated else ()),
    ]
    options = _options(recipe, [*given, *(changes or ())]).corpus
    check_options(output, options)
    with Alone("corpus", output, jobs=jobs, quiet=quiet or json_) as alone:
        alone.tell(corpus_in(output, options, alone.place), json_=json_)


def rollouts(
    *,
    designs: Annotated[
        Path, typer.Argument(metavar="CORPUS", help="A corpus's folder, or a file of rows.")
    ],
    output: Output,
    student: Annotated[
        Path | None,
        typer.Option(
            "--student",
            metavar="FILE.gguf",
            help="Who draws where the stage says student.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    recipe: Recipe_ = None,
    stage: Stage = 0,
    changes: train_arguments.Changes = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="FOLDER", help="Keep what the simulator found there."),
    ] = None,
    jobs: train_arguments.Jobs = None,
    cluster: train_arguments.Cluster = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Let the teacher or the student write testbenches for designs, and execute them.

    \b
    Examples:
      benchwright train rollouts corpus -o traces --set rollouts.drafts=5
      benchwright train rollouts corpus -o traces --stage 1 --student my.gguf
    """
    from benchwright_trainer.corpus.designs_file import read_entries
    from benchwright_trainer.pipeline.traces import (
        policies_of,
        rollouts_in,
    )

    found = _options(recipe, changes or ())
    name = f"stage{stage}"
    options = found.stage(name)
    if options.asks_student and student is None:
        raise ParameterError(
            f"stage {stage} asks the student, and none is named", hint="--student FILE.gguf"
        )
    rows = [entry.row for entry in read_entries(designs)]
    with Alone(
        "rollouts", output, jobs=jobs, cluster=cluster, quiet=quiet or json_, cache=cache
    ) as alone:
        policies = policies_of(found, name, student, alone.place)
        made = rollouts_in(output, rows, options.rollouts, policies, alone.place)
        alone.tell(made, json_=json_)


def dataset(
    *,
    traces: Annotated[
        Path, typer.Argument(metavar="ROLLOUTS", help="A folder as `rollouts` makes it.")
    ],
    output: Output,
    recipe: Recipe_ = None,
    stage: Stage = 0,
    changes: train_arguments.Changes = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Keep the traces that are worth learning, as a data set in Parquet with a card.

    \b
    Example:
      benchwright train dataset traces -o data --stage 1 --set filter.min_gain=0.02
    """
    from benchwright_trainer.dataset.manifest import file_sha256
    from benchwright_trainer.pipeline.tools import versions
    from benchwright_trainer.pipeline.traces import dataset_in
    from benchwright_trainer.rollouts.rollout import TRACES
    from benchwright_trainer.rollouts.trace import read_traces

    options = _options(recipe, changes or ()).stage(f"stage{stage}")
    file = traces / TRACES if traces.is_dir() else traces
    if not file.is_file():
        raise TrainerError(f"there is no {file}", hint="name a folder as `rollouts` makes it")
    with Alone("dataset", output, quiet=quiet or json_) as alone:
        made = dataset_in(
            output,
            read_traces(file),
            options.filter,
            options.balance,
            seed=options.rollouts.seed,
            card={
                "name": output.resolve().name,
                "versions": versions(),
                "hashes": {"traces": file_sha256(file)},
            },
        )
        alone.tell(made, json_=json_)


def sft(
    *,
    model: Model,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET", help="A folder as `dataset` makes it.", exists=True, file_okay=False
        ),
    ],
    output: Output,
    recipe: Recipe_ = None,
    stage: Stage = 0,
    changes: train_arguments.Changes = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Fine-tune a model on a data set, on the answers only.

    \b
    Example:
      benchwright train sft base/model data -o tuned --set sft.learning_rate=1e-4
    """
    from benchwright_trainer.pipeline.students import train_in
    from benchwright_trainer.sft.dialect import dialect_of

    found = _options(recipe, changes or ())
    options = found.stage(f"stage{stage}").sft
    dialect = dialect_of(model, found.student)
    with Alone("sft", output, quiet=quiet or json_) as alone:
        made = train_in(output, data, model, options, dialect, place=alone.place)
        alone.tell(made, json_=json_)


def evaluate(
    *,
    model: Annotated[
        Path, typer.Argument(metavar="FILE.gguf", help="A model.", exists=True, dir_okay=False)
    ],
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="As `benchwright eval` takes it.")],
    output: Output,
    way: Annotated[
        Literal["direct", "agentic"], typer.Option("--way", help="One round, or several.")
    ] = "agentic",
    recipe: Recipe_ = None,
    changes: train_arguments.Changes = None,
    jobs: train_arguments.Jobs = None,
    cluster: train_arguments.Cluster = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Measure a model as a recipe does between stages; `benchwright eval` has more options.

    \b
    Example:
      benchwright train evaluate stage1/model.gguf suite.jsonl -o eval --recipe nano
    """
    from benchwright_trainer.pipeline.evaluations import (
        evaluate_model,
        short,
    )
    from benchwright_trainer.pipeline.step import Made, digest

    options = _options(recipe, changes or ()).evaluation
    with Alone("evaluate", output, jobs=jobs, cluster=cluster, quiet=quiet or json_) as alone:
        found = evaluate_model(model, suite, options, way, folder=output, place=alone.place)
        alone.tell(Made(digest(found), short(found)), json_=json_)


def export(
    *,
    model: Model,
    output: Output,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="Of the model; else the folder's.", show_default=False
        ),
    ] = None,
    recipe: Recipe_ = None,
    changes: train_arguments.Changes = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Write a model as GGUF files, and compare llama.cpp's answers with transformers'.

    \b
    Example:
      benchwright train export stage2/model -o export --name mine
    """
    from benchwright_trainer.artefact import new_folder
    from benchwright_trainer.export import About
    from benchwright_trainer.pipeline.exporting import export_folder
    from benchwright_trainer.pipeline.parity import short_prompts
    from benchwright_trainer.pipeline.step import Made, digest_of_files
    from benchwright_trainer.sft.dialect import dialect_of

    found = _options(recipe, changes or ())
    about = About(
        name=name or model.resolve().name,
        license=found.export.licence,
        dialect=dialect_of(model, found.student),
    )
    prompts = short_prompts(found.export.parity_prompts)
    with Alone("export", output, quiet=quiet or json_) as alone:
        with new_folder(output) as aside:
            figures = export_folder(
                model, aside, found.export, about, prompts=prompts, place=alone.place
            )
        alone.tell(Made(digest_of_files(output, "*.gguf"), figures), json_=json_)


def _options(recipe: str | None, changes: Sequence[str]) -> Recipe:
    from benchwright_trainer.recipe.reading import read_options

    return read_options(recipe, changes)
