"""The four splits of generated designs: one to train on, three that hold something back."""

from __future__ import annotations

from typing import Literal

Split = Literal["train", "parameters", "families", "names"]
"""`parameters`: known families with values never trained on; `families`: held-out families;
`names`: known families with words never trained on."""

SPLITS: tuple[Split, ...] = ("train", "parameters", "families", "names")
