"""The registry of models: names, files, damage, and what may be deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchwright_agent.models.installed import catalogue, store
from benchwright_agent.models.installed.catalogue import BundledFile
from benchwright_agent.models.installed.registry import Registry, check_name, read_registry
from benchwright_agent.models.model import ModelError
from tests.small_gguf import small_gguf


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own."""
    folder = tmp_path / "data"
    monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(folder))
    return folder


def gguf(path: Path) -> Path:
    """A small GGUF file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small_gguf())
    return path


def test_what_is_registered_is_found_again(tmp_path: Path) -> None:
    path = gguf(tmp_path / "my model.gguf")
    record = store.register(path, "mine")
    assert (record.architecture, record.parameters, record.context_tokens) == ("qwen3", 1024, 4096)
    assert store.find("mine") == record
    assert store.use("mine").path == path
    assert read_registry() == Registry({"mine": record}, "mine")


def test_nothing_is_made_by_looking(data: Path) -> None:
    assert read_registry() == Registry()
    with pytest.raises(ModelError, match="there is no model nonsense"):
        store.find("nonsense")
    with pytest.raises(ModelError, match="not on this machine") as caught:
        store.find("qwen3-4b")
    assert caught.value.hint == "benchwright model pull qwen3-4b"
    assert not data.exists()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/b", "a\\b", "x.gguf", "-rf", "a b", "ä", "a\n", "x" * 101]
)
def test_names_that_could_be_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="no name for a model"):
        store.register(gguf(tmp_path / "a.gguf"), name)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Model-Q4_K_M.gguf", "Model-Q4_K_M"),
        ("deep/down/model.GGUF", "model"),
        ("../../etc/passwd.gguf", "passwd"),
        ("..\\..\\evil.gguf", "evil"),
        ("my model (new).gguf", "my-model-new"),
        ("twice.gguf.gguf", "model"),
        (".gguf", "model"),
        ("..gguf", "model"),
        ("\x00\n.gguf", "model"),
        ("模型.gguf", "model"),
        ("x" * 300 + ".gguf", "x" * 100),
    ],
)
def test_a_name_made_from_a_file_is_legal(file: str, name: str) -> None:
    assert store.name_for(file) == check_name(name)


def test_a_taken_name_is_not_given_twice(tmp_path: Path) -> None:
    first = store.register(gguf(tmp_path / "a.gguf"), "mine")
    assert store.register(tmp_path / "a.gguf", "mine") == first
    with pytest.raises(ModelError, match=r"the name mine is taken by .*a\.gguf"):
        store.register(gguf(tmp_path / "b.gguf"), "mine")
    with pytest.raises(ModelError, match="taken by a model of the catalogue"):
        store.register(tmp_path / "b.gguf", "qwen3-4b")


def test_a_file_that_moved_is_missed_by_its_path(tmp_path: Path) -> None:
    path = gguf(tmp_path / "a.gguf")
    store.register(path, "mine")
    path.rename(tmp_path / "b.gguf")
    with pytest.raises(ModelError, match=r"the file of the model mine is gone: .*a\.gguf"):
        store.find("mine")


def test_a_file_that_moved_is_named_anew(tmp_path: Path) -> None:
    path = gguf(tmp_path / "a.gguf")
    store.register(path, "mine")
    moved = path.rename(tmp_path / "b.gguf")
    assert store.register(moved, "mine").path == moved
    assert store.find("mine").path == moved


def test_a_download_named_by_its_path_stays_a_download(data: Path) -> None:
    path = gguf(data / "models" / "own.gguf")
    first = store.register(path, "own", source="hub:a/b/c.gguf@1", sha256="1" * 64)
    assert store.register(data / "models" / ".." / "models" / "own.gguf", "own") == first


def test_only_files_of_the_store_are_deleted(tmp_path: Path, data: Path) -> None:
    own, foreign = gguf(data / "models" / "own.gguf"), gguf(tmp_path / "foreign.gguf")
    rest = data / "models" / "own.gguf.0123456789ab.partial"
    rest.write_bytes(b"")
    for path in (own, foreign):
        store.register(path, path.stem)
    store.use("own")
    store.remove("own")
    store.remove("foreign")
    assert foreign.exists()
    assert not own.exists()
    assert not rest.exists()
    assert read_registry() == Registry()
    with pytest.raises(ModelError, match="there is no model own to remove"):
        store.remove("own")


def test_a_registry_that_points_outside_deletes_nothing(tmp_path: Path, data: Path) -> None:
    victim = gguf(tmp_path / "victim.gguf")
    store.register(gguf(data / "models" / "own.gguf"), "own")
    place = data / "models.json"
    place.write_text(place.read_text().replace('"own.gguf"', '"../../victim.gguf"'))
    store.remove("own")
    assert victim.exists()


DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"{}",
    b'{"version": 1, "in_use": null, "models": []}',
    b'{"version": 1, "in_use": 3, "models": {}}',
    b'{"version": "1", "in_use": null, "models": {}}',
    b'{"version": 1, "in_use": null, "models": {"a": {"path": "a.gguf"}}}',
    b'{"version": 1, "in_use": null, "models": {"../a": {}}}',
    b'{"version": 1, "in_use": null, "models": {"a": {"path": 1, "architecture": "", '
    b'"parameters": 1, "quantisation": "", "context_tokens": 1, "size_bytes": 1, "source": "", '
    b'"licence": "", "sha256": ""}}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_registry_is_said_and_kept(data: Path, content: bytes) -> None:
    gguf(data / "models" / "own.gguf")
    (data / "models" / "no-model.gguf").write_bytes(b"<html>")
    (data / "models.json").write_bytes(content)
    registry = read_registry()
    assert "models.json is damaged" in registry.problem
    assert list(registry.models) == ["own"]
    assert (data / "models.json").read_bytes() == content
    store.use("own")
    assert read_registry().in_use == "own"
    assert (data / "models.damaged-1.json").read_bytes() == content


def test_a_registry_of_a_newer_version_is_left_alone(data: Path, tmp_path: Path) -> None:
    data.mkdir()
    content = json.dumps({"version": 2, "everything": "else"})
    (data / "models.json").write_text(content)
    with pytest.raises(ModelError, match="version 2; known: 1"):
        store.register(gguf(tmp_path / "a.gguf"), "a")
    assert (data / "models.json").read_text() == content


def test_a_data_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(ModelError, match="cannot be") as caught:
        store.register(gguf(tmp_path / "a.gguf"), "a")
    assert "BENCHWRIGHT_DATA_DIR" in caught.value.hint


def test_a_bundled_model_is_there_without_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = gguf(tmp_path / "nano.gguf")
    nano = catalogue.Entry("nano", "Nano", BundledFile(str(path)), 1, "F32", 1, 1, "mit")
    monkeypatch.setattr(store, "CATALOGUE", {"nano": nano})
    assert store.find("nano").path == path
    store.use("nano")
    assert read_registry().in_use == "nano"
    with pytest.raises(ModelError, match="no model nano to remove"):
        store.remove("nano")
    path.unlink()
    with pytest.raises(ModelError, match="is gone") as caught:
        store.find("nano")
    assert "pip install" in caught.value.hint
