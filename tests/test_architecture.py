"""The shape of the code: imports go one way, nothing heavy at import, modules stay about one noun.

Read from the source with `ast`, so that a forbidden import inside a function is found as well.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "benchwright_sim": ROOT / "sim" / "benchwright_sim",
    "benchwright_agent": ROOT / "agent" / "benchwright_agent",
    "benchwright_server": ROOT / "server" / "benchwright_server",
    "benchwright_trainer": ROOT / "trainer" / "benchwright_trainer",
}
ALLOWED = {
    "benchwright_sim": set[str](),
    "benchwright_agent": {"benchwright_sim"},
    "benchwright_server": {"benchwright_sim", "benchwright_agent"},
    "benchwright_trainer": {"benchwright_sim", "benchwright_agent"},
}
HEAVY = ("pyslang", "numpy", "cocotb", "jinja2", "torch", "llama_cpp", "ray", "transformers")
MAX_LINES = 400
OUTLIERS: dict[str, str] = {}
"""Modules that may be longer than `MAX_LINES`, each with its reason."""

FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "misc"}


def modules(package: str) -> list[Path]:
    """Every Python file of a package, in order."""
    return sorted(PACKAGES[package].rglob("*.py"))


def existing_modules() -> list[Path]:
    """Every Python file of every package that exists."""
    return [path for package in PACKAGES for path in modules(package)]


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules that a tree imports, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if (head := name.partition(".")[0]) in PACKAGES
        and head != package
        and head not in ALLOWED[package]
    ]
    assert wrong == []


def test_modules_are_no_longer_than_one_noun_needs() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in existing_modules()
    }
    long = {name: size for name, size in sizes.items() if size > MAX_LINES}
    assert {name: size for name, size in long.items() if name not in OUTLIERS} == {}
    assert set(OUTLIERS) <= set(long), "an outlier that has shrunk is an outlier no more"


def test_modules_are_named_for_what_they_are_about() -> None:
    assert [path for path in existing_modules() if path.stem in FORBIDDEN_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in existing_modules()
        if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]
    assert silent == []


def test_the_command_line_starts_without_anything_heavy() -> None:
    script = (
        "import sys\n"
        "from benchwright_agent.cli.main import build_app\n"
        "build_app()\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.split() == []


def test_no_tracked_file_names_a_machine_path() -> None:
    prefixes = ("/" + "home/", "/" + "root/", "/" + "tmp/", "/" + "work/")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    found = [
        f"{name}: {prefix}"
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file()
        for prefix in prefixes
        if prefix.encode() in (ROOT / name).read_bytes()
    ]
    assert found == []
