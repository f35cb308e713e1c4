"""Downloads against a server that breaks off, lies, refuses, or gives something else."""

from __future__ import annotations

import hashlib
import http.client
import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from benchwright_agent.models.installed import download, hub, store
from benchwright_agent.models.installed.registry import Record
from benchwright_agent.models.installed.transfer import Remote, fetch, probe
from benchwright_agent.models.model import ModelError
from tests.agent.test_bad_machine import small_disk
from tests.hub_server import Hub, hub_server
from tests.small_gguf import small_gguf

DATA = small_gguf(1 << 16)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own."""
    folder = tmp_path / "data"
    monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(folder))
    monkeypatch.setenv("no_proxy", "*")
    return folder


@pytest.fixture
def server() -> Iterator[Hub]:
    """A server with one model."""
    with hub_server() as running:
        running.files["a.gguf"] = DATA
        yield running


def ignore_bytes(_have: int, _total: int | None) -> None:
    """Watches nothing."""


def pull(url: str, *, notes: list[str] | None = None, **options: str) -> Record:
    """Downloads a URL."""
    said = [] if notes is None else notes
    return download.pull(
        url,
        name=options.get("name"),
        sha256=options.get("sha256", ""),
        on_note=said.append,
        on_bytes=ignore_bytes,
    )


def test_a_url_is_downloaded_and_registered(server: Hub, data: Path) -> None:
    record = pull(f"{server.url}/files/a.gguf?signature=secret", sha256=SHA256.upper())
    assert record.path == data / "models" / "a.gguf"
    assert record.path.read_bytes() == DATA
    assert (record.sha256, record.source) == (SHA256, f"{server.url}/files/a.gguf")
    assert "secret" not in (data / "models.json").read_text()
    assert store.find("a") == record


def test_a_connection_that_breaks_goes_on_where_it_was(server: Hub, tmp_path: Path) -> None:
    server.cuts = [100_000, 50_000, 0]
    seen: list[tuple[int, int | None]] = []
    remote = probe(Remote(f"{server.url}/files/a.gguf", "a"))
    fetch(remote, tmp_path / "a", on_bytes=lambda *now: seen.append(now), wait_s=0.01)
    assert (tmp_path / "a").read_bytes() == DATA
    expected = ["bytes=0-0", "", "bytes=100000-", "bytes=150000-", "bytes=150000-"]
    assert server.spans("a.gguf") == expected
    assert seen[-1] == (len(DATA), len(DATA))
    assert seen == sorted(seen)


def test_a_server_without_ranges_begins_anew(server: Hub, tmp_path: Path) -> None:
    server.takes_ranges = False
    server.cuts = [100_000]
    remote = Remote(f"{server.url}/files/a.gguf", "a", size_bytes=len(DATA))
    fetch(remote, tmp_path / "a", on_bytes=ignore_bytes, wait_s=0.01)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_server_that_is_busy_is_asked_again(server: Hub, tmp_path: Path) -> None:
    server.statuses = [503, 429, 500, 200]
    remote = Remote(f"{server.url}/files/a.gguf", "a", size_bytes=len(DATA))
    fetch(remote, tmp_path / "a", on_bytes=ignore_bytes, wait_s=0.01)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_server_that_always_breaks_off_is_given_up(server: Hub, tmp_path: Path) -> None:
    server.cuts = [100_000, *[0] * 20]
    remote = Remote(f"{server.url}/files/a.gguf", "a", size_bytes=len(DATA))
    with pytest.raises(ModelError, match="broke off: 100000 of") as caught:
        fetch(remote, tmp_path / "a", on_bytes=ignore_bytes, wait_s=0.001)
    assert "go on where it was" in caught.value.hint
    assert (tmp_path / "a").read_bytes() == DATA[:100_000]


def test_more_than_the_stated_size_is_not_taken(server: Hub, tmp_path: Path) -> None:
    server.states_size = False
    remote = Remote(f"{server.url}/files/a.gguf", "a", size_bytes=100_000)
    with pytest.raises(ModelError, match="sends more than the 100000 bytes"):
        fetch(remote, tmp_path / "a", on_bytes=ignore_bytes)
    assert not (tmp_path / "a").exists()


def test_https_is_not_left_without_a_hash(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def redirect(
        handler: urllib.request.HTTPSHandler, request: urllib.request.Request
    ) -> http.client.HTTPResponse:
        fields = http.client.HTTPMessage()
        fields["Location"] = f"{server.url}/files/a.gguf"
        arguments = (request, io.BytesIO(), 302, "Found", fields)
        return cast(http.client.HTTPResponse, handler.parent.error("http", *arguments))

    monkeypatch.setattr(urllib.request.HTTPSHandler, "https_open", redirect)
    with pytest.raises(ModelError, match=r"example\.org redirects to http://") as caught:
        pull("https://example.org/a.gguf")
    assert "--sha256" in caught.value.hint
    assert not server.seen
    assert pull("https://example.org/a.gguf", sha256=SHA256).path.read_bytes() == DATA


def test_a_size_that_is_never_stated(server: Hub) -> None:
    server.states_size = False
    assert pull(f"{server.url}/files/a.gguf").path.read_bytes() == DATA


def test_a_partial_file_that_is_too_long_is_begun_anew(server: Hub, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DATA + b"more")
    remote = Remote(f"{server.url}/files/a.gguf", "a", size_bytes=len(DATA))
    fetch(remote, tmp_path / "a", on_bytes=ignore_bytes)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_wrong_sha256_is_said_and_the_file_deleted(server: Hub, data: Path) -> None:
    with pytest.raises(ModelError, match=f"was deleted: its SHA-256 is {SHA256}, not {'0' * 64}"):
        pull(f"{server.url}/files/a.gguf", sha256="0" * 64)
    assert list((data / "models").glob("*a*.gguf*")) == []
    assert not (data / "models.json").exists()
    with pytest.raises(ModelError, match="64 hexadecimal digits"):
        pull(f"{server.url}/files/a.gguf", sha256="abc")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html><p>Sign in", "not a GGUF file: it starts with"),
        (b"GGUF", "damaged"),
        (DATA[:-1000], "truncated"),
        (b"", "416"),
    ],
)
def test_what_is_no_model_is_not_kept(server: Hub, data: Path, content: bytes, says: str) -> None:
    server.files["b.gguf"] = content
    with pytest.raises(ModelError, match=says):
        pull(f"{server.url}/files/b.gguf")
    assert list((data / "models").glob("b.gguf*")) == []


def test_a_changed_file_is_not_mixed_with_the_old(server: Hub, data: Path) -> None:
    (data / "models").mkdir(parents=True)
    old = data / "models" / "a.gguf.000000000000.partial"
    old.write_bytes(b"of an older version")
    assert pull(f"{server.url}/files/a.gguf").path.read_bytes() == DATA
    assert not old.exists()


def test_a_whole_file_that_was_not_registered_is_taken(server: Hub, data: Path) -> None:
    (data / "models").mkdir(parents=True)
    (data / "models" / "a.gguf").write_bytes(DATA)
    assert pull(f"{server.url}/files/a.gguf").sha256 == SHA256
    assert server.spans("a.gguf") == ["bytes=0-0"]


def test_another_file_in_the_store_is_not_touched(server: Hub, data: Path) -> None:
    (data / "models").mkdir(parents=True)
    (data / "models" / "a.gguf").write_bytes(b"of somebody else")
    with pytest.raises(ModelError, match=r"a\.gguf is in the way"):
        pull(f"{server.url}/files/a.gguf")
    assert (data / "models" / "a.gguf").read_bytes() == b"of somebody else"


def test_the_same_again_is_no_download(server: Hub) -> None:
    notes: list[str] = []
    first = pull(f"{server.url}/files/a.gguf")
    assert pull(f"{server.url}/files/a.gguf", notes=notes) == first
    assert notes == ["a is here already"]
    server.files["other/a.gguf"] = DATA
    with pytest.raises(ModelError, match="the name a is taken by") as caught:
        pull(f"{server.url}/files/other/a.gguf")
    assert "--name" in caught.value.hint
    assert pull(f"{server.url}/files/other/a.gguf", name="b").name == "b"


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2f..%2fa.gguf",
        "%00.gguf",
        "a%0Ab.gguf",
        "-rf.gguf",
        "a b.gguf",
        "%2e.gguf",
        "模.gguf",
    ],
)
def test_odd_names_stay_in_the_store(server: Hub, data: Path, path: str) -> None:
    class All(dict[str, bytes]):
        def get(self, key: str, default: object = None) -> bytes:
            return DATA

    server.files = All()
    record = pull(f"{server.url}/files/{path}")
    assert record.path.parent == data / "models"
    assert record.path.is_file()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/a.gguf", "legal: https"),
        ("ftp://example.com/a.gguf", "legal: https"),
        ("file:///etc/a.gguf", "legal: https"),
        ("https:///a.gguf", "legal: https"),
        ("https://me:secret@example.com/a.gguf", "password"),
        ("https://example.com/a.bin", "not the URL of a GGUF file"),
        ("https://example.com:port/a.gguf", "no URL"),
        ("https://[::1/a.gguf", "no URL"),
        ("https://exa mple.invalid/a.gguf", "cannot reach"),
        ("https://äö.invalid/模.gguf", "cannot reach"),
    ],
)
def test_urls_that_are_refused(data: Path, url: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        pull(url)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not data.exists()


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_a_server_that_refuses(server: Hub, status: int) -> None:
    server.statuses = [status]
    with pytest.raises(ModelError, match=f"127.0.0.1:{server.port} answers {status}"):
        pull(f"{server.url}/files/a.gguf")
    assert len(server.seen) == 1


def test_no_network(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot reach 127\.0\.0\.1:9: .*refused") as caught:
        pull("http://127.0.0.1:9/a.gguf")
    assert "benchwright model use FILE.gguf" in caught.value.hint


def test_no_room_is_found_before(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", "100k") as disk:
        monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(disk))
        with pytest.raises(ModelError, match=r"needs 262\.\d kB, and [\d.]+ kB are free in"):
            pull(f"{server.url}/files/a.gguf")
        assert server.spans("a.gguf") == ["bytes=0-0"]


def test_no_room_is_found_on_the_way(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.states_size = False
    with small_disk(tmp_path / "disk", "100k") as disk:
        monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(disk))
        with pytest.raises(ModelError, match="needs more, and 0 bytes are free in") as caught:
            pull(f"{server.url}/files/a.gguf")
        assert "BENCHWRIGHT_DATA_DIR" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("hub:a/b", hub.HubSpec("a/b")),
        ("a/b:Q4_K_M", hub.HubSpec("a/b", quantisation="Q4_K_M")),
        ("hub:a/b:q8_0@v1", hub.HubSpec("a/b", quantisation="q8_0", revision="v1")),
        ("hub:a/b/c.gguf", hub.HubSpec("a/b", "c.gguf")),
        ("hub:a/b.c/d/e f.gguf@refs/pr/1", hub.HubSpec("a/b.c", "d/e f.gguf", "", "refs/pr/1")),
    ],
)
def test_what_names_a_file_of_the_hub(text: str, spec: hub.HubSpec) -> None:
    assert hub.read_spec(text) == spec


@pytest.mark.parametrize(
    "text", ["", "a", "hub:", "hub:a", "a/b/c", "/a/b", "a/b@", "a//b", "a b/c"]
)
def test_what_names_none(text: str) -> None:
    assert hub.read_spec(text) is None


FILES = (
    "README.md",
    "M-Q4_K_M.gguf",
    "M-UD-Q4_K_XL.gguf",
    "M-IQ4_NL.gguf",
    "M-Q8_0.gguf",
    "BF16/M-BF16-00001-of-00002.gguf",
    "BF16/M-BF16-00002-of-00002.gguf",
    "mmproj-F16.gguf",
    "imatrix_unsloth.gguf",
)


@pytest.mark.parametrize(
    ("spec", "file"),
    [
        ("a/b", "M-Q4_K_M.gguf"),
        ("a/b:q8_0", "M-Q8_0.gguf"),
        ("a/b:UD-Q4_K_XL", "M-UD-Q4_K_XL.gguf"),
        ("a/b:Q4_K_XL", "M-UD-Q4_K_XL.gguf"),
        ("a/b/mmproj-F16.gguf", "mmproj-F16.gguf"),
    ],
)
def test_the_file_that_is_meant(spec: str, file: str) -> None:
    read = hub.read_spec(spec)
    assert read is not None
    assert hub.choose(read, FILES) == file


@pytest.mark.parametrize(
    ("spec", "files", "says"),
    [
        ("a/b:Q4_K", FILES, "a/b holds no Q4_K"),
        ("a/b:Q4_NL", FILES, "a/b holds no Q4_NL"),
        ("a/b/x.gguf", FILES, "a/b holds no x.gguf"),
        ("a/b/m-q4_k_m.gguf", FILES, "M-Q4_K_M.gguf"),
        ("a/b:BF16", FILES, "one of 2 parts"),
        ("a/b/BF16/M-BF16-00002-of-00002.gguf", FILES, "one of 2 parts"),
        ("a/b", ("x.safetensors",), "holds no GGUF file"),
        ("a/b", ("x-Q2_K.gguf", "x-Q3_K.gguf"), "hub:a/b/x-Q2_K.gguf"),
        ("a/b:Q2_K", ("x-Q2_K.gguf", "y-Q2_K.gguf"), "holds several that Q2_K may mean"),
    ],
)
def test_files_that_cannot_be_chosen(spec: str, files: tuple[str, ...], says: str) -> None:
    read = hub.read_spec(spec)
    assert read is not None
    with pytest.raises(ModelError) as caught:
        hub.choose(read, files)
    assert says in str(caught.value)
