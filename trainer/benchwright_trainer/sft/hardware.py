"""What a training may run on: this machine's processors, or GPUs by name for a plan."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import psutil

from benchwright_sim import process
from benchwright_trainer.errors import TrainerError

_BF16_FLOPS = {
    "B200": 2250e12, "H200": 989e12, "H100": 989e12, "GH200": 989e12, "A100": 312e12,
    "L40S": 362e12, "A6000": 155e12, "A10": 125e12, "4090": 165e12, "3090": 71e12,
}  # fmt: skip
"""Dense, with f32 sums, as in the makers' data sheets."""
_OTHER_FLOPS = 100e12
_SHARE_USED = 0.4
"""Of these, in training of models of some billion weights with long rows."""
_THREAD_FLOPS = {"bf16": 90e9, "f32": 60e9}
"""Of a processor with AVX-512, measured with models of 2 to 25 million weights."""
_BF16_FLAGS = ("avx512_bf16", "amx_bf16")
_CPU_RESERVE_BYTES = 600 << 20
"""For the process and its libraries."""
_GPU_RESERVE_BYTES = 2 << 30
_ASK = """\
import json, torch
devices = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
print(json.dumps([[device.name, device.total_memory] for device in devices]))
"""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Equal devices.

    Attributes:
        kind: of them.
        name: in words.
        n: devices for a GPU, threads for a CPU.
        memory_bytes: of each GPU, or of the machine.
        flops: operations a second that training gets out of one device or thread.
    """

    kind: Literal["cpu", "gpu"]
    name: str
    n: int
    memory_bytes: int
    flops: float

    @property
    def reserve_bytes(self) -> int:
        """Memory that is taken whatever is trained."""
        return _GPU_RESERVE_BYTES if self.kind == "gpu" else _CPU_RESERVE_BYTES


def gpus_named(name: str, memory_gib: int, n: int = 1) -> Hardware:
    """GPUs that need not be here, such as `A100` with 80 GiB."""
    flops = next((flops for key, flops in _BF16_FLOPS.items() if key in name), _OTHER_FLOPS)
    return Hardware("gpu", name, n, memory_gib << 30, flops * _SHARE_USED)


def cpu(n_threads: int = 0, *, bf16: bool = True) -> Hardware:
    """This machine's processor, with the memory that is free now."""
    n = n_threads or os.cpu_count() or 1
    free_bytes = psutil.virtual_memory().available
    return Hardware("cpu", f"{n} threads", n, free_bytes, _THREAD_FLOPS["bf16" if bf16 else "f32"])


def computes_bf16() -> bool:
    """Whether this processor has instructions for bf16, without which it is slower than f32."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text("utf-8").split() if info.exists() else []
    return any(flag in flags for flag in _BF16_FLAGS)


@cache
def gpus() -> tuple[Hardware, ...]:
    """Each GPU that torch can use, asked in a child process, so that torch is not loaded here.

    Raises:
        TrainerError: torch itself does not start.
    """
    done = process.run([sys.executable, "-P", "-c", _ASK], cwd=Path.cwd(), timeout_s=120)
    lines = done.output.splitlines()
    if not done.ok or not lines:
        raise TrainerError(
            "torch cannot be loaded",
            details=tuple(lines[-1:]),
            hint="pip install 'benchwright[train]'",
        )
    return tuple(gpus_named(name, n_bytes >> 30) for name, n_bytes in json.loads(lines[-1]))
