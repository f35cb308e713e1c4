"""Where a training happens: its folder, the processes or the cluster that do the work, who watches.

No result depends on any of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchwright_trainer.pipeline.progress import OnProgress


@dataclass(frozen=True, slots=True)
class Place:
    """What every step is given.

    Attributes:
        folder: of the run.
        jobs: processes at once, None for one a processor.
        cluster: address of a Ray cluster, None for this machine.
        on_progress: told how far the step is.
        cache: folder of the simulator's results, None for none.
    """

    folder: Path
    jobs: int | None
    cluster: str | None
    on_progress: OnProgress
    cache: Path | None = None
