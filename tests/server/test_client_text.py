"""Places in a text, in the client's unit."""

from __future__ import annotations

import pytest
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from benchwright_server.features.client_text import ClientText


@pytest.mark.parametrize(("line", "start", "end"), [("  \n", 0, 0), ("", 0, 0), (" a b \n", 1, 4)])
def test_an_extent_never_ends_before_it_starts(line: str, start: int, end: int) -> None:
    text = ClientText([line], PositionCodec())
    for found in (text.extent(0, 0), text.token(0, len(line))):
        assert found == lsp.Range(lsp.Position(0, start), lsp.Position(0, end))
