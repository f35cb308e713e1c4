"""A trained model's Hugging Face folder as one GGUF file, the form that llama.cpp runs.

Tensors are copied one at a time, so that memory holds one and not the model. The same folder gives
the same bytes. Norms stay in full precision whatever the rest is stored as, as in llama.cpp's own
converter; its quantiser takes the file from here (`quantise`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchwright_agent.models.local.gguf_file import DIALECT_KEY
from benchwright_sim.errors import Location
from benchwright_trainer.architecture import (
    Architecture,
    TensorSpec,
    n_parameters,
    read_architecture,
    tensor_specs,
    write_architecture,
)
from benchwright_trainer.artefact import new_file
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra
from benchwright_trainer.tokenizer import read_tokenizer, write_tokenizer
from benchwright_trainer.weights import Weights, find_weights

if TYPE_CHECKING:
    from gguf import GGUFWriter
    from torch import Tensor

Precision = Literal["f32", "f16", "bf16"]
_HEADER_BYTES = 16 << 20
"""Roughly, for a vocabulary of 150,000 tokens."""


@dataclass(frozen=True, slots=True)
class About:
    """What a GGUF file says of itself.

    Attributes:
        name: of the model; empty for the folder's.
        license: SPDX identifier, empty for none.
        languages: ISO 639 codes.
        description: a sentence.
        dialect: form of prompts that the model was trained on, as the agent's `models.dialect`
            names it; empty for plain text.
    """

    name: str = ""
    license: str = ""
    languages: tuple[str, ...] = ()
    description: str = ""
    dialect: str = ""


def export(
    folder: Path,
    output: Path,
    *,
    precision: Precision = "f16",
    about: About | None = None,
    force: bool = False,
) -> Path:
    """Writes the model in `folder` to the file `output`.

    Args:
        folder: as transformers' `save_pretrained` leaves it, with the tokenizer.
        output: of the GGUF file.
        precision: of the matrices.
        about: names and terms that go into the file.
        force: replace a file that is there.

    Returns:
        `output`.

    Raises:
        TrainerError: the folder holds no model that can be exported.
        OutputError: `output` exists already or cannot be written.
    """
    require_extra("gguf", "safetensors", "tokenizers", "torch")
    if not folder.is_dir():
        raise TrainerError("there is no such folder", location=Location(folder))
    architecture = read_architecture(folder)
    tokenizer = read_tokenizer(folder, architecture.vocab)
    specs = tensor_specs(architecture)
    weights = find_weights(folder, specs, tied=architecture.tied)
    n_bytes = sum(_n_bytes(spec, precision) for spec in specs) + _HEADER_BYTES
    with new_file(output, n_bytes, force=force) as place:
        about = about or About()
        writer = open_writer(place, architecture, about, about.name or folder.resolve().name)
        try:
            _add_file_type(writer, precision)
            write_tokenizer(writer, tokenizer)
            _write_tensors(writer, specs, weights, precision)
        finally:
            writer.close()
    return output


def open_writer(path: Path, architecture: Architecture, about: About, name: str) -> GGUFWriter:
    """A writer whose header says what the model is; the tokenizer and tensors are to come."""
    import gguf  # noqa: PLC0415 - an extra, loaded where a file is written

    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.QWEN3])
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_size_label(gguf.size_label(n_parameters(architecture), 0, 0, 0))
    writer.add_description(about.description)
    writer.add_license(about.license)
    writer.add_languages(about.languages)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    if about.dialect:
        writer.add_string(DIALECT_KEY, about.dialect)
    write_architecture(writer, architecture)
    return writer


def _add_file_type(writer: GGUFWriter, precision: Precision) -> None:
    import gguf  # noqa: PLC0415 - an extra, loaded where a file is written

    types = {
        "f32": gguf.LlamaFileType.ALL_F32,
        "f16": gguf.LlamaFileType.MOSTLY_F16,
        "bf16": gguf.LlamaFileType.MOSTLY_BF16,
    }
    writer.add_file_type(types[precision])


def _write_tensors(
    writer: GGUFWriter, specs: tuple[TensorSpec, ...], weights: Weights, precision: Precision
) -> None:
    """All descriptions first, as the format wants it, then tensor after tensor."""
    import gguf  # noqa: PLC0415 - an extra, loaded where a file is written
    import numpy as np  # noqa: PLC0415 - as above

    types = {
        "f32": gguf.GGMLQuantizationType.F32,
        "f16": gguf.GGMLQuantizationType.F16,
        "bf16": gguf.GGMLQuantizationType.BF16,
    }
    for spec in specs:
        kind = types["f32" if spec.is_norm else precision]
        n_bytes = _n_bytes(spec, precision)
        writer.add_tensor_info(spec.target, spec.shape, np.dtype(np.float32), n_bytes, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for spec in specs:
        tensor = weights.load(spec.source)
        writer.write_tensor_data(_stored(tensor, spec, precision))


def _n_bytes(spec: TensorSpec, precision: Precision) -> int:
    return math.prod(spec.shape) * (4 if spec.is_norm or precision == "f32" else 2)


def _stored(tensor: Tensor, spec: TensorSpec, precision: Precision) -> Any:
    """The tensor's values as a numpy array of the type that the file gets."""
    import torch  # noqa: PLC0415 - an extra, and slow to load

    if spec.is_norm or precision == "f32":
        return tensor.to(torch.float32).numpy()
    if precision == "bf16":
        return tensor.to(torch.bfloat16).contiguous().view(torch.int16).numpy()
    small = tensor.to(torch.float16)
    if not small.isfinite().all():
        raise TrainerError(
            f"{spec.source} has values beyond the range of f16", hint="export it as bf16"
        )
    return small.numpy()
