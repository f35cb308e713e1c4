"""The steps of a recipe in a folder: what is done, what is left, and what it costs."""
