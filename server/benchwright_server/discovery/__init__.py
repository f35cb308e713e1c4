"""Which design a file belongs to."""
