"""What became of every design that was read: the files beside a corpus.

`dropped.jsonl` has a line for each that is left out, `report.json` the counts, the options and what
the corpus depends on, `report.md` the same for people. None holds a time.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, get_args

from benchwright_sim.errors import OutputError
from benchwright_trainer.corpus.candidate import Dropped, Reason
from benchwright_trainer.corpus.designs_file import DESIGNS, Entry, entry_line, write_lines
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.sources import source_label
from benchwright_trainer.differences import differences

DROPPED, REPORT, REPORT_TEXT = "dropped.jsonl", "report.json", "report.md"
FORMAT, VERSION = "benchwright-corpus", 1

_EXAMPLES = 5
_NEAREST = 40


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """A corpus that was built.

    Attributes:
        folder: that holds it.
        n_read: designs and what should have been some.
        n_kept: designs of the corpus.
        dropped: how many were left out, by reason, in the order of the reasons.
        n_tokens: of all designs that are kept.
        n_checked: designs that were built in this call; the others' verdicts were known.
        n_pairs: of files that were compared with evaluation suites' files.
        sha256: of `designs.jsonl`.
    """

    folder: Path
    n_read: int
    n_kept: int
    dropped: Mapping[Reason, int]
    n_tokens: int
    n_checked: int
    n_pairs: int
    sha256: str


def write_corpus(
    folder: Path,
    entries: Sequence[Entry],
    dropped: Sequence[Dropped],
    options: CorpusOptions,
    versions: Mapping[str, str],
    *,
    n_checked: int,
    n_pairs: int,
) -> CorpusSummary:
    """Writes all files of a corpus; `report.json` comes last.

    Raises:
        OutputError: there is no room, or no permission.
    """
    sha256 = write_lines(folder / DESIGNS, map(entry_line, entries))
    write_lines(folder / DROPPED, map(_dropped_line, dropped))
    reasons = Counter(one.reason for one in dropped)
    summary = CorpusSummary(
        folder,
        n_read=len(entries) + len(dropped),
        n_kept=len(entries),
        dropped={reason: reasons[reason] for reason in get_args(Reason) if reasons[reason]},
        n_tokens=sum(entry.tokens for entry in entries),
        n_checked=n_checked,
        n_pairs=n_pairs,
        sha256=sha256,
    )
    write_lines(folder / REPORT_TEXT, _text(summary, entries, dropped))
    report = _report(summary, entries, dropped, options, versions)
    write_lines(folder / REPORT, [json.dumps(report, indent=2)])
    return summary


def check_options(folder: Path, options: CorpusOptions) -> None:
    """Whether a folder is free for a corpus of these options.

    Raises:
        OutputError: it holds a corpus of other ones.
    """
    try:
        before = json.loads((folder / REPORT).read_text("utf-8"))["options"]
        changed = differences(before, json.loads(json.dumps(_shared(options))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if changed:
        raise OutputError(
            f"the folder {folder} holds a corpus of other options",
            details=changed,
            hint="name another folder, or remove this one",
        )


def _dropped_line(one: Dropped) -> str:
    value = {key: getattr(one, key) for key in ("source", "id", "place", "reason", "detail")}
    if one.near is not None:
        value |= dict(zip(("file", "against", "similarity_pct"), one.near, strict=True))
    return json.dumps(value, ensure_ascii=False)


def _report(
    summary: CorpusSummary,
    entries: Sequence[Entry],
    dropped: Sequence[Dropped],
    options: CorpusOptions,
    versions: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "sha256": summary.sha256,
        "n_read": summary.n_read,
        "n_kept": summary.n_kept,
        "n_tokens": summary.n_tokens,
        "n_compared_pairs": summary.n_pairs,
        "dropped": dict(summary.dropped),
        "sources": {
            source: {"kept": kept, "dropped": left_out}
            for source, kept, left_out in _by_source(entries, dropped)
        },
        "options": _shared(options),
        "versions": dict(versions),
    }


def _shared(options: CorpusOptions) -> dict[str, Any]:
    """The options, with sources called as everywhere else: not by this machine's paths."""
    values = dataclasses.asdict(options)
    return values | {key: list(map(source_label, values[key])) for key in ("sources", "evaluation")}


def _by_source(
    entries: Sequence[Entry], dropped: Sequence[Dropped]
) -> Iterator[tuple[str, int, int]]:
    kept = Counter(str(entry.meta["source"]) for entry in entries)
    left_out = Counter(one.source for one in dropped)
    for source in sorted(kept.keys() | left_out.keys()):
        yield source, kept[source], left_out[source]


def _text(
    summary: CorpusSummary, entries: Sequence[Entry], dropped: Sequence[Dropped]
) -> Iterator[str]:
    tokens = sorted(entry.tokens for entry in entries)
    yield "# Corpus"
    yield ""
    yield (
        f"{summary.n_kept} of {summary.n_read} designs, {summary.n_tokens} tokens"
        f" ({tokens[0]} to {tokens[-1]} a design, median {median(tokens):g})."
    )
    yield f"SHA-256 of `{DESIGNS}`: `{summary.sha256}`"
    yield ""
    yield from _table(("source", "kept", "left out"), _by_source(entries, dropped))
    if summary.dropped:
        yield "## Left out"
        yield ""
        yield from _table(("why", "designs", "for example"), _why(summary, dropped))
    near = sorted(
        (one for one in dropped if one.near is not None), key=lambda one: (-_pct(one), one.number)
    )
    if near:
        yield "## Like an evaluation suite's file"
        yield ""
        rows = ((one.id, *_near(one)) for one in near[:_NEAREST])
        yield from _table(("design", "file", "is like", "ROUGE-L"), rows)
        if len(near) > _NEAREST:
            yield f"And {len(near) - _NEAREST} more, see `{DROPPED}`."


def _why(summary: CorpusSummary, dropped: Sequence[Dropped]) -> Iterator[tuple[str, int, str]]:
    for reason, n in summary.dropped.items():
        some = [one.id or one.place for one in dropped if one.reason == reason][:_EXAMPLES]
        yield reason, n, ", ".join(some)


def _pct(one: Dropped) -> float:
    return one.near[2] if one.near else 0.0


def _near(one: Dropped) -> tuple[str, str, str]:
    file, against, pct = one.near or ("", "", 0.0)
    return file, against, f"{pct:.1f} %"


def _table(head: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
    yield ""
