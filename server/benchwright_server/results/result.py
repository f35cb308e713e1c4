"""What is known of a design: the runs that measured it, at one state of its sources.

A `Result` belongs to the key of a `DesignSpec` and to the texts that were run. Each of its parts is
one testbench's or one coverage file's; together they give the coverage and the verdicts, merged as
`benchwright_agent.record.merged` does. A part is replaced when the same testbench is run again;
what was run on other texts makes a result of its own, so that counts of two states of a source are
never added.
"""

from __future__ import annotations

import time
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from benchwright_agent.record import Record, merged
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.results.line_map import same_lines
from benchwright_sim.coverage import Coverage
from benchwright_sim.points import relative_name

_OUTSIDE = "<external>/"
"""What `points.relative_name` puts before the name of a file outside of the root."""

PartKind = Literal["generated", "testbench", "imported"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one testbench, or one coverage file, showed.

    Attributes:
        source: the testbench or the coverage file; absolute.
        kind: a testbench of ours, one of the user's, or a file that another flow wrote.
        record: the run.
        finished: when, as ISO 8601.
        written_sha: SHA-256 of the testbench's text as we wrote it, empty when we did not.
    """

    source: Path
    kind: PartKind
    record: Record
    finished: str
    written_sha: str = ""


@dataclass(frozen=True)  # no slots: what is merged is cached on the instance
class Result:
    """All that is known of a design at one state of its sources.

    Attributes:
        spec: the design; `key` names it.
        root: folder that the files of `texts` and of bins are relative to.
        texts: file as bins name it -> text that was run.
        parts: one for each testbench or coverage file, in the order of their first run.
        guards: id of a bin -> what must hold for it, in one line.
        stamp: grows with every change, across processes; the larger the more recent.
    """

    key: str
    spec: DesignSpec
    root: Path
    texts: Mapping[str, str]
    parts: tuple[Part, ...] = ()
    guards: Mapping[str, str] = field(default_factory=dict)
    stamp: int = field(default_factory=time.time_ns)

    @cached_property
    def record(self) -> Record:
        """All parts as one run; its verdicts have the waivers of the time of each run."""
        records = [part.record for part in self.parts]
        return records[0] if len(records) == 1 else merged(records, "report")

    def prepare(self) -> None:
        """Merges the parts now, in a thread perhaps, so that later questions need not."""
        if self.parts:
            _ = self.record

    def file_of(self, path: Path) -> str | None:
        """How bins name a file, None when it was not run."""
        return file_in(path, self.root, self.texts, self.spec)

    def path_of(self, file: str) -> Path | None:
        """The file that bins name so, None for one outside of the root that is not found."""
        if not file.startswith(_OUTSIDE):
            return self.root / file
        name = file.removeprefix(_OUTSIDE)
        found = (folder / name for folder in _folders(self.spec))
        return next((path for path in found if path.is_file()), None)

    @property
    def coverage(self) -> Coverage:
        """Of all parts together."""
        return self.record.coverage

    def with_part(
        self, part: Part, texts: Mapping[str, str], guards: Mapping[str, str] | None = None
    ) -> Result:
        """What is known after one more run, which read `texts`.

        A run that measured nothing changes nothing: what was known stays until it is measured anew.
        """
        if not part.record.coverage:
            return self
        stamp = max(time.time_ns(), self.stamp + 1)
        if not all(same_lines(self.texts.get(file, text), text) for file, text in texts.items()):
            return replace(self, texts=texts, parts=(part,), guards=guards or {}, stamp=stamp)
        others = tuple(old for old in self.parts if old.source != part.source)
        return replace(
            self,
            texts={**self.texts, **texts},
            parts=(*others, part),
            guards={**self.guards, **(guards or {})},
            stamp=stamp,
        )


def file_in(path: Path, root: Path, files: Container[str], spec: DesignSpec) -> str | None:
    """How the bins of a design below `root` name a file, None when it is none of `files`.

    Of files outside of the root bins know the bare name; they count where the design looks for
    them.
    """
    name = relative_name(path, root)
    if name not in files:
        return None
    if name.startswith(_OUTSIDE) and not any(map(path.is_relative_to, _folders(spec))):
        return None
    return name


def _folders(spec: DesignSpec) -> tuple[Path, ...]:
    """Where the files of a design may be."""
    given = (path if path.suffix == "" else path.parent for path in spec.sources)
    lists = (path.parent for path in spec.filelists)
    return (*spec.include_dirs, *spec.library_dirs, *given, *lists)
