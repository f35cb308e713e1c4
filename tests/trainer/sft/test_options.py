"""Values that a recipe may give, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest

from benchwright_trainer.sft.options import PretrainOptions, SftOptions, StudentOptions


def test_defaults_are_the_paper_s() -> None:
    options = SftOptions()
    assert (options.learning_rate, options.epochs, options.batch) == (1e-5, 1.0, 24)
    assert (options.warmup, options.schedule, options.max_length) == (0.03, "cosine", 40_960)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0; legal: above 0, at most 1"),
        ({"epochs": -1.0}, "epochs is -1.0; legal: above 0"),
        ({"max_steps": 0}, "max_steps is 0; legal: above 0, or none"),
        ({"batch": 10, "micro_batch": 4}, r"batch is 10; legal: a multiple of .* \(4\)"),
        (
            {"batch": 8, "micro_batch": 2, "n_gpus": 8},
            r"batch is 8; legal: a multiple of .* \(16\)",
        ),
        ({"device": "cpu", "n_gpus": 2}, "n_gpus is 2; legal: 1 where device is 'cpu'"),
        ({"warmup": 1.0}, "warmup is 1.0"),
        ({"max_length": 1}, "max_length is 1; legal: at least 2"),
        ({"seed": -1}, "seed is -1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_legal(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        SftOptions(**values)
    with pytest.raises(ValueError, match="is"):
        PretrainOptions(**({"micro_batch": 1} | values))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"init": " "}, "init is ' '"),
        ({"d_model": 320}, "d_model is 320; legal: a multiple of 256"),
        ({"n_heads": 3}, r"n_heads is 3; legal: n_heads times head_dim \(64\) a multiple of 256"),
        ({"n_heads": 8, "n_kv_heads": 3}, r"n_kv_heads is 3; legal: a divisor of n_heads \(8\)"),
        ({"vocab": 100}, "vocab is 100"),
    ],
)
def test_a_shape_that_cannot_be_quantised_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        StudentOptions(**values)
