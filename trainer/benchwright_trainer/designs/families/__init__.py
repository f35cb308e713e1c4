"""Families of designs: each function draws one design through a maker."""
