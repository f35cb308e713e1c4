"""`benchwright doctor` on this machine, and on one without a compiler."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command import benchwright


def test_everything_is_found_and_a_trial_run_works(tmp_path: Path) -> None:
    result = benchwright("doctor", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    checks = {check["name"]: check for check in json.loads(result.stdout)}
    assert checks["trial run"]["found"].startswith("8 of 8 bins")
    assert "missing" not in {check["state"] for check in checks.values()}
    assert list(tmp_path.iterdir()) == []


def test_a_missing_compiler_is_said_with_the_command_that_mends_it(tmp_path: Path) -> None:
    result = benchwright("doctor", cwd=tmp_path, PATH=str(tmp_path))
    assert result.returncode == 8
    assert "no C++ compiler found" in result.stdout
    assert "apt-get install clang" in result.stdout
    assert result.stderr.startswith("error: not ready: C++ compiler")


def test_a_compiler_that_does_not_work_is_named(tmp_path: Path) -> None:
    result = benchwright("doctor", cwd=tmp_path, BENCHWRIGHT_CXX="no-such-compiler")
    assert result.returncode == 8
    assert "no-such-compiler" in result.stdout


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = str(tmp_path / "file" / "cache")
    result = benchwright("doctor", cwd=tmp_path, BENCHWRIGHT_CACHE_DIR=place)
    assert result.returncode == 8
    assert "cache folder" in result.stderr
