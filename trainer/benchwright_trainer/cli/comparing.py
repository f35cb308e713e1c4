"""`benchwright train compare`: several models' evaluations side by side, with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from benchwright_agent.cli import design_arguments
from benchwright_agent.output import write_outputs
from benchwright_sim.errors import ParameterError


def compare(
    *,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="LABEL=FOLDER",
            help="A row of the table: a folder that `benchwright eval` made, all evaluations below "
            "it together; or the folder of a training, a row for each of its checkpoints.",
        ),
    ],
    ks: Annotated[
        list[int] | None,
        typer.Option("-k", metavar="K", min=2, help="Report pass@K; repeatable.", show_default="5"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.md", help="Write the tables there."),
    ] = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Of all.")] = "Evaluation",
    json_: design_arguments.Json = False,
) -> None:
    """Compare evaluations of several models: figures, and what changes from one to the next.

    \b
    Examples:
      benchwright train compare nano=run
      benchwright train compare worst=a/stage2/evaluation uniform=b/stage2/evaluation -o table.md
    """
    from benchwright_trainer.comparison import comparison, rendering
    from benchwright_trainer.pipeline.evaluations import evaluations_in

    given: dict[str, Path] = {}
    for run in runs:
        label, equals, folder = run.partition("=")
        if not (label and equals and folder) or label in given:
            raise ParameterError(f"{run}: legal is LABEL=FOLDER, each label once")
        given[label] = Path(folder)
    folders = {
        f"{label} {name}".rstrip(): place
        for label, folder in given.items()
        for name, place in (evaluations_in(folder) or {"": folder}).items()
    }
    found = comparison.compare(folders, ks=ks or comparison.KS)
    table = rendering.to_markdown(found, title)
    if output is not None:
        write_outputs({output: table}, force=False)
    typer.echo(json.dumps(rendering.to_json(found), indent=1) if json_ else table, nl=json_)
