"""The command `benchwright`: one module a subcommand."""
