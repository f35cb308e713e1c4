"""What is known of a design: the runs that measured it, at one state of its sources.

A `Result` belongs to the key of a `DesignSpec` and to the texts that were run. Each of its parts is
one testbench's or one coverage file's; together they give the coverage and the verdicts, merged as
`benchwright_agent.record.merged` does. A part is replaced when the same testbench is run again;
what was run on other texts makes a result of its own, so that counts of two states of a source are
never added.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from benchwright_agent.record import Record, merged
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_sim.coverage import Coverage

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
        return merged([part.record for part in self.parts], "report")

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
        if any(self.texts.get(file, text) != text for file, text in texts.items()):
            return replace(self, texts=texts, parts=(part,), guards=guards or {}, stamp=stamp)
        others = tuple(old for old in self.parts if old.source != part.source)
        return replace(
            self,
            texts={**self.texts, **texts},
            parts=(*others, part),
            guards={**self.guards, **(guards or {})},
            stamp=stamp,
        )
