"""Variants of the small model's folder, each with something other than it was saved with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.tiny_model import tiny_folder

Edit = Callable[[dict[str, Any]], None]
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


def copy_of_tiny(parent: Path) -> Path:
    """The small model's folder, to be changed."""
    folder = parent / "model"
    folder.mkdir()
    for path in tiny_folder().iterdir():
        shutil.copyfile(path, folder / path.name)
    return folder


def edit(path: Path, change: Edit) -> None:
    """Changes a JSON file's object."""
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), "utf-8")


def setting(**values: Any) -> Edit:
    """Sets keys of an object."""
    return lambda object_: object_.update(values)


def tensors(folder: Path) -> dict[str, Any]:
    """All tensors of a folder with one file."""
    from safetensors.torch import load_file

    return load_file(folder / SINGLE)


def store(folder: Path, content: Mapping[str, Any], name: str = SINGLE) -> None:
    """Writes tensors to a file of the folder."""
    from safetensors.torch import save_file

    save_file(dict(content), folder / name)


def shard(folder: Path, n: int = 3) -> None:
    """Spreads the tensors over several files with an index, in the manner of large models."""
    content = tensors(folder)
    (folder / SINGLE).unlink()
    names = sorted(content)
    files = {f"model-{i + 1:05}-of-{n:05}.safetensors": names[i::n] for i in range(n)}
    for file, part in files.items():
        store(folder, {name: content[name] for name in part}, file)
    weight_map = {name: file for file, part in files.items() for name in part}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def untie(folder: Path) -> None:
    """Gives the model an output layer of its own, unlike its embedding."""
    content = tensors(folder)
    embedding = content["model.embed_tokens.weight"]
    store(folder, content | {"lm_head.weight": embedding.flip(1).contiguous() + embedding})
    edit(folder / "config.json", setting(tie_word_embeddings=False))


def stretch(folder: Path) -> None:
    """Scales positions by YaRN, so that prompts of a hundred tokens are beyond the original."""
    rope = {
        "rope_type": "yarn",
        "rope_theta": 10_000.0,
        "factor": 8.0,
        "original_max_position_embeddings": 64,
    }
    edit(folder / "config.json", setting(rope_parameters=rope, max_position_embeddings=512))
