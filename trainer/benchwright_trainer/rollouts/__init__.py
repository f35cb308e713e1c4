"""Traces: what policies write for designs, executed."""
