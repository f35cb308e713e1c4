"""Options that make no sense are refused with what is legal."""

from __future__ import annotations

from typing import Any

import pytest

from benchwright_trainer.corpus.options import CorpusOptions


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sources": ("a", " ")}, "sources has an empty name; legal: paths"),
        ({"evaluation": ("",)}, "evaluation has an empty name; legal: paths"),
        ({"max_tokens": 0}, "max_tokens is 0; legal: 1 or more"),
        ({"similarity_pct": 101.0}, "similarity_pct is 101.0; legal: 0 to 100"),
        ({"similarity_pct": float("nan")}, "similarity_pct is nan; legal: 0 to 100"),
        ({"limit": 0}, "limit is 0; legal: 1 or more"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CorpusOptions(**options)
