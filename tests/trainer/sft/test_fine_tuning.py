"""Training for real, of a student of half a million weights: to its end, killed, and refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_sim.errors import OutputError
from benchwright_trainer.architecture import read_architecture
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.export import export
from benchwright_trainer.sft.fine_tuning import SftProgress, SftSummary, fine_tune, pretrain
from benchwright_trainer.sft.launch import Training, launch_argv
from benchwright_trainer.sft.options import PretrainOptions, SftOptions
from benchwright_trainer.sft.request import Request, Work
from tests.trainer.model_folders import tensors
from tests.trainer.sft.students import dataset, small_student, texts

OPTIONS = SftOptions(
    learning_rate=3e-3, epochs=4.0, batch=8, max_length=600, checkpoint_steps=2, device="cpu",
    n_threads=1,
)  # fmt: skip
KILLED = """\
import sys
from pathlib import Path
from benchwright_trainer.sft.fine_tuning import fine_tune
from tests.trainer.sft.test_fine_tuning import OPTIONS
fine_tune(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), OPTIONS)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[SftSummary, list[SftProgress], Path]:
    """A training that nothing interrupted, what it told, and its data."""
    folder = tmp_path_factory.mktemp("whole")
    data = dataset(folder / "data", 18, n_long=2)
    told: list[SftProgress] = []
    summary = fine_tune(data, small_student(), folder / "model", OPTIONS, on_progress=told.append)
    return summary, told, data


def test_it_learns_tells_and_leaves_a_model_that_can_be_exported(
    whole: tuple[SftSummary, list[SftProgress], Path], tmp_path: Path
) -> None:
    summary, told, _ = whole
    assert (summary.rows, summary.too_long, summary.steps) == (16, 2, 8)
    assert summary.last_loss < summary.first_loss
    assert [progress.step for progress in told] == list(range(1, 9))
    assert all(progress.steps == 8 and progress.tokens_per_s > 0 for progress in told)
    assert told[-1].seconds_left == 0
    assert export(summary.model, tmp_path / "model.gguf").exists()
    assert read_architecture(summary.model) == read_architecture(small_student())


def test_the_log_says_what_happened(whole: tuple[SftSummary, list[SftProgress], Path]) -> None:
    summary, _, _ = whole
    samples, *steps = map(json.loads, summary.log.read_text("utf-8").splitlines())
    assert (samples["event"], samples["too_long"]) == ("samples", 2)
    rates = [step["learning_rate"] for step in steps]
    assert max(rates) == OPTIONS.learning_rate
    assert rates[-1] < 0.1 * OPTIONS.learning_rate
    assert list((summary.log.parent / "tensorboard").glob("events.*"))
    assert not (summary.log.parent / "checkpoints").exists()


def test_killed_and_called_again_it_ends_with_the_same_weights(
    whole: tuple[SftSummary, list[SftProgress], Path], tmp_path: Path
) -> None:
    summary, _, data = whole
    output = tmp_path / "model"
    work = Work(tmp_path / "model-training")
    arguments = [str(data), str(small_student()), str(output)]
    caller = subprocess.Popen([sys.executable, "-c", KILLED, *arguments])
    wait(lambda: work.last_step() >= 4, caller)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    wait(lambda: not processes(work.request), None)
    assert not output.exists()
    (work.checkpoints / "checkpoint-7").mkdir()  # killed while it was written
    again: list[SftProgress] = []
    found = fine_tune(data, small_student(), output, OPTIONS, on_progress=again.append)
    assert again[0].step in (5, 7)
    assert found.steps == 8
    assert (output / "model.safetensors").read_bytes() == (
        summary.model / "model.safetensors"
    ).read_bytes()
    logged = [event["step"] for event in work.events() if event["event"] == "step"]
    assert logged == list(range(1, 9))


def test_a_training_shorter_than_a_line_of_the_log_has_figures(
    whole: tuple[SftSummary, list[SftProgress], Path], tmp_path: Path
) -> None:
    short = replace(OPTIONS, max_steps=1, log_steps=100)
    summary = fine_tune(whole[2], small_student(), tmp_path / "model", short)
    assert summary.steps == 1
    assert summary.first_loss == summary.last_loss > 0


def test_two_processes_learn_what_one_does_and_leave_nothing(
    whole: tuple[SftSummary, list[SftProgress], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary, _, data = whole
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    shared = replace(OPTIONS, n_workers=2)
    found = fine_tune(data, small_student(), tmp_path / "model", shared)
    assert (found.rows, found.steps) == (summary.rows, summary.steps)
    assert found.first_loss == pytest.approx(summary.first_loss, rel=0.02)
    assert found.last_loss == pytest.approx(summary.last_loss, rel=0.1)
    assert not processes(Work(tmp_path / "model-training").request)
    assert not list(temporary.iterdir())


def test_what_is_done_is_not_done_again_and_what_is_there_is_kept(
    whole: tuple[SftSummary, list[SftProgress], Path],
) -> None:
    summary, _, data = whole
    told: list[SftProgress] = []
    again = fine_tune(data, small_student(), summary.model, OPTIONS, on_progress=told.append)
    assert (told, again.last_loss) == ([], summary.last_loss)
    with pytest.raises(OutputError, match="exists already"):
        fine_tune(data, small_student(), summary.model, SftOptions(device="cpu"))


def test_adapters_are_merged_and_accelerate_starts_the_process(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    options = SftOptions(
        method="lora", lora_rank=4, learning_rate=1e-2, batch=8, max_length=600, device="cpu",
        n_threads=1,
    )  # fmt: skip
    request = Request(str(small_student()), str(data), "answers", options)
    work = Work(tmp_path / "work")
    work.claim(request)
    with Training(request, work) as training:
        events = list(training.run(launch_argv(request, work)))
    assert [event["event"] for event in events] == ["samples", "step", "step"]
    before, after = tensors(small_student()), tensors(work.model)
    assert before.keys() == after.keys()
    same = {name for name in before if before[name].equal(after[name])}
    assert {name for name in before if "proj" not in name} == same


def test_pretraining_learns_all_of_texts(tmp_path: Path) -> None:
    options = PretrainOptions(
        batch=4, micro_batch=1, max_length=1000, device="cpu", n_threads=1, max_steps=2
    )
    summary = pretrain(
        [*texts()[:3], ("what", "that")], small_student(), tmp_path / "model", options
    )
    assert summary.learnt == summary.tokens
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model-training"]


def test_what_fails_in_the_process_is_said_without_a_traceback(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", 4)
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in small_student().iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainerError) as error:
        fine_tune(data, broken, tmp_path / "b", SftOptions(device="cpu"))
    assert "Traceback" not in str(error.value)
    with pytest.raises(TrainerError, match="GPU"):
        fine_tune(data, small_student(), tmp_path / "c", SftOptions(device="gpu", n_gpus=1))


def wait(reached: Callable[[], bool], caller: subprocess.Popen[bytes] | None) -> None:
    """Until something is so."""
    until_s = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < until_s
        assert caller is None or caller.poll() is None, "it ended too early"
        time.sleep(0.02)


def processes(request: Path) -> list[int]:
    """Training processes of a request that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(request).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found
