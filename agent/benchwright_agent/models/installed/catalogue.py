"""Models that are known by name: what they are, and where their GGUF file comes from.

A file of the Hugging Face hub is downloaded (`download`), and its hash is the one that the hub
states, since its maintainers may convert a model anew. A file inside this package is there already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a model repository on the Hugging Face hub."""

    repository: str
    file: str
    revision: str = "main"

    def __str__(self) -> str:
        return f"hub:{self.repository}/{self.file}"


@dataclass(frozen=True, slots=True)
class BundledFile:
    """One file that this package brings along, in the folder `bundled` beside this module."""

    file: str

    @property
    def path(self) -> Path:
        """Where it lies on this machine."""
        return Path(__file__).parent / "bundled" / self.file

    def __str__(self) -> str:
        return "comes with benchwright"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue.

    Attributes:
        name: what `benchwright model pull` and `use` call it.
        title: its maker's name for it.
        origin: where the file comes from.
        parameters: number of weights.
        quantisation: of the file.
        context_tokens: that the model was trained for.
        size_bytes: of the file; the hub's own figure counts where it differs.
        licence: of the weights, as an SPDX identifier.
    """

    name: str
    title: str
    origin: HubFile | BundledFile
    parameters: int
    quantisation: str
    context_tokens: int
    size_bytes: int
    licence: str


DEFAULT = "qwen3-4b"
"""What `benchwright model pull` downloads."""

SMALL = "nano"
"""What this package brings along, and what is used where nobody chose a model."""

CATALOGUE = {
    entry.name: entry
    for entry in (
        # Its makers publish no GGUF of this version; this conversion is the most used one.
        Entry(
            name=DEFAULT,
            title="Qwen3-4B-Instruct-2507",
            origin=HubFile(
                "unsloth/Qwen3-4B-Instruct-2507-GGUF", "Qwen3-4B-Instruct-2507-Q4_K_M.gguf"
            ),
            parameters=4_022_468_096,
            quantisation="Q4_K_M",
            context_tokens=262_144,
            size_bytes=2_497_281_120,
            licence="apache-2.0",
        ),
        Entry(
            name=SMALL,
            title="Benchwright nano",
            origin=BundledFile("nano-Q8_0.gguf"),
            parameters=3_384_320,
            quantisation="Q8_0",
            context_tokens=4_096,
            size_bytes=3_627_584,
            licence="Apache-2.0",
        ),
    )
}
