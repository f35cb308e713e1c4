"""What a model is told about an attempt: bounded text, the most useful part first.

A failed attempt gives its errors with the lines of the testbench that they point at, or the end of
the log. One that ran gives its coverage and the open bins by place. Everything is cut to a number
of tokens that `count` measures; the same attempt gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchwright_agent.prompts.open_bins import Place, listing, open_places
from benchwright_agent.protocol.task import Attempt, Task
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage, percent
from benchwright_sim.points import relative_name
from benchwright_sim.simulation import Feedback
from benchwright_sim.verilate import Diagnostic

Count = Callable[[str], int]
Explain = Callable[[Sequence[Bin]], Mapping[Bin, str]]

_MAX_PLACES = 150
_MAX_EXPLAINED = 60
_MAX_ERRORS = 20
_MAX_LOG_LINES = 40
_MAX_TELLING = 10
_MAX_LINE = 240
_TELLING = re.compile(r"%(?:Error|Fatal)")
_HEADS = {
    "compile_error": "The testbench does not compile. The first error comes first; later ones may "
    "follow from it.",
    "timeout": "The simulation did not end in time and was stopped. Bound every wait and loop, "
    "shorten the run, and call $finish.",
    "runtime_error": "The simulation failed while it ran.",
    "no_progress": "The testbench holds a loop without any delay, which never ends. Put a clock "
    "edge or a delay into it.",
    "refused": "The testbench was refused and not run.",
    "no_testbench": "The last answer could not be used.",
}


def feedback_text(
    attempt: Attempt,
    task: Task,
    count: Count,
    budget_tokens: int,
    explain: Explain | None = None,
) -> str:
    """What became of an attempt, in words for a model.

    Args:
        attempt: any outcome.
        task: that it was for.
        count: tokens of a text.
        budget_tokens: that the text may have; its first lines are given in any case.
        explain: what uncovered bins need, for those that it knows; asked about a few dozen.
    """
    if attempt.outcome == "ok":
        return _coverage_text(attempt.coverage, task, count, budget_tokens, explain)
    head = _HEADS[attempt.outcome]
    if attempt.reason or attempt.feedback is None:
        reason = attempt.reason.strip()
        return f"{head}\n{_cut(reason, 8 * _MAX_LINE)}" if reason else head
    errors = _errors(attempt, attempt.feedback)
    if errors:
        parts = _error_parts(errors, attempt, task)
        return _fitting(len(parts), lambda n: _first(head, parts, n), count, budget_tokens)
    lines = [_renamed(_cut(text), attempt) for text in attempt.feedback.log.splitlines() if text]
    return _fitting(
        min(len(lines), _MAX_LOG_LINES), lambda n: _last(head, lines, n), count, budget_tokens
    )


def _first(head: str, parts: Sequence[str], n: int) -> str:
    left_out = [f"({len(parts) - n} more errors are left out)"] if n < len(parts) else []
    return "\n".join([head, *parts[:n], *left_out])


def _last(head: str, lines: Sequence[str], n: int) -> str:
    """The end of a log, and before it what it says of errors earlier."""
    if not lines or not n:
        return head
    earlier = [line for line in lines[:-n] if _TELLING.search(line)][:_MAX_TELLING]
    return "\n".join([head, *dict.fromkeys(earlier), "The end of its output:", *lines[-n:]])


def _fitting(n: int, render: Callable[[int], str], count: Count, budget_tokens: int) -> str:
    """The longest of the texts of 0 to `n` parts that fits; that of none in any case."""
    text = render(n)
    if count(text) <= budget_tokens:
        return text
    low, high, best = 0, n, render(0)
    while high - low > 1:
        middle = (low + high) // 2
        text = render(middle)
        if count(text) <= budget_tokens:
            low, best = middle, text
        else:
            high = middle
    return best


def _coverage_text(
    coverage: Coverage, task: Task, count: Count, budget_tokens: int, explain: Explain | None
) -> str:
    head = f"The testbench compiles and runs to its end.\n{_figures(coverage)}"
    n_open = sum(not hits for hits in coverage.values())
    if not n_open:
        return f"{head}\nNothing is left uncovered." if coverage else head
    places = _places(coverage, task)
    shown = places[:_MAX_PLACES]
    why = _explained(shown, explain)

    def render(n: int) -> str:
        n_left = n_open - sum(len(place.bins) for place in shown[:n])
        left_out = [f"({n_left} more uncovered bins are not listed)"] if n_left else []
        title = ["Not covered yet:"] if n else []
        return "\n".join([head, *title, *([listing(shown[:n], why)] if n else []), *left_out])

    return _fitting(len(shown), render, count, budget_tokens)


def _places(coverage: Coverage, task: Task) -> list[Place]:
    from benchwright_agent.prompts.extents import branch_extents  # noqa: PLC0415 - loads slang

    extents = branch_extents(task.files, task.elaboration.design.defines)
    return open_places(coverage, task.files, extents)


def _explained(places: Sequence[Place], explain: Explain | None) -> Mapping[Bin, str]:
    if explain is None:
        return {}
    asked = [place for place in places if not place.is_toggle][:_MAX_EXPLAINED]
    return explain([bin_ for place in asked for bin_ in place.bins])


def _figures(coverage: Coverage) -> str:
    tallies = ", ".join(
        f"{metric} {tally.covered}/{tally.total} ({percent(tally)} %)"
        for metric, tally in coverage.by_metric().items()
    )
    if not tallies:
        return "The design has nothing to cover."
    return f"Covered of the design: {tallies}; average {percent(coverage.overall_average())} %."


def _errors(attempt: Attempt, feedback: Feedback) -> list[Diagnostic]:
    """The diagnostics that an attempt failed of; those of a run are in its log."""
    if attempt.outcome == "no_progress":
        return [d for d in feedback.diagnostics if d.code == "INFINITELOOP"]
    if attempt.outcome in ("compile_error", "refused"):
        return [d for d in feedback.diagnostics if d.severity == "error"]
    return []


def _error_parts(errors: Sequence[Diagnostic], attempt: Attempt, task: Task) -> list[str]:
    """Each error once, with the line that it points at."""
    by_text: dict[str, list[Diagnostic]] = {}
    for error in errors:
        by_text.setdefault(_renamed(error.text, attempt), []).append(error)
    parts = []
    for text, same in list(by_text.items())[:_MAX_ERRORS]:
        first = same[0]
        others = sorted({d.line for d in same[1:] if d.file == first.file} - {first.line})
        also = f" (also on lines {', '.join(map(str, others[:10]))})" if others else ""
        place, excerpt = _excerpt(first, attempt, task)
        parts.append(f"{place}{_cut(text)}{also}{excerpt}")
    return parts


def _excerpt(error: Diagnostic, attempt: Attempt, task: Task) -> tuple[str, str]:
    """Where an error is, and the source line with a mark under the column."""
    if error.file is None:
        return "", ""
    name, text = _source(error.file, attempt, task)
    lines = text.splitlines()
    if not 0 < error.line <= len(lines):
        return f"{name}: ", ""
    code = _cut(lines[error.line - 1].expandtabs(1))
    mark = " " * max(0, min(error.column, _MAX_LINE) - 1) + "^"
    return f"{name}:{error.line}: ", f"\n{error.line:5} | {code}\n      | {mark}"


def _source(path: Path, attempt: Attempt, task: Task) -> tuple[str, str]:
    """Name and text of the file that the simulator names; no text for one that is not shown."""
    draft = attempt.draft
    if draft is not None and path.name == f"{draft.top}.sv" and not path.is_absolute():
        return draft.filename, draft.text
    name = relative_name(path, task.elaboration.design.root)
    texts = {file.name: file.text for file in task.files}
    return name, texts.get(name) or texts.get(path.name, "")


def _renamed(text: str, attempt: Attempt) -> str:
    """The simulator knows the testbench by its top; the model by its file's name."""
    if attempt.draft is None:
        return text
    return re.sub(rf"\b{re.escape(attempt.draft.top)}\.sv\b", attempt.draft.filename, text)


def _cut(text: str, length: int = _MAX_LINE) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
