"""What README.md and ARCHITECTURE.md say is so: commands run, links lead somewhere, modules exist.

Blocks fenced as `sh run` are run in order, in one folder that holds the examples. For those fenced
as `sh run model` a small real model stands for the one that is pulled, given by a hub on loopback,
and a scripted server for the one that is named; `sh run train` trains a tiny one for real. What
installs packages is left out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchwright_agent.models.installed.catalogue import CATALOGUE, DEFAULT, HubFile
from tests.command import environment
from tests.hub_server import hub_server
from tests.model_script import Script
from tests.model_server import model_server
from tests.tiny_model import tiny_gguf

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
RUNNABLE = re.compile(r"^```sh run(?: model| train)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
SERVER = "http://127.0.0.1:8080/v1"
LINK = re.compile(r"\]\(([^)#:]+)\)")


BENCH = """\
filename: tb.sv
```systemverilog
module tb;
  logic clk = 0, rst = 1;
  always #5 clk = ~clk;
  fifo dut (.clk, .rst);
  initial begin
    #40 rst = 0;
    #100 $finish;
  end
endmodule
```
"""


PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "examples/README.md",
    "docs/editors.md",
    "docs/language-server.md",
    "docs/nano.md",
    "docs/training.md",
    "vscode-extension/README.md",
)


def commands() -> list[str]:
    """Every runnable line of the README that installs nothing."""
    lines = [line for block in RUNNABLE.findall(README) for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("pip ")]


def test_every_command_of_the_readme_works(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    scripts = str(Path(sys.executable).parent)
    found = commands()
    assert len(found) >= 12
    with hub_server() as hub, model_server(lambda request, n: Script(BENCH)) as server:
        origin = CATALOGUE[DEFAULT].origin
        assert isinstance(origin, HubFile)
        hub.repositories[origin.repository] = {origin.file: tiny_gguf().read_bytes()}
        for line in found:
            result = subprocess.run(
                ["bash", "-ec", line.replace(SERVER, server.base_url)],
                cwd=tmp_path,
                env=environment(
                    PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}",
                    BENCHWRIGHT_DATA_DIR=str(tmp_path / "data"),
                    BENCHWRIGHT_MODEL="",
                    HF_ENDPOINT=hub.url,
                ),
                capture_output=True,
                text=True,
                check=False,
                timeout=1200,
            )
            assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    names = {path.name for path in tmp_path.iterdir()}
    assert {"tb_fifo.sv", "coverage.html", "tb_llm.sv", "fifo.jsonl", "search", "llm"} <= names


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = LINK.findall(page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    folders = ("sim", "agent", "server", "trainer")
    paths = [path for name in folders for path in sorted((ROOT / name).rglob("*.py"))]
    source = "\n".join(path.read_text("utf-8") for path in paths)
    used = {int(code) for code in re.findall(r"exit_code(?:: [\w\[\]]+)? = (\d+)", source)}
    assert used <= told


def test_the_architectures_tree_names_what_exists() -> None:
    tree = ARCHITECTURE.split("```")[1]
    missing = []
    package = ROOT
    for line in tree.splitlines():
        if line.startswith(tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir())):
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
