"""`benchwright model`: the language models on this machine, and the one that is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import pairs_table, print_warning, stdout
from benchwright_agent.cli.download_progress import DownloadEvents, DownloadProgress
from benchwright_agent.models import choice
from benchwright_agent.models.installed import store
from benchwright_agent.models.installed.catalogue import CATALOGUE, DEFAULT, BundledFile
from benchwright_agent.models.installed.registry import (
    NONE,
    Record,
    Registry,
    absolute,
    is_path,
    read_registry,
)

app = typer.Typer(
    help="Get and choose the language model that helps where search does not suffice.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `benchwright model list` shows it.")]
Which = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="A name that `list` shows, or a GGUF file."),
]
NewName = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="What to call the model; else after its file.",
        show_default=False,
    ),
]


@app.command("list")
def list_models(*, json_: design_arguments.Json = False) -> None:
    """Show the models on this machine, and those that can be downloaded by name."""
    registry = _registry()
    in_use = choice.model_in_use()
    here = {**store.bundled(), **registry.models}
    rows = [_row(record, in_use) for record in here.values()]
    rows += [_absent(name, in_use) for name in CATALOGUE if name not in here]
    if json_:
        typer.echo(json.dumps({"in_use": in_use, "models": rows}, indent=1))
        return
    stdout().print(_table(rows))
    if in_use and in_use not in here:
        stdout().print(Text(f"in use: {in_use}"))


def _registry() -> Registry:
    registry = read_registry()
    if registry.problem:
        print_warning(registry.problem)
    return registry


def _row(record: Record, in_use: str | None) -> dict[str, Any]:
    values = {**asdict(record), "path": str(record.path)}
    state = "here" if record.is_here else "missing"
    return values | {"in_use": record.name == in_use, "state": state}


def _absent(name: str, in_use: str | None) -> dict[str, Any]:
    """A model of the catalogue that is not on this machine."""
    entry = CATALOGUE[name]
    values = {key: value for key, value in asdict(entry).items() if key not in {"origin", "title"}}
    source = {"source": str(entry.origin), "path": None}
    return values | source | {"in_use": name == in_use, "state": "not downloaded"}


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "name"):
        table.add_column(heading, no_wrap=True)
    for heading in ("size", "weights", "context"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("where", overflow="fold")
    for row in rows:
        table.add_row(
            Text("*" if row["in_use"] else "", style="green"),
            row["name"],
            decimal(row["size_bytes"]),
            f"{_count(row['parameters'])} {row['quantisation']}",
            f"{row['context_tokens']:,}",
            _where(row),
        )
    return table


def _where(row: Mapping[str, Any]) -> Text:
    if row["state"] == "not downloaded":
        return Text(f"-> benchwright model pull {row['name']}", style="cyan")
    if row["state"] == "missing":
        return Text(f"gone: {row['path']}", style="red")
    return Text(row["path"])


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.1f}M"


@app.command()
def pull(
    *,
    spec: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help=f"A name of the catalogue ({', '.join(CATALOGUE)}), "
            "hub:OWNER/REPO with /FILE.gguf or :QUANTISATION and @REVISION where wanted, "
            "or the https URL of a .gguf file.",
            show_default=False,
        ),
    ] = DEFAULT,
    name: NewName = None,
    sha256: Annotated[
        str,
        typer.Option(
            "--sha256",
            metavar="HEX",
            help="What the file must have; the hub's own is checked anyway.",
            show_default=False,
        ),
    ] = "",
    json_: Annotated[
        bool,
        typer.Option("--json", help="Print progress and the outcome as JSON, an object a line."),
    ] = False,
) -> None:
    """Download a model; one that was interrupted goes on where it was.

    \b
    Examples:
      benchwright model pull qwen3-4b
      benchwright model pull hub:bartowski/Qwen_Qwen3-4B-Instruct-2507-GGUF:Q6_K
      benchwright model pull https://example.com/model.gguf --name mine
    """
    from benchwright_agent.models.installed import download

    _registry()
    with DownloadEvents() if json_ else DownloadProgress() as progress:
        record = download.pull(
            spec, name=name, sha256=sha256, on_note=progress.note, on_bytes=progress.on_bytes
        )
    chosen = store.use_first(record.name)
    if json_:
        typer.echo(json.dumps(_row(record, choice.model_in_use())))
        return
    stdout().print(Text(f"{record.name}: {record.path}"))
    _say_in_use(record, chosen=chosen)


def _say_in_use(record: Record, *, chosen: bool) -> None:
    from benchwright_agent.models.local.gguf_file import read_gguf

    name = record.name
    if not read_gguf(record.path).chat:
        print_warning(f"{name} has no chat template: a base model, which cannot be asked anything")
    if chosen:
        stdout().print(Text(f"{name} is in use"))
    else:
        stdout().print(Text(f"to use it: benchwright model use {name}"))


@app.command()
def use(*, which: Which, name: NewName = None) -> None:
    """Choose the model that is used unless another is asked for.

    \b
    Examples:
      benchwright model use qwen3-4b
      benchwright model use ~/models/my-model.gguf --name mine
      benchwright model use none

    A file stays where it is; it is known by its path from then on. With `none` no model is asked,
    unless --model names one.
    """
    _registry()
    if which == NONE:
        store.use_none()
        stdout().print(Text("no model is in use"))
        return
    if is_path(which):
        path = absolute(Path(which))
        which = store.register(path, name or _known_as(path) or store.name_for(path.name)).name
    elif name is not None:
        raise typer.BadParameter("--name goes with a file, whose name it replaces")
    _say_in_use(store.use(which), chosen=True)
    if (other := choice.model_in_use()) != which:
        print_warning(f"BENCHWRIGHT_MODEL={other} comes first while it is set")


def _known_as(path: Path) -> str | None:
    models = read_registry().models.values()
    return next((record.name for record in models if record.path == path), None)


@app.command()
def remove(
    *,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Delete a downloaded model, or forget a file of your own, which stays where it is."""
    record = _registry().models.get(name)
    if not yes and (record is not None or store.partials(name)):
        _confirm(name, record)
    store.remove(name)
    if record is not None and not record.is_own:
        stdout().print(Text(f"forgotten: {name}; its file stays: {record.path}"))
    else:
        stdout().print(Text(f"deleted: {name}"))


def _confirm(name: str, record: Record | None) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; --yes removes without asking")
    question = f"delete {name}"
    if record is not None:
        question = f"delete {record.path}" if record.is_own else f"forget {record.path}"
    typer.confirm(question, abort=True, err=True)


@app.command()
def info(*, which: Which, json_: design_arguments.Json = False) -> None:
    """Show all that is known of a model, and the memory that it needs."""
    record = _describe(which)
    if record is None:
        facts = _absent(which, choice.model_in_use())
    else:
        facts = _row(record, choice.model_in_use()) | _measured(record)
    if json_:
        typer.echo(json.dumps(facts, indent=1))
    else:
        stdout().print(pairs_table(_pairs(facts)))


def _describe(which: str) -> Record | None:
    """The model's record; None for one of the catalogue that is not here."""
    known = _registry().models
    entry = CATALOGUE.get(which)
    if entry and which not in known and not isinstance(entry.origin, BundledFile):
        return None
    return choice.find_model(which)


def _measured(record: Record) -> dict[str, Any]:
    """What its file says that the registry does not keep."""
    from benchwright_agent.models.local.gguf_file import read_gguf
    from benchwright_agent.models.local.memory import needed_bytes

    header = read_gguf(record.path)
    tokens = min(choice.CONTEXT_TOKENS, header.context_tokens)
    needed = needed_bytes(header, tokens)
    return {
        "title": header.name,
        "chat": header.chat,
        "memory_bytes": needed,
        "memory_context_tokens": tokens,
    }


def _pairs(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = [
        ("name", facts["name"]),
        ("title", facts.get("title")),
        ("state", facts["state"] + (", in use" if facts["in_use"] else "")),
        ("file", facts["path"]),
        ("size", f"{decimal(facts['size_bytes'])} ({facts['size_bytes']:,} bytes)"),
        ("weights", f"{_count(facts['parameters'])} {facts['quantisation']}"),
        ("architecture", facts.get("architecture")),
        ("context", f"{facts['context_tokens']:,} tokens"),
        ("chat template", "" if facts.get("chat", True) else "none: it cannot be asked anything"),
        ("licence", facts["licence"]),
        ("source", facts["source"]),
        ("sha256", facts.get("sha256")),
    ]
    if "memory_bytes" in facts:
        tokens = f"{facts['memory_context_tokens']:,}"
        pairs.append(
            ("memory", f"{decimal(facts['memory_bytes'])} for a context of {tokens} tokens")
        )
    return [(label, str(value)) for label, value in pairs if value]
