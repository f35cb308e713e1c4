"""trl's SFTTrainer, fitted: nothing is templated, truncated or computed twice.

Loaded in the training process alone. On a CPU the output layer sees only the positions that are
learnt, where trl computes all of them and their entropy besides; on a GPU trl's own fused loss is
used, which never holds all logits.
"""

from __future__ import annotations

from typing import Any

import torch
from trl.trainer.sft_trainer import SFTTrainer

from benchwright_trainer.sft.samples import IGNORED


class AnswerTrainer(SFTTrainer):
    """Counts tokens, and leaves the model card to whoever publishes the model."""

    n_tokens = 0

    def training_step(self, model: Any, inputs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        """One forward and backward pass."""
        mask = inputs.get("attention_mask")
        self.n_tokens += inputs["input_ids"].numel() if mask is None else int(mask.sum())
        return super().training_step(model, inputs, *rest, **named)  # type: ignore[no-untyped-call] # trl

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None for a checkpoint."""


class CpuAnswerTrainer(AnswerTrainer):
    """For processes on a CPU."""

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean cross-entropy over the tokens that are learnt in the whole batch."""
        labels = inputs.pop("labels")[:, 1:]
        learnt = (labels != IGNORED).any(0).nonzero().flatten()
        outputs = model(**inputs, use_cache=False, logits_to_keep=learnt)
        logits, labels = outputs.logits.float(), labels[:, learnt]
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        ) / (num_items_in_batch or (labels != IGNORED).sum())
        loss = loss * self.accelerator.num_processes  # whose gradients are averaged
        return (loss, outputs) if return_outputs else loss
