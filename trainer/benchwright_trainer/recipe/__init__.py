"""Recipes: what a training does, as frozen values read from TOML."""
