"""`generate`: the loop run on a design, its events told, its testbench handed over as text."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchwright_agent import loop
from benchwright_agent.events import Event, Note, Phase, Progress, Snapshot
from benchwright_agent.models.choice import model_in_use, open_model
from benchwright_agent.models.model import ModelError
from benchwright_agent.options import GenerateOptions, ModelOptions
from benchwright_agent.record import to_json
from benchwright_server.child.design import kept, load, texts_of
from benchwright_server.child.event_stream import EventStream
from benchwright_server.child.guards import guards_of
from benchwright_server.child.lifeline import Lifeline
from benchwright_server.child.request import Request
from benchwright_sim.bins import Bin, bin_to_json
from benchwright_sim.coverage import overall_average, percent_number
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import DesignRunError, ParameterError, SimError
from benchwright_sim.waivers import Waiver, read_waivers

_POLICIES = ("default", "search")
_BUDGET_S = 20.0
_MODEL_BUDGET_S = 60.0


class Narrator:
    """Tells a run's events; a snapshot in full first, then what is new in each."""

    def __init__(self, stream: EventStream, lifeline: Lifeline, root: Path) -> None:
        self._stream = stream
        self._lifeline = lifeline
        self._root = root
        self._numbers: dict[Bin, int] = {}
        self._told: frozenset[Bin] = frozenset()

    def __call__(self, event: Event) -> None:
        """Takes one event of the loop."""
        match event:
            case Phase(name=name):
                self._stream.send("phase", name=name)
            case Note(text=text):
                self._stream.send("note", text=text)
            case Progress():
                self._stream.send("progress", **_progress(event))
            case Snapshot():
                self._snapshot(event)
                self._lifeline.finish_now()

    def _snapshot(self, event: Snapshot) -> None:
        first = not self._numbers
        if first:
            self._numbers = {bin_: number for number, bin_ in enumerate(event.bins)}
        new = sorted(self._numbers[bin_] for bin_ in event.covered - self._told)
        self._told = event.covered
        if first:
            bins = [
                {**bin_to_json(bin_), "instance": bin_.instance, "span": bin_.span}
                for bin_ in event.bins
            ]
            self._stream.send("snapshot", root=str(self._root), bins=bins, covered=new)
        elif new:
            self._stream.send("snapshot", covered=new)


def generate(request: Request, stream: EventStream, lifeline: Lifeline) -> None:
    """Runs the job.

    Raises:
        SimError: as `loop.generate`.
    """
    module = request.text("module")
    if module is not None:
        request = replace(request, spec=request.spec.with_top(module))
    final = request.given_path("output")
    options = _options(request, final.name)
    stream.send("phase", name="elaborate")
    waivers, warnings = _waivers(request.spec.waivers)
    elaboration = kept(elaborate(load(request)))
    told = Narrator(stream, lifeline, elaboration.design.root)
    options = replace(options, waivers=waivers)
    try:
        result = loop.generate(elaboration, options, told)
    except DesignRunError as error:
        error.hint = error.hint.replace(str(options.output), str(final))
        raise
    stream.send("phase", name="explain")
    from benchwright_agent.cli.generate_search import record_of  # noqa: PLC0415 - loads rich

    record = record_of(elaboration, options, result)
    record = replace(record, testbenches=(final,), warnings=(*record.warnings, *warnings))
    stream.done(
        record=to_json(record),
        testbench_text=options.output.read_text("utf-8"),
        guards=guards_of(elaboration, record.verdicts.open),
        texts=texts_of(elaboration, record.coverage),
        warnings=record.warnings,
    )


def _options(request: Request, name: str) -> GenerateOptions:
    policy = request.text("policy") or "default"
    if policy not in _POLICIES:
        raise ParameterError(f"policy {policy}: legal are {', '.join(_POLICIES)}")
    asks = policy == "default" and request.flag("use_model", default=True)
    return GenerateOptions(
        output=request.folder / name,
        budget_s=request.number("budget_s", _BUDGET_S),
        seed=int(request.number("seed", 1)),
        force=True,
        focus=request.texts("cover"),
        model=_model(request.number("model_budget_s", _MODEL_BUDGET_S)) if asks else None,
    )


def _model(seconds: float) -> ModelOptions | None:
    """The model in use; what is wrong with it costs a warning once it is asked."""
    try:
        if model_in_use() is None:
            return None
    except ModelError:
        pass
    return ModelOptions(partial(open_model, None), seconds=seconds)


def _waivers(files: tuple[Path, ...]) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """What is waived, and what is wrong with the files."""
    found: list[Waiver] = []
    warnings: list[str] = []
    for file in files:
        try:
            found.extend(read_waivers(file) if file.exists() else ())
        except SimError as error:
            warnings.append(f"waivers are left out: {error}")
    return tuple(found), tuple(warnings)


def _progress(event: Progress) -> dict[str, Any]:
    return {
        "policy": event.policy,
        "cycles": event.cycles,
        "elapsed_s": round(event.elapsed_s, 3),
        "tallies": {metric: [t.covered, t.total] for metric, t in event.tallies.items()},
        "bins_left": event.bins_left,
        "overall": percent_number(overall_average(event.tallies)),
    }
