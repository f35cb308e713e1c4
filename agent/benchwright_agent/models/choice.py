"""Which model answers: the one asked for, else the environment's, the one in use, the small one.

`BENCHWRIGHT_MODEL` names one as `--model` does. A served model is named `openai:NAME`, its server
by `--server` or `OPENAI_BASE_URL`, its key by `OPENAI_API_KEY`. Where nobody chose, the small model
that this package brings along is used, if llama.cpp is installed; `none` chooses none.
"""

from __future__ import annotations

import importlib.util
import os
from difflib import get_close_matches
from pathlib import Path

from benchwright_agent.models.dialect.speaker import speaking
from benchwright_agent.models.installed import store
from benchwright_agent.models.installed.catalogue import CATALOGUE, DEFAULT, SMALL
from benchwright_agent.models.installed.registry import (
    NONE,
    Record,
    describe,
    is_path,
    read_registry,
)
from benchwright_agent.models.model import Model, ModelError

SERVED = "openai:"

CONTEXT_TOKENS = 40_960
"""Of a local model, unless asked otherwise: prompts and answers of the paper fit."""


def model_in_use() -> str | None:
    """What is used where no model is asked for; None for none.

    Raises:
        ModelError: the registry cannot be read.
    """
    chosen = os.environ.get("BENCHWRIGHT_MODEL") or read_registry().in_use
    if chosen is None:
        return _brought_along()
    return None if chosen == NONE else chosen


def _brought_along() -> str | None:
    """The small model, where it can run."""
    entry = CATALOGUE.get(SMALL)
    is_here = entry is not None and store.bundled()[SMALL].is_here
    return SMALL if is_here and _local_models_run() else None


def _local_models_run() -> bool:
    return importlib.util.find_spec("llama_cpp") is not None


def open_model(
    spec: str | None, *, server: str | None = None, context_tokens: int | None = None
) -> Model:
    """A model that is ready to answer; to be closed when done.

    Args:
        spec: a name of the store, the path of a GGUF file, `openai:NAME`, or with `server` the name
            of a model that it serves; None is the one in use.
        server: base URL of an OpenAI-compatible server.
        context_tokens: prompt and answer together; None is the usual.

    Raises:
        ModelError: there is none, its file or an extra is missing, or it does not fit the machine.
    """
    chosen = _chosen(spec, server)
    if server or chosen.startswith(SERVED):
        return _served(chosen.removeprefix(SERVED), server, context_tokens)
    record = find_model(chosen)
    from benchwright_agent.models.local.llamacpp import LlamaCpp  # noqa: PLC0415 - keeps this cheap

    model = LlamaCpp(record.path, name=record.name, context_tokens=context_tokens or CONTEXT_TOKENS)
    return speaking(model, model.dialect)


def check_model(spec: str | None, *, server: str | None = None) -> None:
    """Finds out cheaply whether there is such a model; a server is not asked.

    Raises:
        ModelError: there is none.
    """
    chosen = _chosen(spec, server)
    if not server and not chosen.startswith(SERVED):
        find_model(chosen)


def find_model(spec: str) -> Record:
    """The local model that a name or a path stands for.

    Raises:
        ModelError: there is none.
    """
    if is_path(spec):
        return describe(Path(spec), Path(spec).stem)
    try:
        return store.find(spec)
    except ModelError as error:
        near = get_close_matches(spec, error.details, n=1)
        if not near:
            raise
        raise ModelError(error.message, hint=f"did you mean {near[0]}?") from error


def _chosen(spec: str | None, server: str | None) -> str:
    chosen = spec or (os.environ.get("BENCHWRIGHT_MODEL") if server else model_in_use())
    if chosen is None or chosen == NONE:
        raise _none_chosen(server)
    return chosen


def _none_chosen(server: str | None) -> ModelError:
    if server:
        return ModelError(f"which model of {server} is meant?", hint="name it with --model NAME")
    small = "" if _local_models_run() else f"pip install 'benchwright[local]', which runs {SMALL}; "
    return ModelError(
        "no model is in use",
        hint=f"{small}benchwright model pull {DEFAULT}, or one of your own: "
        "benchwright model use FILE.gguf, or a server's: --server URL --model NAME",
    )


def _served(name: str, server: str | None, context_tokens: int | None) -> Model:
    from benchwright_agent.models.served.openai_server import OpenAIServer  # noqa: PLC0415 - keeps this cheap

    if not name:
        raise ModelError("the name of the served model is empty", hint=f"legal: {SERVED}NAME")
    return OpenAIServer(name, base_url=server, context_tokens=context_tokens)
