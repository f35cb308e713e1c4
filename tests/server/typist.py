"""A user at the keyboard, for soak tests: edits at random, and every text that the server was told.

An edit is a comment, a blank line, garbage, a cut, several changes at once, another file end, or an
undo; those that do not hurt keep the file a design. Files are closed, opened, saved, renamed,
deleted and written by others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from lsprotocol import types as lsp

from tests.server.editor import Editor

LINE_END = re.compile(r"\r\n|\n|\r")
_ODD = ("", "é ü", "😀", "\f", "\u2028", "\t// `x`", "/* */", "'\"'")
_GARBAGE = ("endmodule\n", "begin ", "\n`ifdef X\n", "module m(", "(*", "/*", '"', "\x00", "?;")


def lines_of(text: str) -> list[str]:
    """The lines of a text as the protocol ends them, without their ends."""
    return LINE_END.split(text)


def units(text: str) -> int:
    """Length of a text as the client counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Sheet:
    """One source file, as the typist has it.

    Attributes:
        path: where it is now.
        original: its text at the beginning.
        sound: its last text that is a design.
        text: of the buffer, or of the file where it is closed.
        opened: whether a buffer holds it.
        told: version -> text, of all that the server was told.
    """

    def __init__(self, path: Path) -> None:
        self.home = self.path = path
        self.original = self.sound = self.text = path.read_text("utf-8")
        self.opened = False
        self.told: dict[int, str] = {}
        self._before: list[str] = []

    @property
    def uri(self) -> str:
        """Of the file where it is now."""
        return self.path.as_uri()

    @property
    def identifier(self) -> lsp.TextDocumentIdentifier:
        """For requests."""
        return lsp.TextDocumentIdentifier(self.uri)


class Typist:
    """Edits the sheets of an editor.

    Args:
        editor: whose server is told.
        files: that are edited.
        random: every choice.
        wrote: told of each new text of a file or its buffer.
    """

    def __init__(
        self,
        editor: Editor,
        files: list[Path],
        random: Random,
        wrote: Callable[[Sheet, str], None],
    ) -> None:
        self._editor = editor
        self._random = random
        self._wrote = wrote
        self._n_edits = 0
        self._n_versions = 0
        self.sheets = [Sheet(file) for file in files]
        for sheet in self.sheets:
            self.open(sheet)

    def edit(self, sheet: Sheet) -> None:
        """Changes a buffer in one of many ways."""
        self._n_edits += 1
        kinds = {
            self._comment_above: 30,
            self._comment_behind: 15,
            self._blank: 10,
            self._uncomment: 12,
            self._cut: 7,
            self._garbage: 7,
            self._several: 5,
            self._whole: 3,
            self._undo: 18,
            self.mend: 6,
        }
        self._random.choices(list(kinds), list(kinds.values()))[0](sheet)

    def mend(self, sheet: Sheet) -> None:
        """Makes a buffer a design again."""
        if self._random.random() < 0.1:
            sheet.sound = sheet.original
        self._replace(sheet, sheet.sound)

    def open(self, sheet: Sheet) -> None:
        """Opens a file in a buffer."""
        if sheet.path.exists():
            sheet.text = sheet.path.read_bytes().decode("utf-8")
        sheet.opened = True
        self._n_versions += 1
        sheet.told[self._n_versions] = sheet.text
        item = lsp.TextDocumentItem(sheet.uri, "systemverilog", self._n_versions, sheet.text)
        self._editor.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        self._wrote(sheet, sheet.text)

    def close(self, sheet: Sheet) -> None:
        """Closes a buffer; what was not saved is lost."""
        sheet.opened = False
        self._editor.text_document_did_close(lsp.DidCloseTextDocumentParams(sheet.identifier))

    def save(self, sheet: Sheet) -> None:
        """Writes a buffer to its file."""
        self._write(sheet, sheet.text)
        self._editor.text_document_did_save(lsp.DidSaveTextDocumentParams(sheet.identifier))

    def write(self, sheet: Sheet) -> None:
        """Another program writes the file."""
        self._write(sheet, f"// {self._odd()} written\n{sheet.sound}")

    def delete(self, sheet: Sheet) -> None:
        """Another program deletes the file."""
        sheet.path.unlink(missing_ok=True)
        self._tell((sheet.path, lsp.FileChangeType.Deleted))

    def rename(self, sheet: Sheet) -> None:
        """Moves a file away, or home again."""
        old = sheet.path
        if self._random.random() < 0.3 or not old.exists():
            return
        was_open = sheet.opened
        if was_open:
            self.close(sheet)
        sheet.path = old.with_name(f"moved_{old.name}") if old == sheet.home else sheet.home
        old.rename(sheet.path)
        self._tell((old, lsp.FileChangeType.Deleted), (sheet.path, lsp.FileChangeType.Created))
        if was_open:
            self.open(sheet)

    def settle(self) -> None:
        """Brings every file home, saved, open and a design."""
        for sheet in self.sheets:
            if sheet.path != sheet.home:
                if sheet.opened:
                    self.close(sheet)
                if sheet.path.exists():
                    sheet.path.rename(sheet.home)
                self._tell((sheet.path, lsp.FileChangeType.Deleted))
                sheet.path = sheet.home
            if not sheet.path.exists():
                self._write(sheet, sheet.sound)
            if not sheet.opened:
                self.open(sheet)
            self.mend(sheet)
            self.save(sheet)

    def _comment_above(self, sheet: Sheet) -> None:
        line = self._random.randrange(len(lines_of(sheet.text)))
        self._harmless(sheet, line, 0, 0, f"// {self._odd()} edit {self._n_edits}\n")

    def _comment_behind(self, sheet: Sheet) -> None:
        lines = lines_of(sheet.text)
        line = self._random.randrange(len(lines))
        end = len(lines[line])
        self._harmless(sheet, line, end, end, f" // {self._odd()} edit {self._n_edits}")

    def _blank(self, sheet: Sheet) -> None:
        line = self._random.randrange(len(lines_of(sheet.text)))
        self._harmless(sheet, line, 0, 0, self._random.choice(("\n", "\r\n", "  \n\n\n")))

    def _uncomment(self, sheet: Sheet) -> None:
        """Removes the text of one of our comments."""
        lines = lines_of(sheet.text)
        ours = [n for n, text in enumerate(lines) if re.search("// .*edit", text)]
        if ours:
            line = self._random.choice(ours)
            self._harmless(sheet, line, lines[line].rindex("// "), len(lines[line]), "")

    def _cut(self, sheet: Sheet) -> None:
        first = self._random.randrange(len(sheet.text) + 1)
        self._change(sheet, (first, min(first + self._random.randrange(80), len(sheet.text)), ""))

    def _garbage(self, sheet: Sheet) -> None:
        place = self._random.randrange(len(sheet.text) + 1)
        self._change(sheet, (place, place, self._random.choice(_GARBAGE)))

    def _several(self, sheet: Sheet) -> None:
        text, changes = sheet.text, []
        for number in range(3):
            starts = [0, *(found.end() for found in LINE_END.finditer(text))]
            place = self._random.choice(starts)
            changes.append((place, place, f"// edit {self._n_edits}.{number}\n"))
            text = _changed(text, changes[-1])
        self._change(sheet, *changes)

    def _whole(self, sheet: Sheet) -> None:
        """Sends the whole text, with other line ends."""
        end = self._random.choice(("\n", "\r\n"))
        was_sound = sheet.text == sheet.sound
        self._told(sheet, end.join(lines_of(sheet.text)), None)
        if was_sound:
            sheet.sound = sheet.text

    def _undo(self, sheet: Sheet) -> None:
        if sheet._before:
            self._replace(sheet, sheet._before.pop())
            del sheet._before[-1:]

    def _harmless(self, sheet: Sheet, line: int, first: int, last: int, new: str) -> None:
        start = [0, *(found.end() for found in LINE_END.finditer(sheet.text))][line]
        was_sound = sheet.text == sheet.sound
        self._change(sheet, (start + first, start + last, new))
        if was_sound:
            sheet.sound = sheet.text

    def _replace(self, sheet: Sheet, text: str) -> None:
        """Makes one change of what differs between two texts."""
        old, first = sheet.text, 0
        while first < min(len(old), len(text)) and old[first] == text[first]:
            first += 1
        last = 0
        while last < min(len(old), len(text)) - first and old[-1 - last] == text[-1 - last]:
            last += 1
        self._change(sheet, (first, len(old) - last, text[first : len(text) - last]))

    def _change(self, sheet: Sheet, *changes: tuple[int, int, str]) -> None:
        """Changes parts of a buffer, each a part of what the ones before have left."""
        parts: list[lsp.TextDocumentContentChangeEvent] = []
        text = sheet.text
        for first, last, new in changes:
            start, end = _between_lines(text, first), _between_lines(text, last)
            asked = lsp.Range(_position(text, start), _position(text, end))
            parts.append(lsp.TextDocumentContentChangePartial(asked, new))
            text = _changed(text, (start, end, new))
        self._told(sheet, text, parts)

    def _told(
        self, sheet: Sheet, text: str, parts: list[lsp.TextDocumentContentChangeEvent] | None
    ) -> None:
        sheet._before = [*sheet._before[-20:], sheet.text]
        sheet.text = text
        self._n_versions += 1
        sheet.told[self._n_versions] = text
        for old in list(sheet.told)[:-200]:
            del sheet.told[old]
        self._editor.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(uri=sheet.uri, version=self._n_versions),
                parts or [lsp.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        self._wrote(sheet, text)

    def _write(self, sheet: Sheet, text: str) -> None:
        """Writes a file; `sheet.text` is the buffer's where there is one."""
        sheet.path.write_bytes(text.encode("utf-8"))
        if not sheet.opened:
            sheet.text = text
        self._wrote(sheet, text)
        self._tell((sheet.path, lsp.FileChangeType.Changed))

    def _tell(self, *changes: tuple[Path, lsp.FileChangeType]) -> None:
        events = [lsp.FileEvent(path.as_uri(), kind) for path, kind in changes]
        self._editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(events))

    def _odd(self) -> str:
        return self._random.choice(_ODD)


def _changed(text: str, change: tuple[int, int, str]) -> str:
    first, last, new = change
    return text[:first] + new + text[last:]


def _between_lines(text: str, offset: int) -> int:
    """A place in a text that a client can name: one inside of CR LF is before it."""
    return offset - (text[offset - 1 : offset + 1] == "\r\n")


def _position(text: str, offset: int) -> lsp.Position:
    starts = [0, *(found.end() for found in LINE_END.finditer(text))]
    line = max(number for number, start in enumerate(starts) if start <= offset)
    content = lines_of(text)[line]
    return lsp.Position(line, units(content[: offset - starts[line]]))
