"""A GGUF file with smaller weights, by llama.cpp's quantiser in a process of its own.

`Q4_K_M` is what runs on a laptop: 4 to 6 bits a weight in blocks of 256. `Q8_0` loses next to
nothing, in blocks of 32. Where the rows of a matrix are no whole number of blocks, llama.cpp would
take another type without a word; that is refused here.

The quantiser ends the whole process when it meets what it does not expect, so it gets one of its
own: `python -m benchwright_trainer.quantise SOURCE OUTPUT KIND THREADS`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from benchwright_agent.models.local.gguf_file import GgufInfo, read_gguf
from benchwright_agent.models.model import ModelError
from benchwright_sim import process
from benchwright_sim.errors import Location
from benchwright_trainer.artefact import new_file
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra

Quantisation = Literal["Q4_K_M", "Q8_0"]

_BLOCK = {"Q4_K_M": 256, "Q8_0": 32}
_BITS = {"Q4_K_M": 5.0, "Q8_0": 8.6}
"""For each weight on average, somewhat above what large models get."""
_HEADER_BYTES = 16 << 20
_BUFFER_BYTES = 1 << 30
_WHOLE = ("F32", "F16", "BF16")
_SLOWEST_WEIGHTS_PER_S = 200_000
_START_S = 120


def quantise(
    source: Path,
    output: Path,
    *,
    quantisation: Quantisation = "Q4_K_M",
    threads: int | None = None,
    force: bool = False,
) -> Path:
    """Writes the model in `source`, which is not quantised, to `output`.

    Args:
        source: as `export` makes it.
        output: of the new file.
        quantisation: of most weights.
        threads: that work; None for one a core.
        force: replace a file that is there.

    Returns:
        `output`.

    Raises:
        TrainerError: `source` is no such model, its widths do not fit, or the quantiser failed.
        OutputError: `output` exists already or cannot be written.
    """
    require_extra("gguf", "llama_cpp")
    info = _read(source)
    if info.quantisation not in _WHOLE:
        raise TrainerError(
            f"the model is quantised already ({info.quantisation})",
            location=Location(source),
            hint="start from the file that was exported as f16",
        )
    _check_widths(source, quantisation)
    n_bytes = int(info.parameters * _BITS[quantisation] / 8) + _HEADER_BYTES
    with new_file(output, n_bytes, force=force) as place:
        _run(info, place, quantisation, threads or os.cpu_count() or 1)
        made = _read(place)
        if (made.quantisation, made.parameters) != (quantisation, info.parameters):
            raise TrainerError(
                f"the quantiser wrote {made.parameters} weights as {made.quantisation}, "
                f"not {info.parameters} as {quantisation}",
                location=Location(source),
            )
    return output


def _read(path: Path) -> GgufInfo:
    try:
        return read_gguf(path)
    except ModelError as error:
        raise TrainerError(error.message, location=error.location, hint=error.hint) from error


def _check_widths(path: Path, quantisation: Quantisation) -> None:
    import gguf  # noqa: PLC0415 - an extra, loaded where a file is read

    block = _BLOCK[quantisation]
    for tensor in gguf.GGUFReader(path).tensors:
        width = int(tensor.shape[0])
        if len(tensor.shape) > 1 and width % block:
            raise TrainerError(
                f"rows of {tensor.name} have {width} weights, no multiple of {block}, "
                f"which {quantisation} needs",
                location=Location(path),
                hint="use Q8_0" if width % _BLOCK["Q8_0"] == 0 else "",
            )


def _run(info: GgufInfo, output: Path, quantisation: Quantisation, threads: int) -> None:
    arguments = [str(info.path.resolve()), str(output.resolve()), quantisation, str(threads)]
    done = process.run(
        [sys.executable, "-P", "-m", __name__, *arguments],
        cwd=output.parent,
        timeout_s=_START_S + info.parameters / _SLOWEST_WEIGHTS_PER_S,
    )
    if not done.ok:
        why = "it took too long" if done.timed_out else done.killed_by or f"exit {done.returncode}"
        raise TrainerError(
            f"the quantiser failed: {why}",
            location=Location(info.path),
            details=tuple(done.output.splitlines()[-5:]),
        )


def _main(source: str, output: str, quantisation: str, threads: str) -> int:
    import llama_cpp  # noqa: PLC0415 - an extra, loaded in the child process only

    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{quantisation}")
    options.nthread = int(threads)
    options.max_buf_size = _BUFFER_BYTES
    return int(llama_cpp.llama_model_quantize(source.encode(), output.encode(), options) != 0)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
