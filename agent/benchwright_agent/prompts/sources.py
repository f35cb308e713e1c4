"""A design and its documents as text for a model: whole, or in ever shorter forms.

Shortened in this order: documents lose paragraphs from their end, code its comments, submodules
their bodies (those that nothing uses first, then the deepest and longest), submodules go
altogether, the top's body shrinks from its end, and at last only the top's header is left.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchwright_agent.protocol.task import SourceText, Task

_CODE_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|[ \t]*//[^\n]*|[ \t]*/\*.*?\*/', re.S)
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_MAX_NAMES = 12
_ALL = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A form of the design: its text, and what is missing from it."""

    text: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Form:
    """What is kept.

    Attributes:
        n_paragraphs: of the documents, in order.
        comments: of the code.
        n_abridged: modules that have lost their bodies.
        submodules: shown at all.
        top: eighths of its lines that are kept.
        others: packages, interfaces and what else the files hold.
    """

    n_paragraphs: int
    comments: bool = True
    n_abridged: int = 0
    submodules: bool = True
    top: int = _ALL
    others: bool = True


class Sources:
    """The forms of a task's design and documents; number 0 is whole, each one shorter."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._paragraphs = tuple(
            (spec.name, paragraph)
            for spec in task.specs
            for paragraph in _PARAGRAPHS.split(spec.text.strip("\n"))
        )

    def __len__(self) -> int:
        return len(self._forms)

    @cached_property
    def _forms(self) -> Sequence[_Form]:
        n = len(self._paragraphs)
        forms = [_Form(kept) for kept in range(n, -1, -1)]
        last = replace(forms[-1], comments=False)
        forms.append(last)
        forms += [replace(last, n_abridged=k + 1) for k in range(len(self._by_loss))]
        last = replace(last, n_abridged=len(self._by_loss), submodules=False)
        forms += [replace(last, top=eighths) for eighths in range(_ALL, -1, -1)]
        return [*forms, replace(last, top=0, others=False)]

    @cached_property
    def _pieces(self) -> dict[str, list[Piece]]:
        """The files cut at their modules."""
        from benchwright_agent.prompts.pieces import cut_file  # noqa: PLC0415 - loads slang

        defines = self._task.elaboration.design.defines
        return {file.name: cut_file(file.text, defines) for file in self._task.files}

    @cached_property
    def _by_loss(self) -> tuple[str, ...]:
        """Modules in the order in which they lose their bodies; not the top."""
        depths: dict[str, int] = {}
        for instance in self._task.elaboration.instances:
            depth = instance.path.count(".") + bool(instance.path)
            depths[instance.module] = min(depth, depths.get(instance.module, depth))
        sizes = {p.module: len(p.text) for pieces in self._pieces.values() for p in pieces}
        names = set(sizes) - {"", self._task.module}
        unused = 1 + max(depths.values(), default=0)
        return tuple(sorted(names, key=lambda n: (-depths.get(n, unused), -sizes[n], n)))

    def fitting(self, fits: Callable[[Shown], bool]) -> Shown | None:
        """The longest form that fits, None where not even the shortest does; asks seldom."""
        whole = self.shown(0)
        if fits(whole):
            return whole
        number = bisect_left(range(len(self)), True, 1, key=lambda n: fits(self.shown(n)))
        return self.shown(number) if number < len(self) else None

    def shown(self, number: int) -> Shown:
        """A form's text, with a line that says what is missing."""
        if number == 0:
            return Shown(_files(self._task.files) + _documents(self._task.specs))
        form = self._forms[number]
        files = tuple(SourceText(f.name, self._code(f, form)) for f in self._task.files)
        documents = _documents(self._kept_documents(form.n_paragraphs))
        left_out = tuple(self._left_out(form))
        said = f"Left out for want of room: {'; '.join(left_out)}.\n\n"
        shown = [file for file in files if file.text.strip()]
        return Shown(_files(shown) + documents + said, left_out)

    @cached_property
    def _bare_pieces(self) -> dict[str, list[Piece]]:
        """The pieces without comments."""
        return {
            name: [
                Piece(p.module, without_comments(p.text), without_comments(p.header))
                for p in pieces
            ]
            for name, pieces in self._pieces.items()
        }

    def _code(self, file: SourceText, form: _Form) -> str:
        if form.comments:
            return file.text
        abridged = set(self._by_loss[: form.n_abridged])
        kept = []
        for piece in self._bare_pieces[file.name]:
            if piece.module == self._task.module:
                kept.append(piece.beginning(form.top))
            elif not piece.module:
                kept.append(piece.text if form.others else "")
            elif form.submodules:
                kept.append(piece.header if piece.module in abridged else piece.text)
        return "\n".join(text for text in kept if text)

    def _kept_documents(self, n: int) -> list[SourceText]:
        texts: dict[str, list[str]] = {}
        for name, paragraph in self._paragraphs[:n]:
            texts.setdefault(name, []).append(paragraph)
        return [SourceText(name, "\n\n".join(parts)) for name, parts in texts.items()]

    def _left_out(self, form: _Form) -> list[str]:
        n = len(self._paragraphs)
        said = []
        if form.n_paragraphs < n:
            said.append(f"the last {n - form.n_paragraphs} of {n} paragraphs of documents")
        if not form.comments:
            said.append("comments")
        if form.n_abridged and form.submodules:
            said.append(f"the bodies of {_names(self._by_loss[: form.n_abridged])}")
        if not form.submodules and self._by_loss:
            said.append(f"the modules {_names(self._by_loss)}")
        if form.top < _ALL:
            much = f"the last {_ALL - form.top}/{_ALL}" if form.top else "all"
            said.append(f"{much} of the body of {self._task.module}")
        if not form.others:
            said.append("all other declarations")
        return said


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a file: a module, or what stands between modules.

    Attributes:
        module: its name, empty for anything else.
        text: whole.
        header: with its ports and parameters alone.
    """

    module: str
    text: str
    header: str = ""

    def beginning(self, eighths: int) -> str:
        """The first eighths of its lines, but never less than its header."""
        if eighths == _ALL:
            return self.text
        lines = self.text.split("\n")
        n = len(lines) * eighths // _ALL
        if n <= self.header.count("\n") or not self.header:
            return self.header
        return "\n".join([*lines[:n], f"  ... {len(lines) - n} lines", "endmodule"])


def without_comments(code: str) -> str:
    """Code without comments and without lines that are empty."""
    code = _CODE_OR_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " ", code)
    lines = (line.rstrip() for line in code.split("\n"))
    return _EMPTY_LINES.sub("\n", "\n".join(lines)).strip("\n")


def _files(files: Sequence[SourceText]) -> str:
    return "".join(_file(file) for file in files)


def _documents(specs: Sequence[SourceText]) -> str:
    return f"Documents about it:\n\n{_files(specs)}" if specs else ""


def _file(file: SourceText) -> str:
    return f'<file name="{file.name}">\n{file.text.strip(chr(10))}\n</file>\n\n'


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMES])
    return shown + (f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else "")
