"""A real HTTP server on loopback that speaks the hub's part that downloads need, and ranges.

It answers for repositories (`/api/models/...`, `/OWNER/REPO/resolve/...`, the latter redirected to
another host name, as the hub does) and for plain files (`/files/NAME`). Faults are asked for by
setting its attributes.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CHUNK_BYTES = 1 << 14


@dataclass(frozen=True)
class Seen:
    """One request: its path, and the header fields that matter."""

    path: str
    span: str
    authorization: str


@dataclass
class Hub:
    """What the server has and how it behaves.

    Attributes:
        repositories: by OWNER/REPO, the files by their path.
        files: served below /files/.
        stated: SHA-256 by path in a repository, where it is not the true one.
        token: that repositories ask for, empty for none.
        gated: the repositories show what they hold, but give it only with the token.
        cuts: after how many bytes the next answers break off.
        statuses: of the next answers with bytes.
        takes_ranges: else every answer is the whole file.
        states_size: else answers end with the connection, ranges are not taken.
        chunk_s: pause after each chunk.
        api_body: said in place of what a repository holds.
        seen: requests so far.
    """

    repositories: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)
    token: str = ""
    gated: bool = False
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    takes_ranges: bool = True
    states_size: bool = True
    chunk_s: float = 0.0
    api_body: bytes | None = None
    seen: list[Seen] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Of the server, for `HF_ENDPOINT`."""
        return f"http://127.0.0.1:{self.port}"

    def spans(self, part: str) -> list[str]:
        """The ranges asked for, of requests whose path holds `part`."""
        return [seen.span for seen in self.seen if part in seen.path]

    def metadata(self, repository: str) -> dict[str, object]:
        """What the hub's API says of a repository."""
        siblings = []
        for path, content in self.repositories[repository].items():
            digest = self.stated.get(path, hashlib.sha256(content).hexdigest())
            lfs = {"sha256": digest, "size": len(content), "pointerSize": 135}
            siblings.append({"rfilename": path, "size": len(content), "lfs": lfs})
        return {
            "_id": "1",
            "id": repository,
            "modelId": repository,
            "sha": COMMIT,
            "private": False,
            "gated": "manual" if self.gated else False,
            "tags": [],
            "cardData": {"license": "mit"},
            "siblings": siblings,
        }


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        authorization = self.headers.get("Authorization", "")
        self.hub.seen.append(Seen(path, self.headers.get("Range", ""), authorization))
        allowed = authorization == (f"Bearer {self.hub.token}" if self.hub.token else authorization)
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path)
        resolve = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        cdn = re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path)
        if api:
            self._describe(api[1], api[2] or "main", allowed or self.hub.gated)
        elif resolve and not allowed:
            self._say(403 if self.hub.gated else 401, {"X-Error-Code": "GatedRepo"})
        elif resolve:
            place = f"http://localhost:{self.hub.port}/cdn/{resolve[1]}/{resolve[3]}"
            self._say(302, {"Location": place})
        elif cdn:
            self._give(self.hub.repositories.get(cdn[1], {}).get(cdn[2]))
        else:
            self._give(self.hub.files.get(path.removeprefix("/files/")))

    def _describe(self, repository: str, revision: str, allowed: bool) -> None:
        if repository not in self.hub.repositories or not allowed:
            self._say(401, {"X-Error-Code": "RepoNotFound"})
        elif revision not in {"main", COMMIT}:
            self._say(404, {"X-Error-Code": "RevisionNotFound"})
        else:
            body = self.hub.api_body
            if body is None:
                body = json.dumps(self.hub.metadata(repository)).encode()
            self._say(200, {"Content-Type": "application/json"}, body)

    def _say(self, status: int, fields: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _give(self, content: bytes | None) -> None:
        if content is None:
            self._say(404, {})
            return
        if self.hub.statuses and (status := self.hub.statuses.pop(0)) != 200:
            self._say(status, {})
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if span is None or not (self.hub.takes_ranges and self.hub.states_size):
            self._stream(200, content, {})
            return
        start, end = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
        if start >= len(content):
            self._say(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        fields = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
        self._stream(206, content[start : end + 1], fields)

    def _stream(self, status: int, content: bytes, fields: Mapping[str, str]) -> None:
        probed = len(content) == 1
        cut = len(content) if probed or not self.hub.cuts else self.hub.cuts.pop(0)
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if self.hub.states_size:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for start in range(0, min(cut, len(content)), CHUNK_BYTES):
                self.wfile.write(content[start : min(start + CHUNK_BYTES, cut)])
                time.sleep(0 if probed else self.hub.chunk_s)
        except OSError:
            cut = 0
        self.close_connection = cut < len(content) or not self.hub.states_size


@contextmanager
def hub_server() -> Iterator[Hub]:
    """Runs the server while the context lasts."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
