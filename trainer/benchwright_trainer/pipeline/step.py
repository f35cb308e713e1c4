"""A step of a training: what it needs, what it depends on, and what it makes in the run's folder.

A step's inputs are its own terms and the outputs of the steps that it needs, as hashes; so a step
that is done stays done as long as nothing that it depends on has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchwright_trainer.pipeline.place import Place

VERSION = 1
"""Of what steps make; another one makes every step anew."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a step has made.

    Attributes:
        output: hash of what later steps depend on.
        figures: name -> what people want to know of it, in the order to show it.
    """

    output: str
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: unique, as `stage0.rollouts`.
        folders: below the run's, that are its own and go when it begins anew; what other steps
            take of it is in the first one.
        needs: names of steps that come before.
        terms: plain JSON values that what it makes depends on.
        run: makes it; called again after an interruption, it goes on with what its folders hold.
        journal: it also goes on where something was lost of what it had made.
    """

    name: str
    folders: tuple[str, ...]
    needs: tuple[str, ...]
    terms: Mapping[str, Any]
    run: Callable[[Place], Made]
    journal: bool = False

    def inputs(self, outputs: Mapping[str, str]) -> str:
        """Hash of all that the step depends on.

        Args:
            outputs: of the steps that it needs, by name.
        """
        needed = {name: outputs[name] for name in self.needs}
        return digest({"step": self.name, "version": VERSION, "terms": self.terms, "needs": needed})


def digest(value: Any) -> str:
    """sha256 of plain JSON values."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_files(folder: Path, pattern: str = "**/*") -> str:
    """sha256 over names and contents of files below a folder, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.glob(pattern) if path.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
