"""The union of data sets: the paper's naive augmentation (LLM4Cov, section 3.4).

It is the baseline that stages are compared with: one training on everything at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchwright_trainer.dataset.reading import DatasetReader, read_dataset
from benchwright_trainer.dataset.samples import Sample
from benchwright_trainer.dataset.writing import SHARD_ROWS, write_samples


def merge_datasets(
    folder: Path,
    parts: Mapping[str, Path],
    *,
    card: Mapping[str, Any],
    force: bool = False,
    shard_rows: int = SHARD_ROWS,
) -> str:
    """Writes all rows of several data sets as one, part after part.

    A row whose prompt and completion an earlier one has is left out. Keys get their part's label in
    front.

    Args:
        folder: as of `write_dataset`, as are `card`, `force` and `shard_rows`. The card also gets
            the hashes of the parts.
        parts: label -> folder of a data set.

    Returns:
        SHA-256 of the samples.

    Raises:
        TrainerError: a part is no data set, or is damaged.
        OutputError: the folder holds something else, or cannot be written.
    """
    readers = {label: read_dataset(place) for label, place in parts.items()}
    about = {label: reader.manifest.sha256 for label, reader in readers.items()}
    return write_samples(
        folder,
        _union(readers),
        {**card, "parts": about},
        force=force,
        shard_rows=shard_rows,
    )


def _union(readers: Mapping[str, DatasetReader]) -> Iterator[Sample]:
    seen: set[bytes] = set()
    for label, reader in readers.items():
        for sample in reader:
            said = json.dumps([sample["prompt"], sample["completion"]]).encode()
            digest = hashlib.sha256(said).digest()
            if digest not in seen:
                seen.add(digest)
                yield sample | {"key": f"{label}/{sample['key']}"}
