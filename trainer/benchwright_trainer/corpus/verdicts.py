"""The journal of a corpus: what checks found out, by what was checked, so that none is done twice.

`checks.jsonl` holds a verdict a line, each on the disk before the next one. What a verdict is about
is a digest of the design's text: the same folder serves a corpus of other options as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, get_args

from benchwright_agent.evaluation.ledger import Form, Ledger
from benchwright_agent.evaluation.rows import Row, row_to_json
from benchwright_sim.toolchain import find_toolchain
from benchwright_trainer.corpus.candidate import Reason
from benchwright_trainer.corpus.checks import Verdict

JOURNAL = "checks.jsonl"

_FORM = Form("benchwright-corpus-checks", 1, "a corpus", "verdict", "")


class Verdicts(Ledger):
    """The journal in a folder, open; a context manager.

    Attributes:
        found: verdicts by the key of their job.

    Raises:
        OutputError: see `Ledger`.
        ToolchainError: there is no Verilator or compiler.
    """

    def __init__(self, folder: Path) -> None:
        self.found: dict[str, Verdict] = {}
        super().__init__(folder / JOURNAL, _FORM, versions())

    def add(self, verdict: Verdict) -> None:
        """Writes one down; that a tool crashed or hung is not remembered."""
        self.found[verdict.key] = verdict
        if verdict.reason != "check failed":
            self._append(asdict(verdict))

    def _take(self, data: Mapping[str, Any], offset: int) -> None:
        reason = data["reason"]
        if reason is not None and reason not in get_args(Reason):
            raise ValueError(reason)
        self.found[str(data["key"])] = Verdict(
            str(data["key"]),
            str(data["module"]),
            int(data["n_bins"]),
            reason,
            str(data["detail"]),
        )


def check_key(row: Row) -> str:
    """A digest of all that a check of the row depends on."""
    said = row_to_json(row)
    about = [said["rtl_files"], said["dut_module_name"]]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Of what verdicts depend on."""
    return {
        "benchwright": metadata.version("benchwright"),
        "verilator": find_toolchain().verilator_version,
        "slang": metadata.version("pyslang"),
    }
