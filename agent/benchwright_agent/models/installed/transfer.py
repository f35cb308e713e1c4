"""The bytes of one URL, brought to a file over HTTP; cut short, they go on where they were.

Ranges are those of RFC 9110, section 14. Proxies and certificates are the system's, as `urllib`
finds them. What the bytes are worth is for the caller to check.
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from benchwright_agent.models.model import ModelError

OnBytes = Callable[[int, int | None], None]
"""Told how many bytes are there, and of how many when that is known."""

_TIMEOUT_S = 30
_CHUNK_BYTES = 1 << 20
_RETRIES = 4
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
COPY_HINT = (
    "where a machine has no network, copy a GGUF file to it and name it: "
    "benchwright model use FILE.gguf"
)


class _Cut(Exception):
    """The transfer ended early; another try may go on."""


class _StaysSecure(urllib.request.BaseHandler):
    """Refuses to leave https: where it redirects to http, anybody on the way may change a file."""

    def __init__(self, host: str) -> None:
        self._host = host

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Called before each request that is not secure."""
        raise ModelError(
            f"{self._host} redirects to {request.type}://{request.host}, which is not secure",
            hint="name another URL, or state the file's SHA-256 with --sha256",
        )

    ftp_request = http_request


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that can be downloaded.

    Attributes:
        url: of its bytes.
        source: what records call its place; without passwords and signatures.
        secrets: header fields for the first host only, never for one that it redirects to.
        size_bytes: of the file, None when its server does not say.
        sha256: that it must have, empty when nobody states one.
        etag: of the version that the size is of, empty when not known.
        licence: of the model, empty when not known.
        access: what to do where the server refuses.
    """

    url: str
    source: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int | None = None
    sha256: str = ""
    etag: str = ""
    licence: str = ""
    access: str = ""

    @property
    def host(self) -> str:
        """Whom the bytes come from."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def unreachable(host: str, reason: object) -> ModelError:
    """The error of a machine that cannot reach a host."""
    return ModelError(f"cannot reach {host}: {reason}", hint=COPY_HINT)


def probe(remote: Remote) -> Remote:
    """The same file with the size and version that its server states.

    Asks for one byte, since servers that sign their URLs refuse HEAD.

    Raises:
        ModelError: the host cannot be reached, or refuses.
    """
    try:
        with _open(remote, "bytes=0-0") as response:
            size = response.headers.get("Content-Length")
            if response.status == HTTPStatus.PARTIAL_CONTENT:
                size = response.headers.get("Content-Range", "").rpartition("/")[2]
            etag = response.headers.get("ETag", "")
    except _Cut as cut:
        raise unreachable(remote.host, cut) from cut
    size_bytes = int(size) if size and size.isdecimal() else None
    return replace(remote, size_bytes=size_bytes, etag=etag)


def fetch(remote: Remote, partial: Path, *, on_bytes: OnBytes, wait_s: float = 0.5) -> None:
    """Completes a file; tries again where the connection breaks, as long as that helps.

    Args:
        remote: what to fetch; `size_bytes` None means to its server's end of the answer.
        partial: the file, which may hold the beginning.
        on_bytes: told of progress.
        wait_s: before the first new try, twice as long before each further one.

    Raises:
        ModelError: the server refuses, or went away; what came stays in `partial`, except when
            it sends more than it has stated.
        OSError: `partial` cannot be written.
    """
    failures = 0
    while True:
        before = _size(partial)
        try:
            return _fetch_rest(remote, partial, on_bytes)
        except _Cut as cut:
            failures = 0 if _size(partial) > before else failures + 1
            if failures > _RETRIES:
                raise ModelError(
                    f"the download from {remote.host} broke off: {cut}",
                    hint=f"run it again to go on where it was; {COPY_HINT}",
                ) from cut
        time.sleep(wait_s * 2**failures)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _fetch_rest(remote: Remote, partial: Path, on_bytes: OnBytes) -> None:
    total = remote.size_bytes
    have = _size(partial) if total is not None and _size(partial) <= total else 0
    if have and have == total:
        on_bytes(have, total)
        return
    with _open(remote, f"bytes={have}-" if have else "") as response:
        goes_on = response.status == HTTPStatus.PARTIAL_CONTENT
        if goes_on and _start(response) != have:
            raise ModelError(f"{remote.host} answers with another part of the file than asked for")
        have = have if goes_on else 0
        with partial.open("ab" if goes_on else "wb") as handle:
            for chunk in _chunks(response):
                have += len(chunk)
                if total is not None and have > total:
                    partial.unlink()
                    raise ModelError(
                        f"{remote.host} sends more than the {total} bytes that the file has",
                        hint="try again later; the file may just be changing there",
                    )
                handle.write(chunk)
                handle.flush()
                on_bytes(have, total)
    if total is not None and have != total:
        raise _Cut(f"{have} of {total} bytes came")


def _start(response: http.client.HTTPResponse) -> int:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else 0


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read1(_CHUNK_BYTES):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from error


def _open(remote: Remote, span: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(  # noqa: S310 - `download` lets only http and https through
        remote.url, headers={"Accept-Encoding": "identity", "User-Agent": "benchwright"}
    )
    if span:
        request.add_header("Range", span)
        if remote.etag and not remote.etag.startswith("W/"):
            request.add_header("If-Range", remote.etag)
    for name, value in remote.secrets.items():
        request.add_unredirected_header(name, value)
    must_stay = remote.url.lower().startswith("https:") and not remote.sha256
    opener = urllib.request.build_opener(*((_StaysSecure(remote.host),) if must_stay else ()))
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _PASSING:
            raise _Cut(f"HTTP {error.code} {error.reason}") from error
        raise _refusal(remote, error) from error
    except urllib.error.URLError as error:
        raise _Cut(str(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from error
    return response


def _refusal(remote: Remote, error: urllib.error.HTTPError) -> ModelError:
    needs_access = error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    return ModelError(
        f"{remote.source}: {remote.host} answers {error.code} {error.reason}",
        hint=remote.access if needs_access else "",
    )
