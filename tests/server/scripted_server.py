"""The server with a scripted job in place of the real one."""

from __future__ import annotations

import sys
from pathlib import Path

from benchwright_server.app import create_server

if __name__ == "__main__":
    server = create_server([sys.executable, str(Path(__file__).with_name("scripted_child.py"))])
    server.start_io()
    server.leave()
