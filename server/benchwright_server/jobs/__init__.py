"""Runs: queued, started as child processes, followed, ended."""
