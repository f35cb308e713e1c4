"""Attention in blocks is attention."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("length", [1, 5, 256, 257, 700])
def test_output_and_gradients_are_torch_s(length: int) -> None:
    import torch

    from benchwright_trainer.sft.attention import BlockAttention

    torch.manual_seed(length)
    q = torch.randn(2, 4, length, 64, requires_grad=True)
    k, v = (torch.randn(2, 2, length, 64, requires_grad=True) for _ in range(2))
    above = torch.randn(2, 4, length, 64)
    own = BlockAttention.apply(q, k, v, 0.125)  # type: ignore[no-untyped-call] # torch
    theirs = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, is_causal=True, enable_gqa=True
    )
    torch.testing.assert_close(own, theirs, atol=1e-5, rtol=1e-4)
    for mine, other in zip(
        torch.autograd.grad(own, (q, k, v), above),
        torch.autograd.grad(theirs, (q, k, v), above),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-3)


def test_a_model_s_logits_are_the_same_also_with_padding_on_the_right() -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from benchwright_trainer.sft.attention import register
    from tests.trainer.sft.students import small_student

    ids = torch.arange(600).reshape(2, 300) % 1000
    mask = torch.ones_like(ids)
    mask[1, 200:] = 0
    logits = []
    for name in (register(), "sdpa"):
        model = AutoModelForCausalLM.from_pretrained(small_student(), attn_implementation=name)
        with torch.no_grad():
            logits.append(model(input_ids=ids, attention_mask=mask).logits[mask.bool()])
    torch.testing.assert_close(*logits, atol=1e-4, rtol=1e-3)
