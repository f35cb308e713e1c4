"""A testbench of a model, judged by running it: x -> o of the paper's transition (section 3.1)."""

from __future__ import annotations

from benchwright_agent.protocol.task import Attempt, Draft, Outcome, Task
from benchwright_agent.replies.screening import screen
from benchwright_sim.testbench import Status, measure

STAGE_S = 30.0
"""Seconds that a testbench may run, as in the paper."""

OUTCOMES: dict[Status, Outcome] = {
    Status.OK: "ok",
    Status.COMPILE_ERROR: "compile_error",
    Status.TIMEOUT: "timeout",
    Status.RUNTIME_ERROR: "runtime_error",
    Status.NO_PROGRESS: "no_progress",
    Status.REFUSED: "refused",
}

_ABSENT = "nothing of {0} was simulated: make its instance in the top module, without a condition"


def judge(
    draft: Draft, task: Task, *, flatten: bool = False, timeout_s: float = STAGE_S
) -> Attempt:
    """What becomes of a draft. Depends on nothing but the arguments, times apart.

    Args:
        draft: compiled and run under the bounds of `testbench.simulate`, unless screening refuses
            it.
        task: that it answers.
        flatten: count the bins of each instance apart.
        timeout_s: that it may run.

    Raises:
        ToolchainError: Verilator or a compiler is missing, broken or was killed.
        OutputError: the disk fills up.
    """
    reason = screen(draft, task)
    if reason:
        return Attempt(draft, "refused", reason=reason)
    feedback = measure(
        task.elaboration,
        draft.text,
        tb_name=draft.top,
        dut_name=task.instance,
        flatten=flatten,
        timeout_s=timeout_s,
    )
    if feedback.status is Status.OK and not feedback.coverage:
        # Else its coverage would be one of nothing, which no target applies to.
        return Attempt(draft, "runtime_error", feedback, _ABSENT.format(task.module))
    return Attempt(draft, OUTCOMES[feedback.status], feedback)
