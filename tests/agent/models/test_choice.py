"""Which model is opened: asked for, by the environment, in use; and what is missing for it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from benchwright_agent.models.choice import find_model, model_in_use, open_model
from benchwright_agent.models.installed import store
from benchwright_agent.models.model import Message, ModelError, Request
from tests.model_script import Script
from tests.model_server import model_server
from tests.small_gguf import small_gguf
from tests.tiny_model import tiny_gguf


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, and nothing asked for by the environment."""
    folder = tmp_path / "data"
    monkeypatch.setenv("BENCHWRIGHT_DATA_DIR", str(folder))
    for name in ("BENCHWRIGHT_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return folder


def registered(folder: Path, name: str) -> Path:
    """A model that is known by a name."""
    path = folder / f"{name}.gguf"
    path.write_bytes(small_gguf())
    store.register(path, name)
    return path


def test_without_a_model_there_is_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # no llama.cpp, no nano
    assert model_in_use() is None
    with pytest.raises(ModelError, match="no model is in use") as caught:
        open_model(None)
    assert caught.value.hint.startswith("pip install 'benchwright[local]', which runs nano; ")
    assert "benchwright model pull qwen3-4b" in caught.value.hint
    assert caught.value.exit_code == 12
    assert not data.exists()


def test_the_environment_comes_before_the_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(tmp_path, "first")
    store.use("first")
    assert model_in_use() == "first"
    monkeypatch.setenv("BENCHWRIGHT_MODEL", "second")
    assert model_in_use() == "second"
    with pytest.raises(ModelError, match="there is no model second"):
        open_model(None)
    with pytest.raises(ModelError, match="there is no model third"):
        open_model("third")


def test_a_name_or_a_path_is_a_local_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = registered(tmp_path, "mine")
    assert find_model("mine").path == path
    monkeypatch.chdir(tmp_path)
    assert find_model("mine.gguf").path == path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model("~/mine.gguf").path == path
    blob = path.with_name("sha256-1")
    blob.write_bytes(small_gguf())
    assert find_model("./sha256-1").path == blob
    with pytest.raises(ModelError, match="there is no file"):
        find_model("~nobody-of-this-name/mine.gguf")
    with pytest.raises(ModelError, match=r"there is no file .*other\.gguf"):
        find_model("other.gguf")
    with pytest.raises(ModelError, match="there is no model mime") as caught:
        find_model("mime")
    assert caught.value.hint == "did you mean mine?"
    path.unlink()
    with pytest.raises(ModelError, match="is gone"):
        open_model("mine")


def test_a_served_model_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request((Message("user", "hello"),))
    with model_server(lambda _request, _number: Script("good day")) as server:
        with_url = open_model("big", server=server.base_url)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        by_environment = open_model("openai:big")
        monkeypatch.setenv("BENCHWRIGHT_MODEL", "openai:big")
        chosen = (open_model(None), open_model(None, server=server.base_url))
        for model in (with_url, by_environment, *chosen):
            assert model.name == "big"
            assert model.answer(request).text == "good day"
            model.close()


def test_a_server_alone_does_not_say_which_model() -> None:
    with pytest.raises(ModelError, match="which model of http://localhost:1/v1 is meant"):
        open_model(None, server="http://localhost:1/v1")
    with pytest.raises(ModelError, match="name of the served model is empty"):
        open_model("openai:")


def test_a_local_model_answers() -> None:
    model = open_model(str(tiny_gguf()), context_tokens=512)
    try:
        assert model.name == tiny_gguf().stem
        assert model.context_tokens == 512
        assert model.count((Message("user", "hello"),)) > 0
    finally:
        model.close()


def test_what_is_in_use_is_found_without_loading_much() -> None:
    script = (
        "import sys\n"
        "from benchwright_agent.models.choice import model_in_use\n"
        "model_in_use()\n"
        "heavy = {'numpy', 'llama_cpp', 'openai', 'huggingface_hub', 'gguf', 'httpx2', 'rich'}\n"
        "print(*heavy & set(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.split() == []


def test_none_is_a_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(tmp_path, "first")
    store.use("first")
    monkeypatch.setenv("BENCHWRIGHT_MODEL", "none")
    assert model_in_use() is None
    with pytest.raises(ModelError, match="no model is in use"):
        open_model(None)
    monkeypatch.delenv("BENCHWRIGHT_MODEL")
    store.use_none()
    assert model_in_use() is None
    with pytest.raises(ModelError, match="'none' is no name for a model"):
        registered(tmp_path, "none")
