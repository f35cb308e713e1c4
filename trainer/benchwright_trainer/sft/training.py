"""A training, in a process of its own: samples -> tokens -> trl's trainer -> a model's folder.

Goes on from the last whole checkpoint. With the same number of threads an interrupted training on a
CPU ends with the same weights as one that was not.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback

from benchwright_trainer.dataset.reading import read_dataset
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft import attention
from benchwright_trainer.sft.hardware import computes_bf16
from benchwright_trainer.sft.options import SftOptions
from benchwright_trainer.sft.request import Request, Work
from benchwright_trainer.sft.samples import AnswerEncoder, TextEncoder, encode
from benchwright_trainer.sft.trainers import AnswerTrainer, CpuAnswerTrainer
from benchwright_trainer.whole_file import write_whole

Tell = Callable[[dict[str, Any]], None]
_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


def prepare(request: Request, work: Work, tell: Tell) -> None:
    """Writes the samples as tokens, unless they are there."""
    if work.counts.exists():
        return
    tokenizer = _tokenizer(request.model)
    longest = min(request.options.max_length, _context(request.model))
    if request.loss == "answers":
        encoder = AnswerEncoder(tokenizer, request.dialect)
        counts = encode(read_dataset(Path(request.data)), encoder, longest, work.samples)
    else:
        with Path(request.data).open(encoding="utf-8") as lines:
            texts = map(json.loads, lines)
            counts = encode(texts, TextEncoder(tokenizer), longest, work.samples)
    write_whole(work.counts, json.dumps(counts.plain()))
    tell({"event": "samples", **counts.plain()})


def train(request: Request, work: Work, tell: Tell) -> None:
    """Trains and leaves the model in the folder of work."""
    on_gpu = request.options.device != "cpu" and torch.cuda.is_available()
    if not on_gpu:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call] # no types
    trainer = _trainer(request, work, tell, on_gpu=on_gpu)
    checkpoint = work.last_checkpoint()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    _save(request, trainer, work)
    _part()


def _part() -> None:
    """Lets several processes end together: one that is gone before takes the others with it."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _tokenizer(model: str) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise _unusable(model, error) from error


def _context(model: str) -> int:
    """Positions that the model was made for; beyond them nothing can be asked of it."""
    try:
        config = transformers.AutoConfig.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise _unusable(model, error) from error
    return int(config.max_position_embeddings)


def _unusable(model: str, error: Exception) -> TrainerError:
    return TrainerError(f"the model {model} cannot be loaded: {str(error).splitlines()[0]}")


def _trainer(request: Request, work: Work, tell: Tell, *, on_gpu: bool) -> AnswerTrainer:
    from datasets import Dataset  # noqa: PLC0415 - slow to load

    options = request.options
    kind = AnswerTrainer if on_gpu or _distributed() else CpuAnswerTrainer
    bf16 = options.precision == "bf16" or (
        options.precision == "auto" and (on_gpu or computes_bf16())
    )
    trainer = kind(
        model=_model(request, bf16=bf16, on_gpu=on_gpu),
        args=_arguments(options, work, bf16=bf16, on_gpu=on_gpu),
        train_dataset=Dataset.from_file(str(work.samples)),
        processing_class=_tokenizer(request.model),
        peft_config=_adapter(options),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Watch(trainer, work, tell))
    return trainer


def _distributed() -> bool:
    """Whether `accelerate launch` started this process."""
    return "ACCELERATE_USE_FSDP" in os.environ


def _model(request: Request, *, bf16: bool, on_gpu: bool) -> Any:
    """Weights that are trained are f32; those that adapters leave as they are may be bf16."""
    options = request.options
    frozen = options.method == "lora" and bf16 and on_gpu
    in_blocks = not (on_gpu or options.packing or _distributed())
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            request.model,
            dtype=torch.bfloat16 if frozen else torch.float32,
            attn_implementation=attention.register() if in_blocks else "sdpa",
        )
    except (OSError, ValueError) as error:
        raise _unusable(request.model, error) from error


def _adapter(options: SftOptions) -> Any:
    if options.method == "full":
        return None
    from peft import LoraConfig  # noqa: PLC0415 - slow to load

    rank = options.lora_rank
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def _arguments(options: SftOptions, work: Work, *, bf16: bool, on_gpu: bool) -> Any:
    from trl.trainer.sft_config import SFTConfig  # noqa: PLC0415 - slow to load

    at_once = options.micro_batch if on_gpu else 1
    n_processes = options.n_gpus if on_gpu else options.n_workers
    return SFTConfig(
        output_dir=str(work.checkpoints),
        learning_rate=options.learning_rate,
        lr_scheduler_type=_SCHEDULES[options.schedule],
        warmup_steps=options.warmup,
        weight_decay=options.weight_decay,
        max_grad_norm=options.clip,
        num_train_epochs=options.epochs,
        max_steps=options.max_steps or -1,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=options.batch // (at_once * n_processes),
        train_sampling_strategy="group_by_length" if at_once > 1 else "random",
        packing=options.packing,
        max_length=options.max_length if options.packing else None,
        dataset_kwargs={"skip_prepare_dataset": not options.packing},
        activation_checkpointing=options.gradient_checkpointing and not _distributed(),
        bf16=bf16,
        use_cpu=not on_gpu,
        ddp_backend="gloo" if n_processes > 1 and not on_gpu else None,
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=on_gpu,
        seed=options.seed,
        save_steps=options.checkpoint_steps,
        save_strategy="steps",
        save_total_limit=2,
        logging_steps=options.log_steps,
        report_to="none",
        disable_tqdm=True,
    )


def _save(request: Request, trainer: AnswerTrainer, work: Work) -> None:
    """All processes save together; adapters are merged into the model as it is on the disk."""
    full = request.options.method == "full"
    config: Any = trainer.model.config  # type: ignore[union-attr] # there is a model
    config.use_cache = True  # which the trainer switches off
    target = work.model if full else work.folder / "adapter"
    trainer.save_model(str(target))
    if not trainer.is_world_process_zero():
        return
    if not full:
        from peft import PeftModel  # noqa: PLC0415 - slow to load

        base = transformers.AutoModelForCausalLM.from_pretrained(request.model)
        PeftModel.from_pretrained(base, str(target)).merge_and_unload().save_pretrained(work.model)
    _tokenizer(request.model).save_pretrained(work.model)
    (work.model / "training_args.bin").unlink(missing_ok=True)


class Watch(TrainerCallback):
    """Tells of steps, draws them for TensorBoard, and marks checkpoints that are whole."""

    def __init__(self, trainer: AnswerTrainer, work: Work, tell: Tell) -> None:
        self._trainer = trainer
        self._work = work
        self._tell = tell
        self._began_s = 0.0
        self._first_step = 0
        self._board: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Where it goes on from."""
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow to load

        self._began_s = time.monotonic()
        self._first_step = state.global_step
        if state.is_world_process_zero:
            folder = str(self._work.folder / "tensorboard")
            self._board = SummaryWriter(folder, purge_step=state.global_step + 1)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The last step is logged whatever `log_steps` is, so that every training has figures."""
        if state.global_step >= state.max_steps:
            control.should_log = True

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        """One line of the log."""
        if not state.is_world_process_zero or "loss" not in (logs or {}):
            return
        assert logs is not None  # noqa: S101 - it has a loss
        seconds = time.monotonic() - self._began_s
        steps = state.global_step - self._first_step
        values = {
            "loss": logs["loss"],
            "learning_rate": logs["learning_rate"],
            "gradient_norm": logs.get("grad_norm"),
            "tokens_per_s": self._trainer.n_tokens * args.world_size / seconds,
        }
        for name, value in values.items():
            if value is not None:
                self._board.add_scalar(name, value, state.global_step)
        self._board.flush()
        left = (state.max_steps - state.global_step) * seconds / max(steps, 1)
        at = {"event": "step", "step": state.global_step, "steps": state.max_steps}
        self._tell(at | values | {"epoch": state.epoch, "seconds_left": left})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """All files of the checkpoint are written."""
        if state.is_world_process_zero:
            self._work.seal(state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Closes what is open."""
        if self._board is not None:
            self._board.close()


@contextmanager
def telling(path: Path) -> Iterator[Tell]:
    """Appends events to the log, each at once."""
    with path.open("a", encoding="utf-8") as log:

        def tell(event: dict[str, Any]) -> None:
            log.write(json.dumps(event) + "\n")
            log.flush()

        yield tell
