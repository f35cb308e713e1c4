"""`benchwright model` as a user calls it, against a hub on loopback."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.cli.download_progress import SAY_EVERY_S, DownloadProgress
from benchwright_agent.diagnosis import Check, diagnose
from benchwright_agent.models.installed import store
from benchwright_agent.models.installed.catalogue import CATALOGUE, SMALL, HubFile
from tests.agent.test_bad_machine import Running, small_disk
from tests.command import COMMAND, environment
from tests.hub_server import COMMIT, Hub, hub_server
from tests.outcome import one_line, refused, run
from tests.small_gguf import small_gguf

DATA = small_gguf(1 << 18)
ORIGIN = CATALOGUE["qwen3-4b"].origin
assert isinstance(ORIGIN, HubFile)
REPOSITORY, FILE = ORIGIN.repository, ORIGIN.file


@pytest.fixture
def server() -> Iterator[Hub]:
    """A hub that has the default model and more."""
    with hub_server() as hub:
        hub.repositories[REPOSITORY] = {FILE: DATA, "README.md": b"words"}
        hub.repositories["me/many"] = {
            "M-Q4_K_M.gguf": DATA,
            "M-Q8_0.gguf": DATA,
            "F16/M-F16-00001-of-00002.gguf": DATA,
            "F16/M-F16-00002-of-00002.gguf": DATA,
        }
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's folder."""
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.fixture
def place(tmp_path: Path, server: Hub) -> dict[str, str]:
    """The environment of this test's commands: its hub, and data folders of its own."""
    return {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": "",
        "BENCHWRIGHT_DATA_DIR": str(tmp_path / "data"),
        "BENCHWRIGHT_MODEL": "",
        "no_proxy": "*",
    }


def listed(folder: Path, place: dict[str, str]) -> dict[str, Any]:
    """What `list --json` says: the models by name, and the one in use."""
    result = run(folder, "model", "list", "--json", **place)
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    return {row["name"]: row for row in said["models"]} | {"in use": said["in_use"]}


def test_the_life_of_the_default_model(folder: Path, place: dict[str, str], server: Hub) -> None:
    before = run(folder, "model", "list", **place)
    assert "benchwright model pull qwen3-4b" in before.stdout
    assert "2.5 GB" in before.stdout
    pulled = run(folder, "model", "pull", "qwen3-4b", **place)
    assert pulled.returncode == 0, pulled.stderr
    assert "qwen3-4b is in use" in pulled.stdout
    assert "licence mit" in pulled.stderr
    after = listed(folder, place)
    assert after["in use"] == "qwen3-4b"
    assert after["qwen3-4b"]["source"] == f"hub:{REPOSITORY}/{FILE}@{COMMIT}"
    assert Path(after["qwen3-4b"]["path"]).read_bytes() == DATA
    known = json.loads(run(folder, "model", "info", "qwen3-4b", "--json", **place).stdout)
    assert known["memory_bytes"] > len(DATA)
    asked = len(server.seen)
    again = run(folder, "model", "pull", **place)
    assert (again.returncode, len(server.seen)) == (0, asked)
    assert "here already" in again.stderr
    says = ("has SHA-256", "not 1111")
    refused(folder, "model", "pull", "--sha256", "1" * 64, code=12, says=says, **place)
    removed = run(folder, "model", "remove", "qwen3-4b", "--yes", **place)
    assert "deleted: qwen3-4b" in removed.stdout
    assert listed(folder, place)["in use"] == SMALL
    assert list(Path(place["BENCHWRIGHT_DATA_DIR"]).rglob("*.gguf*")) == []


def test_a_program_can_follow_a_download(folder: Path, place: dict[str, str]) -> None:
    pulled = run(folder, "model", "pull", "--json", **place)
    assert (pulled.returncode, pulled.stderr) == (0, "")
    *events, model = [json.loads(line) for line in pulled.stdout.splitlines()]
    assert "licence mit" in events[0]["note"]
    assert {"have_bytes": len(DATA), "total_bytes": len(DATA)} in events
    assert (model["name"], model["in_use"], model["state"]) == ("qwen3-4b", True, "here")
    assert Path(model["path"]).read_bytes() == DATA


def test_a_file_of_the_users_is_never_touched(folder: Path, place: dict[str, str]) -> None:
    path = folder / "my model.gguf"
    path.write_bytes(DATA)
    used = run(folder, "model", "use", "my model.gguf", **place)
    assert used.returncode == 0, used.stderr
    assert "my-model is in use" in used.stdout
    assert run(folder, "model", "use", path, **place).stdout == used.stdout
    assert listed(folder, place)["my-model"]["path"] == str(path)
    shown = run(folder, "model", "list", **(place | {"BENCHWRIGHT_MODEL": "openai:x"}))
    assert "in use: openai:x" in shown.stdout
    path.rename(folder / "moved.gguf")
    assert listed(folder, place)["my-model"]["state"] == "missing"
    gone = ("is gone", "my model.gguf", "benchwright model remove my-model")
    refused(folder, "model", "use", "my-model", code=12, says=gone, **place)
    (folder / "moved.gguf").rename(path)
    says = ("nobody can be asked", "--yes")
    refused(folder, "model", "remove", "my-model", code=2, says=says, **place)
    says = ("there is no model mymodel", "my-model")
    refused(folder, "model", "remove", "mymodel", code=12, says=says, **place)
    removed = run(folder, "model", "remove", "my-model", "-y", **place)
    assert "its file stays" in removed.stdout
    assert path.exists()


def wait_for_bytes(data: Path, least: int) -> Path:
    """The file of a download that is under way, once that much of it is there."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        for path in data.rglob("*.partial"):
            if path.stat().st_size >= least:
                return path
        time.sleep(0.005)
    raise AssertionError("no download was seen")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_download_goes_on_where_it_was(
    folder: Path, place: dict[str, str], server: Hub, number: signal.Signals
) -> None:
    server.chunk_s = 0.05
    running = Running(folder, "model", "pull", **place)
    partial = wait_for_bytes(Path(place["BENCHWRIGHT_DATA_DIR"]), 100_000)
    os.kill(running.child.pid, number)
    running.end()
    have = partial.stat().st_size
    assert 100_000 <= have < len(DATA)
    assert listed(folder, place)["in use"] == SMALL
    server.chunk_s = 0
    done = run(folder, "model", "pull", **place)
    assert done.returncode == 0, done.stderr
    assert "going on after" in done.stderr
    assert server.spans("/cdn/") == ["", f"bytes={have}-"]
    assert not partial.exists()
    assert Path(listed(folder, place)["qwen3-4b"]["path"]).read_bytes() == DATA


def test_two_downloads_at_once_share_one(folder: Path, place: dict[str, str], server: Hub) -> None:
    server.chunk_s = 0.02
    first = Running(folder, "model", "pull", **place)
    wait_for_bytes(Path(place["BENCHWRIGHT_DATA_DIR"]), 1)
    second = Running(folder, "model", "pull", **place)
    for running in (first, second):
        code, output, errors = running.end()
        assert code == 0, errors
        assert "qwen3-4b is in use" in output
    assert "waiting for it" in errors
    assert server.spans("/cdn/") == [""]


def test_the_token_goes_to_the_hub_alone(folder: Path, place: dict[str, str], server: Hub) -> None:
    server.token = "sesame"  # noqa: S105 - asked for by the server of this test
    says = ("no repository unsloth/", "private", "HF_TOKEN")
    refused(folder, "model", "pull", code=12, says=says, **place)
    server.gated = True
    says = ("403", f"accept its terms at {server.url}/{REPOSITORY}", "HF_TOKEN")
    refused(folder, "model", "pull", code=12, says=says, **place)
    done = run(folder, "model", "pull", **(place | {"HF_TOKEN": "sesame"}))
    assert done.returncode == 0, done.stderr
    assert {seen.authorization for seen in server.seen if "/cdn/" in seen.path} == {""}
    assert "sesame" not in (Path(place["BENCHWRIGHT_DATA_DIR"]) / "models.json").read_text()


def test_a_damaged_download_is_deleted_and_said(
    folder: Path, place: dict[str, str], server: Hub
) -> None:
    server.stated[FILE] = "0" * 64
    says = ("is damaged, and was deleted", "0" * 64)
    refused(folder, "model", "pull", code=12, says=says, **place)
    assert list(Path(place["BENCHWRIGHT_DATA_DIR"]).rglob("*.gguf*")) == []
    server.stated.clear()
    assert run(folder, "model", "pull", **place).returncode == 0


def test_a_file_that_says_where_to_go_stays_in_the_store(
    folder: Path, place: dict[str, str], server: Hub
) -> None:
    server.repositories["me/evil"] = {"../../../evil.gguf": DATA}
    done = run(folder, "model", "pull", "hub:me/evil", **place)
    assert done.returncode == 0, done.stderr
    models = Path(place["BENCHWRIGHT_DATA_DIR"]) / "models"
    assert [path.parent for path in folder.parent.rglob("*.gguf")] == [models]


REFUSED = [
    (("nonsense",), ("nothing is called 'nonsense'", "qwen3-4b", "hub:OWNER/REPO")),
    (("own.gguf",), ("needs no download", "benchwright model use own.gguf")),
    (("hub:me/none",), ("no repository me/none", "private")),
    (("hub:me/many@v9",), ("me/many has no revision v9",)),
    (("hub:me/many/x.gguf",), ("holds no x.gguf", "M-Q4_K_M.gguf")),
    (("me/many:Q2_K",), ("holds no Q2_K", "M-Q8_0.gguf")),
    (("me/many:F16",), ("one of 2 parts", "llama-gguf-split --merge")),
    (("me/many:Q8_0", "--name", "../x"), ("'../x' is no name", "legal: letters")),
    (("me/many:Q8_0", "--sha256", "1" * 64), ("has SHA-256", "not 1111")),
    (("hub:me--x/..",), ("is no repository",)),
]


@pytest.mark.parametrize(("arguments", "says"), REFUSED)
def test_what_cannot_be_pulled(
    folder: Path, place: dict[str, str], arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    refused(folder, "model", "pull", *arguments, code=12, says=says, **place)
    assert not Path(place["BENCHWRIGHT_DATA_DIR"]).exists()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, ("cannot reach 127.0.0.1:9", "refused")),
        ({"HF_ENDPOINT": "http://nowhere.invalid"}, ("cannot reach nowhere.invalid",)),
        ({"HF_HUB_OFFLINE": "1"}, ("HF_HUB_OFFLINE is set",)),
    ],
)
def test_no_network_is_one_sentence(
    folder: Path, place: dict[str, str], variables: dict[str, str], says: tuple[str, ...]
) -> None:
    says = (*says, "copy a GGUF file to it", "benchwright model use FILE.gguf")
    result = refused(folder, "model", "pull", code=12, says=says, **(place | variables))
    assert len(result.stderr.splitlines()) == 2


def test_a_disk_without_room(folder: Path, place: dict[str, str], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "200k") as disk:
        place["BENCHWRIGHT_DATA_DIR"] = str(disk)
        says = ("needs 1.0 MB", "204.8 kB are free", "BENCHWRIGHT_DATA_DIR")
        refused(folder, "model", "pull", code=12, says=says, **place)


def test_a_damaged_registry_is_no_end(folder: Path, place: dict[str, str]) -> None:
    data = Path(place["BENCHWRIGHT_DATA_DIR"])
    assert run(folder, "model", "pull", **place).returncode == 0
    (data / "models.json").write_text("{")
    shown = run(folder, "model", "list", **place)
    assert shown.returncode == 0
    assert "qwen3-4b" in shown.stdout
    assert "models.json is damaged" in one_line(shown.stderr)
    assert run(folder, "model", "use", "qwen3-4b", **place).returncode == 0
    assert (data / "models.damaged-1.json").read_text() == "{"


def on_terminal(folder: Path, *arguments: str, answer: str = "", **place: str) -> tuple[int, str]:
    """Runs the command on a terminal: its exit code and all that the terminal showed."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**(place | {"TERM": "xterm"})),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    os.write(master, answer.encode())
    shown = b""
    while True:
        try:
            shown += os.read(master, 4096)
        except OSError:
            break
    os.close(master)
    return child.wait(timeout=60), shown.decode(errors="replace")


def test_a_terminal_shows_a_bar_and_is_asked(
    folder: Path, place: dict[str, str], server: Hub
) -> None:
    server.chunk_s = 0.01
    code, shown = on_terminal(folder, "model", "pull", **place)
    assert code == 0, shown
    assert "100 %" in shown or "99 %" in shown
    path = Path(place["BENCHWRIGHT_DATA_DIR"]) / "models" / "qwen3-4b.gguf"
    code, shown = on_terminal(folder, "model", "remove", "qwen3-4b", answer="n\n", **place)
    assert (code, path.exists()) == (1, True)
    assert f"delete {path}" in shown.replace("\r\n", "")
    code, _ = on_terminal(folder, "model", "remove", "qwen3-4b", answer="y\n", **place)
    assert (code, path.exists()) == (0, False)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b"null", b'{"id": 1, "siblings": 2}'])
def test_what_is_no_hub(folder: Path, place: dict[str, str], server: Hub, body: bytes) -> None:
    server.api_body = body
    refused(folder, "model", "pull", code=12, says=(f"127.0.0.1:{server.port}",), **place)


def test_without_a_terminal_progress_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with DownloadProgress() as progress:
        progress.on_bytes(1, 2_000_000)
        progress.said_s -= SAY_EVERY_S
        progress.on_bytes(1_000_000, 2_000_000)
        progress.on_bytes(1_000_001, 2_000_000)
        progress.said_s -= SAY_EVERY_S
        progress.on_bytes(1_500_000, None)
    assert capsys.readouterr().err == "1.0 MB of 2.0 MB, 50 %\n1.5 MB\n"


def test_doctor_knows_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BENCHWRIGHT_MODEL", "")

    def check() -> Check:
        return next(check for check in diagnose() if check.name == "model")

    assert (check().state, check().found.partition(" ")[0]) == ("ok", SMALL)
    store.use_none()
    assert (check().state, check().fix) == ("note", "benchwright model pull qwen3-4b")
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    store.register(path, "mine")
    store.use("mine")
    assert check().state == "ok"
    assert re.search(r"mine needs 0\.\d GiB", check().found)
    path.unlink()
    assert "is gone" in check().found
    monkeypatch.setenv("BENCHWRIGHT_MODEL", "openai:big")
    assert (check().state, check().found) == ("ok", "big, of a server")
