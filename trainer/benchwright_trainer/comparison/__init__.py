"""Evaluations side by side: checkpoints, stages and ablations in the paper's table."""
