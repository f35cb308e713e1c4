"""Policies: each proposes the next stimulus from a state."""
