"""What a training process is told: one JSON object, written before it starts.

A folder of work stands beside the model that will be made: `request.json`, `samples.arrow` with
`samples.json`, `checkpoints/`, `log.jsonl`, `tensorboard/`, and what the process printed. Whoever
starts the same request again goes on from there; a different one begins anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchwright_trainer.json_file import read_json
from benchwright_trainer.sft.options import Dialect, SftOptions
from benchwright_trainer.whole_file import write_whole

Loss = Literal["answers", "all"]
_WHOLE = "whole"
"""A file in a checkpoint whose other files are all written."""


@dataclass(frozen=True, slots=True)
class Request:
    """One training.

    Attributes:
        model: folder, or name on the hub.
        data: a data set's folder, or for `all` a file with a text, or a pair of them, on each line.
        loss: on the answers of samples alone, or on all tokens of texts.
        options: of the training.
        dialect: of the student.
        inputs: hash of what `model` and `data` hold.
    """

    model: str
    data: str
    loss: Loss
    options: SftOptions
    dialect: Dialect = ""
    inputs: str = ""

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of a training's work."""

    folder: Path

    @property
    def request(self) -> Path:
        """What is trained."""
        return self.folder / "request.json"

    @property
    def samples(self) -> Path:
        """The rows that are trained on."""
        return self.folder / "samples.arrow"

    @property
    def counts(self) -> Path:
        """How many they are; written after them."""
        return self.folder / "samples.json"

    @property
    def checkpoints(self) -> Path:
        """Where the trainer keeps them."""
        return self.folder / "checkpoints"

    @property
    def log(self) -> Path:
        """An object for each event, one a line."""
        return self.folder / "log.jsonl"

    @property
    def model(self) -> Path:
        """The trained model until it is moved to its place."""
        return self.folder / "model"

    @property
    def printed(self) -> Path:
        """What the process and its libraries print."""
        return self.folder / "output.txt"

    def is_of(self, request: Request) -> bool:
        """Whether the folder holds work on this very request."""
        return self.request.exists() and self.request.read_text("utf-8") == request.text()

    def claim(self, request: Request) -> None:
        """Makes the folder ready for a request; work on another one is removed.

        Raises:
            OSError, OutputError: the folder cannot be written.
        """
        if not self.is_of(request):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            write_whole(self.request, request.text())
        shutil.rmtree(self.model, ignore_errors=True)
        self._forget_after(self.last_step())

    def last_checkpoint(self) -> Path | None:
        """The last one that was written whole."""
        found = {
            int(path.parent.name.rpartition("-")[2]): path.parent
            for path in self.checkpoints.glob(f"checkpoint-*/{_WHOLE}")
        }
        return found[max(found)] if found else None

    def last_step(self) -> int:
        """Of that checkpoint, 0 for none."""
        checkpoint = self.last_checkpoint()
        return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0

    def seal(self, step: int) -> None:
        """Marks a checkpoint as whole."""
        (self.checkpoints / f"checkpoint-{step}" / _WHOLE).touch()

    def events(self) -> list[dict[str, Any]]:
        """The log; a last line that is not whole is left out."""
        if not self.log.exists():
            return []
        lines = self.log.read_text("utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def _forget_after(self, step: int) -> None:
        """Keeps the log up to where the training goes on, so that no step is in it twice."""
        if self.log.exists():
            kept = [
                event
                for event in self.events()
                if event["event"] != "error" and event.get("step", 0) <= step
            ]
            write_whole(self.log, "".join(json.dumps(event) + "\n" for event in kept))


def read_request(path: Path) -> Request:
    """The request in a file.

    Raises:
        TrainerError: it cannot be read.
    """
    values = read_json(path).values
    return Request(**(values | {"options": SftOptions(**values["options"])}))


def fingerprint(folder: Path) -> str:
    """Changes when files directly in a folder do, by their names, sizes and times."""
    entries = sorted(
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.iterdir()
        if path.is_file()
    )
    return hashlib.sha256(repr(entries).encode()).hexdigest()
