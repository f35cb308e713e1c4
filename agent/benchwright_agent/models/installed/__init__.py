"""Models known by name, and those on this machine."""
