"""The options that several commands of `benchwright train` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUN_PANEL = "Run"

RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help="A .toml file, or a recipe that comes along: llm4cov-4b, nano, smoke.",
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Of a training.")]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="In place of what the recipe says, as stages.mode=union. Repeatable.",
        show_default=False,
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Where everything is kept; the same folder again goes on where it ended.",
        rich_help_panel=RUN_PANEL,
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
        help="Simulations at once.",
        rich_help_panel=RUN_PANEL,
        show_default="one for each processor",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Draw testbenches and evaluate on a Ray cluster instead of this machine.",
        rich_help_panel=RUN_PANEL,
        show_default=False,
    ),
]
