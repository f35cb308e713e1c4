"""`python -m benchwright_server`: the server on stdin and stdout, for editors that start it often.

The same as `benchwright lsp`, without the command line's libraries, which take as long to load as
the server itself.
"""

from __future__ import annotations

from benchwright_server.serving import serve

if __name__ == "__main__":
    serve()
