"""The language server: coverage in the editor, and the runs that raise it, as child processes."""
