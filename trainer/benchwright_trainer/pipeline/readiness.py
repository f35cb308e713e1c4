"""What a recipe needs that this machine does not have, found before anything runs.

Looked at are installed packages, the toolchain, a teacher's server, a cluster, sources and models
by path, GPUs, memory and disk; all but the first two only for steps that are not done yet. Names on
the Hugging Face hub are not looked up. Nothing heavy is done: a server is only knocked at.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from rich.filesize import decimal

from benchwright_agent.evaluation.cluster import knock as knock_cluster
from benchwright_sim.errors import SimError
from benchwright_sim.toolchain import find_toolchain
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.pipeline.needs import Needs, needs_of, trainings_of
from benchwright_trainer.pipeline.pipeline import steps_left
from benchwright_trainer.pipeline.step import Step
from benchwright_trainer.recipe.recipe import Recipe
from benchwright_trainer.sft.requirements import hardware_for

_TRAIN = (
    *("torch", "transformers", "trl", "accelerate", "datasets", "pyarrow", "tokenizers"),
    *("peft", "tensorboard", "rapidfuzz", "jinja2"),
)
_EXPORT = ("gguf", "llama_cpp", "safetensors")
_HUB = "hf:"
_KNOCK_S = 3.0
_REMOTE = (".rollouts", ".evaluation")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing, and what mends it."""

    what: str
    fix: str


def problems(recipe: Recipe, folder: Path, cluster: str | None) -> list[Problem]:
    """All that is missing for those steps of a recipe that are not done.

    Args:
        recipe: see there.
        folder: where it would run; need not be there yet.
        cluster: see `Place`.
    """
    steps = steps_left(recipe, folder)
    left = {step.name for step in steps}
    needs = needs_of(recipe, left)
    return [
        *_packages(recipe, left, cluster),
        *_toolchain(),
        *_sources(recipe, left),
        *_server(recipe, left),
        *_cluster(left, cluster),
        *_machine(recipe, left, needs),
        *_disk(needs.disk_bytes - _held_bytes(folder, steps), folder),
    ]


def check_ready(recipe: Recipe, folder: Path, cluster: str | None) -> None:
    """Refuses to begin what cannot end.

    Raises:
        TrainerError: something is missing.
    """
    found = problems(recipe, folder, cluster)
    if found:
        raise TrainerError(
            f"the recipe {recipe.name} cannot run here",
            details=tuple(f"{problem.what}: {problem.fix}" for problem in found),
            hint="`benchwright train plan` shows all that it needs",
        )


def _packages(recipe: Recipe, left: Collection[str], cluster: str | None) -> Iterator[Problem]:
    wanted = {"train": [*_TRAIN, *_EXPORT]}
    if _asks_model_teacher(recipe, left):
        wanted["openai"] = ["openai"]
    if cluster is not None:
        wanted["cluster"] = ["ray"]
    for extra, names in wanted.items():
        missing = [name for name in names if find_spec(name) is None]
        if missing:
            fix = f"pip install 'benchwright[{extra}]'"
            yield Problem(f"{', '.join(missing)} cannot be imported", fix)


def _toolchain() -> Iterator[Problem]:
    try:
        find_toolchain()
    except SimError as error:
        yield Problem(error.message, error.hint)


def _sources(recipe: Recipe, left: Collection[str]) -> Iterator[Problem]:
    named = [
        *(("corpus", "corpus.sources", source) for source in recipe.corpus.sources),
        *(("corpus", "corpus.evaluation", source) for source in recipe.corpus.evaluation),
        *(("suites", f"suites.{name}.source", suite.source)
          for name, suite in recipe.suites.items() if suite.source),
    ]  # fmt: skip
    for step, key, source in named:
        pattern = "*" in Path(source).name
        if step not in left or source.startswith(_HUB) or Path(source).exists():
            continue
        if not (pattern and Path(source).parent.is_dir()):
            yield Problem(f"{key}: there is no {source}", f"a path, or {_HUB}OWNER/NAME")
    init = recipe.student.init
    fetched = "base" in left and not recipe.student.from_scratch
    if fetched and not Path(init).is_dir() and init.count("/") != 1:
        yield Problem(f"student.init: there is no folder {init}", "a folder, or OWNER/NAME")


def _asks_model_teacher(recipe: Recipe, left: Collection[str]) -> bool:
    stages = [name for name in recipe.stage_names if f"{name}.rollouts" in left]
    asked = any(recipe.stage(name).asks_teacher for name in stages)
    return asked and recipe.teacher.policy == "openai"


def _server(recipe: Recipe, left: Collection[str]) -> Iterator[Problem]:
    """A teacher behind a server must be named, and listen."""
    if not _asks_model_teacher(recipe, left):
        return
    url = recipe.teacher.server or os.environ.get("OPENAI_BASE_URL", "")
    if not url:
        yield Problem(
            f"no server is named for the teacher {recipe.teacher.model}",
            "teacher.server, or OPENAI_BASE_URL=http://HOST:PORT/v1",
        )
        return
    try:
        _knock(url)
    except (OSError, ValueError) as error:
        yield Problem(f"the teacher's server {url} does not answer: {error}", "start it")


def _knock(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is no URL of http")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname, port), timeout=_KNOCK_S).close()


def _cluster(left: Collection[str], address: str | None) -> Iterator[Problem]:
    """Listens where one is named, and a step is left that draws or evaluates."""
    if address is None or not any(name.endswith(_REMOTE) for name in left):
        return
    try:
        knock_cluster(address)
    except (OSError, OverflowError) as error:
        yield Problem(f"the Ray cluster {address} does not answer: {error}", "start it")


def _machine(recipe: Recipe, left: Collection[str], needs: Needs) -> Iterator[Problem]:
    """As each training would find when it begins, after hours."""
    for step, options in trainings_of(recipe).items():
        if step not in left:
            continue
        try:
            hardware_for(options)
        except TrainerError as error:
            yield Problem(error.message, error.hint)
            break
    for training in needs.trainings:
        if training.here and training.memory_bytes > training.free_bytes:
            yield Problem(
                f"{training.step}: {decimal(training.memory_bytes)} of memory are needed, "
                f"{decimal(training.free_bytes)} are free ({training.device})",
                "sft.gradient_checkpointing, sft.method = lora, a smaller sft.max_length or "
                "sft.micro_batch, or more GPUs",
            )
            break


def _disk(needed_bytes: int, folder: Path) -> Iterator[Problem]:
    free = disk_bytes(folder)
    if needed_bytes > free:
        yield Problem(
            f"disk: {decimal(needed_bytes)} are needed, {decimal(free)} are free",
            "another folder, or free some space",
        )


def _held_bytes(folder: Path, steps: Iterable[Step]) -> int:
    """What is there of steps: they go on with it, or it goes when they begin anew."""
    places = [folder / name for step in steps for name in step.folders]
    paths = (path for place in places for path in (place, *place.rglob("*")))
    return sum(path.stat().st_size for path in paths if path.is_file())


def disk_bytes(folder: Path) -> int:
    """Free where a folder is or will be."""
    whole = folder.absolute()
    return shutil.disk_usage(next(p for p in (whole, *whole.parents) if p.exists())).free
