"""The weights of a model's folder: safetensors, in one file or in shards, read tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchwright_sim.errors import Location
from benchwright_trainer.architecture import TensorSpec
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.json_file import read_json

if TYPE_CHECKING:
    from torch import Tensor

_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_FLOATS = ("F32", "F16", "BF16")
_N_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Weights:
    """Where each tensor lies.

    Attributes:
        files: by the tensor's name.
    """

    files: Mapping[str, Path]

    def load(self, name: str) -> Tensor:
        """A tensor, as it is stored.

        Raises:
            TrainerError: the file can no longer be read, or the tensor holds what is no number.
        """
        import safetensors  # noqa: PLC0415 - an extra, loaded where a model is read

        path = self.files[name]
        try:
            with safetensors.safe_open(str(path), "pt") as file:
                tensor: Tensor = file.get_tensor(name)
        except (OSError, safetensors.SafetensorError) as error:
            raise _damaged(path, error) from error
        if not tensor.isfinite().all():
            raise TrainerError(
                f"{name} holds values that are not finite",
                location=Location(path),
                hint="the training has diverged; take an earlier checkpoint",
            )
        return tensor


def find_weights(folder: Path, specs: Sequence[TensorSpec], *, tied: bool) -> Weights:
    """Finds every tensor of a model, and that there are no others.

    Args:
        folder: of the model.
        specs: what it must have.
        tied: an output layer that is stored none the less is left aside, as transformers does.

    Raises:
        TrainerError: a file is missing or damaged; a tensor is missing, unexpected, or has
            another shape or type than it should.
    """
    files: dict[str, Path] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for path in _shards(folder):
        for name, shape in _header(path).items():
            if name in files:
                raise TrainerError(f"{name} is also in {files[name]}", location=Location(path))
            files[name], shapes[name] = path, shape
    if tied:
        shapes.pop("lm_head.weight", None)
    wanted = {spec.source: spec.shape for spec in specs}
    place = Location(folder)
    if missing := [name for name in wanted if name not in shapes]:
        raise TrainerError(f"tensors are missing: {_shown(missing)}", location=place)
    if extra := [name for name in shapes if name not in wanted]:
        raise TrainerError(f"tensors are unexpected: {_shown(extra)}", location=place)
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise TrainerError(
                f"{name} has the shape {shapes[name]}, but config.json makes it {shape}",
                location=Location(files[name]),
            )
    return Weights(files)


def _shards(folder: Path) -> list[Path]:
    single, index = folder / _SINGLE, folder / _INDEX
    if single.exists():
        return [single]
    if not index.exists():
        others = sorted(path.name for path in folder.glob("pytorch_model*.bin"))
        found = f"; {', '.join(others)} may run code when loaded" if others else ""
        raise TrainerError(
            f"there is neither {_SINGLE} nor {_INDEX}{found}",
            location=Location(folder),
            hint="save the model with transformers' save_pretrained",
        )
    names = set(read_json(index).part("weight_map").values.values())
    if not names or any(not isinstance(name, str) or Path(name).name != name for name in names):
        raise TrainerError("its weight_map names no files beside it", location=Location(index))
    return [folder / name for name in sorted(names)]


def _header(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor in a file."""
    import safetensors  # noqa: PLC0415 - an extra, loaded where a model is read

    shapes = {}
    try:
        with safetensors.safe_open(str(path), "pt") as file:
            for name in file.keys():  # noqa: SIM118 - not a mapping
                part = file.get_slice(name)
                if part.get_dtype() not in _FLOATS:
                    raise TrainerError(
                        f"{name} is stored as {part.get_dtype()}, not {', '.join(_FLOATS)}",
                        location=Location(path),
                        hint="export the model before it is quantised",
                    )
                shapes[name] = tuple(part.get_shape())
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path, error) from error
    return shapes


def _damaged(path: Path, error: Exception) -> TrainerError:
    return TrainerError(f"it is missing or damaged: {error}", location=Location(path))


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _N_SHOWN} more" if len(names) > _N_SHOWN else ""
    return ", ".join(names[:_N_SHOWN]) + more
