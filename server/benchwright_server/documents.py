"""Texts: what an editor holds in its buffers, and what lies on the disk.

A buffer wins over the file. Paths are real ones (symbolic links followed), since that is how the
simulator names files; URIs are the client's own spelling where it has the document open. A line
ends at LF, CR LF or CR and nowhere else (LSP 3.17, "Text Documents"): `str.splitlines`, which pygls
uses, also ends it at a form feed, and would put every position after one in a wrong place.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from lsprotocol import types as lsp
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec, TextDocument, Workspace

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class LspTextDocument(TextDocument):
    """A buffer with lines as the protocol counts them, split once for each text."""

    _split: tuple[str, tuple[str, ...]] = ("", ())

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines with their ends."""
        source = self.source
        if self._split[0] is not source:
            self._split = (source, split_lines(source))
        return self._split[1]


class LspWorkspace(Workspace):
    """A workspace of such buffers."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> TextDocument:
        return LspTextDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


class Documents:
    """Texts by URI or path.

    Args:
        workspace: gives the workspace; there is none before `initialize`.
    """

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace

    def path(self, uri: str) -> Path | None:
        """The real path of a document, None where it is no file."""
        return _real_path(uri)

    def uri(self, path: Path) -> str:
        """The client's own URI of an open document, else one that is made of the path."""
        return next((uri for uri in self.open_uris() if self.path(uri) == path), path.as_uri())

    def open_uris(self) -> tuple[str, ...]:
        """URIs of all open documents."""
        return tuple(document.uri for document in self._workspace().text_documents.values())

    def open_paths(self) -> tuple[Path, ...]:
        """Real paths of all open documents that are files."""
        return tuple(path for uri in self.open_uris() if (path := self.path(uri)))

    def is_open(self, uri: str) -> bool:
        """Whether the editor has the document open."""
        return self._workspace().get_text_document(uri).version is not None

    def version(self, uri: str) -> int | None:
        """Of an open document's text, as the client counts."""
        return self._workspace().get_text_document(uri).version

    def text(self, uri: str) -> str | None:
        """Of the buffer, else of the file; None where there is neither."""
        if self.is_open(uri):
            return self._workspace().get_text_document(uri).source
        path = self.path(uri)
        return None if path is None else read_text(path)

    def buffer(self, path: Path) -> str | None:
        """The text of a file that is open, None for others."""
        uri = next((uri for uri in self.open_uris() if self.path(uri) == path), None)
        return None if uri is None else self.text(uri)

    def lines(self, uri: str) -> tuple[str, ...]:
        """The lines of a document with their ends; none where there is no such document."""
        if self.is_open(uri):
            return tuple(self._workspace().get_text_document(uri).lines)
        return split_lines(self.text(uri) or "")

    @property
    def codec(self) -> PositionCodec:
        """Turns code points into the client's units, and back."""
        return self._workspace().position_codec

    def position(self, lines: tuple[str, ...], line: int, character: int) -> lsp.Position:
        """A place in code points as the client counts it."""
        text = lines[line] if line < len(lines) else ""
        return lsp.Position(line, self.codec.client_num_units(text[:character]))

    async def overlay(self) -> dict[Path, str]:
        """Texts of open buffers that differ from their files."""
        texts = {path: self.text(uri) or "" for uri in self.open_uris() if (path := self.path(uri))}
        return await asyncio.to_thread(_changed, texts)


def split_lines(text: str) -> tuple[str, ...]:
    """Lines with their ends, as the protocol ends them."""
    return tuple(_LINE.findall(text))


def read_text(path: Path) -> str | None:
    """A file's text as editors read it, None where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return None


def sha_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _changed(texts: Mapping[Path, str]) -> dict[Path, str]:
    return {path: text for path, text in texts.items() if read_text(path) != text}


@lru_cache(maxsize=4096)
def _real_path(uri: str) -> Path | None:
    if not uri.startswith("file:"):
        return None
    text = to_fs_path(uri)
    if not text or "\0" in text:
        return None
    try:
        return Path(text).resolve()
    except (OSError, RuntimeError):
        return None
