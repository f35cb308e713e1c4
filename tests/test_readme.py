"""What README.md and ARCHITECTURE.md say is so: commands run, links lead somewhere, modules exist.

Blocks fenced as `sh run` are run in order, in one folder that holds the examples.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
RUNNABLE = re.compile(r"^```sh run\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def commands() -> list[str]:
    """Every runnable line of the README."""
    return [line for block in RUNNABLE.findall(README) for line in block.splitlines() if line]


def test_every_command_of_the_readme_works(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    scripts = str(Path(sys.executable).parent)
    found = commands()
    assert len(found) >= 5
    for line in found:
        result = subprocess.run(
            ["bash", "-ec", line],
            cwd=tmp_path,
            env=environment(PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}"),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    assert {"tb_fifo.sv", "coverage.html"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "examples/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = LINK.findall(page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "sim").rglob("*.py"))
    used = {int(code) for code in re.findall(r"exit_code(?:: [\w\[\]]+)? = (\d+)", source)}
    assert used <= told


def test_the_architectures_tree_names_what_exists() -> None:
    tree = ARCHITECTURE.split("```")[1]
    missing = []
    package = ROOT
    for line in tree.splitlines():
        if line.startswith(("sim/", "agent/", "tests/", "examples/", "benchmarks/", "docs/")):
            package = ROOT / line.split()[0]
            missing += [] if package.is_dir() else [line.split()[0]]
        elif re.match(r"  \w", line):
            names = re.split(r" {2,}", line.strip())[0].split()
            missing += [
                f"{package.name}/{name}"
                for name in names
                if not list(package.glob(name if name.endswith("/") else f"{name}.py"))
            ]
    assert missing == []
