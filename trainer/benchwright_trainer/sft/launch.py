"""The training process: started, followed by its log, and never left behind.

One process, or for several GPUs as many as there are, by `accelerate launch` with `fsdp2.yaml`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import resources
from typing import IO, Any

from benchwright_sim.closable import Closable
from benchwright_sim.errors import Location
from benchwright_sim.process import kill_group
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft.__main__ import FAILED
from benchwright_trainer.sft.options import SftOptions
from benchwright_trainer.sft.request import Request, Work

_POLL_S = 0.2
_MODULE = "benchwright_trainer.sft"
_BF16_MODES = {"auto": "bf16", "bf16": "bf16", "f32": "no"}


class Training(Closable):
    """One training, which ends with the `with` block at the latest."""

    def __init__(self, request: Request, work: Work) -> None:
        self._request = request
        self._work = work
        self._child: subprocess.Popen[bytes] | None = None

    def events(self) -> Iterator[dict[str, Any]]:
        """What happens, as it happens, until the training is done.

        Raises:
            TrainerError: a process ended otherwise than it should.
        """
        one = [sys.executable, "-P", "-m", _MODULE, str(self._work.request)]
        options = self._request.options
        if options.n_gpus > 1:
            several = launch_argv(self._request, self._work)
        elif options.n_workers > 1 and not on_gpu(options):
            several = workers_argv(self._request, self._work)
        else:
            several = []
        for argv in ([*one, "prepare"], several) if several else (one,):
            yield from self.run(argv)

    def close(self) -> None:
        """Ends what runs."""
        if self._child is None:
            return
        if self._child.poll() is None:
            kill_group(self._child.pid)
        self._child.wait()
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
        self._child = None

    def run(self, argv: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Starts one process and yields what it tells, until it has ended.

        Raises:
            TrainerError: it ended otherwise than it should.
        """
        with (
            self._work.printed.open("wb") as printed,
            self._log() as log,
            # torch's launcher and compiler leave folders where temporary files go
            tempfile.TemporaryDirectory(prefix="benchwright-sft-") as scratch,
        ):
            self._child = subprocess.Popen(
                argv,
                env=environment(self._request.options) | {"TMPDIR": scratch},
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield from self._told(log)
                code = self._child.wait()
            finally:
                self.close()  # before its temporary folder goes
        if code not in (0, FAILED):
            raise self._failure(code)

    def _told(self, log: IO[bytes]) -> Iterator[dict[str, Any]]:
        """The lines of the log as they come, until the process has ended."""
        rest, running = b"", True
        while running:
            running = self._child is not None and self._child.poll() is None
            *lines, rest = (rest + log.read()).split(b"\n")
            yield from map(json.loads, lines)
            if running:
                time.sleep(_POLL_S)

    def _log(self) -> IO[bytes]:
        """Positioned after what an earlier process told."""
        self._work.log.touch()
        log = self._work.log.open("rb")
        log.seek(0, os.SEEK_END)
        return log

    def _failure(self, code: int) -> TrainerError:
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        printed = self._work.printed.read_text("utf-8", errors="replace").splitlines()
        last = [line for line in printed if line.strip()][-1:]
        memory = code == -signal.SIGKILL or any("out of memory" in line for line in last)
        return TrainerError(
            f"the training process ended with {how}",
            location=Location(self._work.printed),
            details=tuple(last),
            hint="it was likely out of memory: lower micro_batch or max_length, or set "
            "gradient_checkpointing"
            if memory
            else "",
        )


def launch_argv(request: Request, work: Work) -> list[str]:
    """The command for several processes."""
    options = request.options
    config = resources.files(_MODULE) / "fsdp2.yaml"
    return [
        sys.executable, "-P", "-m", "accelerate.commands.launch",
        "--config_file", str(config),
        "--num_processes", str(options.n_gpus),
        "--mixed_precision", _BF16_MODES[options.precision],
        "--fsdp_activation_checkpointing", str(options.gradient_checkpointing).lower(),
        *(["--cpu"] if options.device == "cpu" else []),
        "--module", _MODULE, str(work.request),
    ]  # fmt: skip


def workers_argv(request: Request, work: Work) -> list[str]:
    """The command for several processes on a CPU."""
    return [
        sys.executable, "-P", "-m", "torch.distributed.run", "--standalone",
        "--nproc-per-node", str(request.options.n_workers),
        "--module", _MODULE, str(work.request),
    ]  # fmt: skip


def on_gpu(options: SftOptions) -> bool:
    """Whether a training takes a GPU."""
    if options.device == "cpu":
        return False
    import torch  # noqa: PLC0415 - heavy

    return torch.cuda.is_available()


def environment(options: SftOptions) -> dict[str, str]:
    """Of a training process: threads that wait without spinning, and no telemetry.

    Who asks for one GPU sees one: transformers would take all that it sees, by a way (DataParallel)
    that trl refuses.
    """
    threads = str(options.n_threads or max(1, (os.cpu_count() or 1) // options.n_workers))
    fixed = {"OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}
    if options.n_gpus == 1 and options.device != "cpu":
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
        fixed["CUDA_VISIBLE_DEVICES"] = visible.partition(",")[0]
    return {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_DISABLE_TELEMETRY": "1", **os.environ, **fixed}
