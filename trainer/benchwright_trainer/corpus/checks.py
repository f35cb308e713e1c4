"""Finds out by doing whether a design can be worked with: elaborated, built and run.

A design has one top with inputs to drive, slang elaborates it, Verilator and the compiler accept it
together with a testbench that does nothing, this runs to its end, and there is something to cover.
These are jobs for worker processes; what a design does wrong is their result.
"""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.rows import Row, materialise
from benchwright_agent.models.model import Model
from benchwright_agent.protocol.repository import included_files
from benchwright_agent.protocol.task import SourceText, source_texts
from benchwright_sim.datafiles import copy_data_files
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import (
    OutputError,
    SimError,
    ToolchainError,
    TopError,
    UnsupportedError,
)
from benchwright_sim.identifiers import is_identifier
from benchwright_sim.testbench import Status, measure
from benchwright_trainer.corpus.candidate import Reason

RUN_S = 10.0
"""That a design which nobody drives may take for doing nothing."""

_DATA_BYTES = 1 << 20
_DETAIL = 300
_RUNS: dict[Status, Reason] = {
    Status.COMPILE_ERROR: "does not build",
    Status.REFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about a design.

    Attributes:
        key: of the job.
        module: its top.
        n_bins: to cover.
        reason: why it cannot be used, None when it can.
        detail: in words.
    """

    key: str
    module: str = ""
    n_bins: int = 0
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """A design of a folder as text: the files that it turned out to need, and its top."""

    key: str
    row: Row | None
    reason: Reason = "does not elaborate"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CheckJob:
    """Whether a row can be used.

    Attributes:
        key: what the journal knows it by.
        row: as text.
    """

    key: str
    row: Row

    def run(self, model: Model | None = None) -> Verdict | Failure:
        """See `work.Work`; asks no model."""
        with tempfile.TemporaryDirectory(prefix="benchwright-corpus-") as scratch:
            folder = Path(scratch).resolve()
            try:
                return _checked(self.key, elaborate(materialise(self.row, folder)))
            except OutputError as error:
                return Failure.of(error)
            except ToolchainError as error:  # there is one: a design may be too much for it
                return self.lost("failed", error.message)
            except SimError as error:
                return Verdict(self.key, reason=_reason(error), detail=_words(error, folder))
            except OSError as error:
                return _os_failure(error) or self.lost("failed", str(error))

    def lost(self, status: str, reason: str) -> Verdict:
        """See `work.Work`."""
        return Verdict(self.key, reason="check failed", detail=f"{status}: {reason}"[:_DETAIL])


@dataclass(frozen=True, slots=True)
class SettleJob:
    """A design of a folder -> text, with modules, headers and data that lie beside it.

    A project's defines, parameters, clocks and resets do not go with it: what is checked afterwards
    is the text alone.
    """

    key: str
    row: Row

    def run(self, model: Model | None = None) -> Settled | Failure:
        """See `work.Work`; asks no model."""
        assert self.row.design is not None  # noqa: S101 - only such rows are settled
        try:
            elaboration = elaborate(self.row.design)
            return Settled(self.key, _as_text(self.row, elaboration))
        except SimError as error:
            return Settled(self.key, None, _reason(error), _words(error, self.row.design.root))
        except OSError as error:
            return _os_failure(error) or self.lost("failed", str(error))

    def lost(self, status: str, reason: str) -> Settled:
        """See `work.Work`."""
        return Settled(self.key, None, "check failed", f"{status}: {reason}"[:_DETAIL])


def _checked(key: str, elaboration: Elaboration) -> Verdict:
    interface = elaboration.interface
    module = interface.module
    if not interface.inputs and not interface.clocks:
        return Verdict(key, module, 0, "cannot be driven", f"{module} has no input")
    name = module if is_identifier(module) else f"\\{module} "
    text = f"module tb_empty;\n  {name} dut ();\n  initial #1 $finish;\nendmodule\n"
    feedback = measure(elaboration, text, tb_name="tb_empty", dut_name="dut", timeout_s=RUN_S)
    if feedback.status is not Status.OK:
        said = feedback.said
        detail = said if "%Error" in said else f"{feedback.status}: {said}"
        reason = _RUNS.get(feedback.status, "does not run")
        return Verdict(key, module, 0, reason, detail[:_DETAIL])
    n_bins = sum(tally.total for tally in feedback.coverage.by_metric().values())
    if not n_bins:
        return Verdict(key, module, 0, "nothing to cover", "no line, branch or signal counts")
    return Verdict(key, module, n_bins)


def _as_text(row: Row, elaboration: Elaboration) -> Row:
    design = elaboration.design
    instantiated = (instance.file for instance in elaboration.instances)
    paths = tuple(dict.fromkeys((*included_files(design), *design.sources, *instantiated)))
    root = Path(os.path.commonpath([path.parent for path in paths]))
    files = {file.name: file for file in source_texts(root, paths)}
    for data in _data(elaboration, paths):
        files.setdefault(data.name, data)
    return replace(
        row, files=tuple(files.values()), module=elaboration.interface.module, design=None
    )


def _data(elaboration: Elaboration, paths: tuple[Path, ...]) -> tuple[SourceText, ...]:
    """Text files that the sources read while they run (`$readmemh`), under the names they use."""
    design = elaboration.design
    texts = [(text, path.parent) for path, text in design.texts(paths)]
    with tempfile.TemporaryDirectory(prefix="benchwright-corpus-") as scratch:
        folder = Path(scratch).resolve()
        copy_data_files(texts, folder, within=folder, root=design.root)
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        small = tuple(path for path in found if path.stat().st_size <= _DATA_BYTES)
        return source_texts(folder, small)


def _reason(error: SimError) -> Reason:
    if isinstance(error, UnsupportedError):
        return "cannot be driven"
    if isinstance(error, TopError):
        return "several tops" if "can be the top" in error.message else "no top"
    return "does not elaborate"


def _words(error: SimError, folder: Path) -> str:
    """The error on one line, without the folder that the design lies in for a while."""
    head = f"{error.location}: {error.message}" if error.location else error.message
    lines = dict.fromkeys((head, *(detail.strip() for detail in error.details)))
    return "; ".join(lines).replace(f"{folder}: ", "").replace(f"{folder}/", "")[:_DETAIL]


def _os_failure(error: OSError) -> Failure | None:
    """What no design is to blame for."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        return Failure(OutputError.__name__, str(error), "free some space")
    return None
