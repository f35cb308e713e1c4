"""Decides what to try next on a design and writes the testbench that shows it."""
