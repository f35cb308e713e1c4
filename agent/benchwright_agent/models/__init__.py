"""Language models that run elsewhere: in a child process, or behind a server."""
