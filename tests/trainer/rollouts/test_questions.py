"""Questions of the closing policy, drawn as traces."""

from __future__ import annotations

from pathlib import Path

from benchwright_agent.evaluation.rows import Row
from benchwright_agent.protocol.task import SourceText
from benchwright_trainer.rollouts.drawn import Drawn
from benchwright_trainer.rollouts.job import JobOptions
from benchwright_trainer.rollouts.questions import QuestionsJob
from benchwright_trainer.rollouts.tokens import estimate_tokens
from tests.agent.evaluation.small import row

SPI = Path("examples/05_spi/spi_master.sv").read_text()


def job(design: Row, *, n: int = 1, prompt_tokens: int = 8000) -> QuestionsJob:
    options = JobOptions(
        seed=1, prompt_tokens=prompt_tokens, timeout_s=30, count=estimate_tokens, cache=None
    )
    return QuestionsJob(design, 1000, n, 200_000, options)


def test_the_loop_answers_its_own_questions() -> None:
    design = Row("spi", (SourceText("spi.sv", SPI),))
    drawn = job(design, n=3).run(None)
    assert isinstance(drawn, Drawn)
    assert drawn.status == "ok"
    assert drawn.key == "spi/questions"
    assert drawn.traces
    for trace in drawn.traces:
        assert trace.kind == "stimulus"
        assert trace.before is not None
        assert trace.after.score > trace.before.score
        assert trace.answer.startswith('{"segments":[')
        assert "Not covered yet:" in trace.prompt[-1].content
    assert job(design, n=3).run(None).traces == drawn.traces  # type: ignore[union-attr] # as above


def test_a_design_at_fault_is_told_and_one_too_long_left_out() -> None:
    drawn = job(row("broken")).run(None)
    assert isinstance(drawn, Drawn)
    assert drawn.status == "row_error"
    design = Row("spi", (SourceText("spi.sv", SPI),))
    short = job(design, prompt_tokens=64).run(None)
    assert isinstance(short, Drawn)
    assert (short.status, short.traces) == ("ok", ())
