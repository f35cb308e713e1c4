"""Executes and measures a design; knows nothing of policies."""
