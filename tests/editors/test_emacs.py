"""Emacs in batch mode with eglot, as docs/editors.md sets it up: a code action to a testbench."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.editors.setup_text import REPOSITORY, editor_environment, setup_text

DRIVE = """
(setq eglot-sync-connect t eglot-confirm-server-initiated-edits nil)
(find-file "fifo.sv")
(call-interactively #'eglot)
(goto-char (point-min))
(re-search-forward "^module fifo")
(beginning-of-line)
(eglot-code-actions (line-beginning-position) (line-end-position) "refactor.rewrite" t)
(let ((deadline (+ (float-time) 60)))
  (while (and (not (file-exists-p "tb_fifo.sv")) (not (get-buffer "tb_fifo.sv")))
    (when (> (float-time) deadline) (error "no testbench in time"))
    (accept-process-output nil 0.1)))
(save-some-buffers t)
(eglot-shutdown-all)
"""


def test_a_code_action_writes_a_testbench(tmp_path: Path) -> None:
    if shutil.which("emacs") is None:
        pytest.skip("emacs is not installed")
    environment = editor_environment(tmp_path / "home")
    work = tmp_path / "work"
    shutil.copytree(REPOSITORY / "examples" / "02_fifo", work)
    (tmp_path / "setup.el").write_text("(package-initialize)\n" + setup_text("emacs"))
    (tmp_path / "drive.el").write_text(DRIVE)
    ran = subprocess.run(
        ["emacs", "--batch", "-l", tmp_path / "setup.el", "-l", tmp_path / "drive.el"],
        cwd=work, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "module tb_fifo" in (work / "tb_fifo.sv").read_text()
