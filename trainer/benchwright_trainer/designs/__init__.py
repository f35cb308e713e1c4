"""Designs of our own for training and evaluation, drawn from families by a seed."""
