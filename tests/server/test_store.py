"""Results survive the session, whatever happens to their files."""

from __future__ import annotations

import gzip
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.results import archive, store
from benchwright_server.results.result import Result
from benchwright_server.results.store import Store
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.verdict import decide
from tests.server.test_result import part


def a_result(workspace: Path, name: str = "a", n_bins: int = 3) -> Result:
    source = workspace / f"{name}.sv"
    spec = DesignSpec(folder=workspace, sources=(source,), top=name)
    bins = [Bin(source.name, n + 1, 1, Kind.LINE, "block", "", name) for n in range(n_bins)]
    coverage = Coverage({bin_: n % 2 for n, bin_ in enumerate(bins)})
    run = part("tb.sv", 1)
    record = replace(run.record, coverage=coverage, verdicts=decide(coverage))
    guards = {bins[0].id: "a && b"}
    texts = {source.name: "module a;\n\x0c// ä🙂\nendmodule"}
    return Result(spec.key, spec, workspace, texts, (replace(run, record=record),), guards)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f"*{archive.SUFFIX}"))


def reopened(folder: Path, workspace: Path) -> Store:
    found = Store(folder)
    found.load(workspace)
    return found


def saved(folder: Path, *results: Result) -> None:
    kept = Store(folder)
    for result in results:
        kept.put(result)
    kept.close()


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    result = a_result(tmp_path / "w")
    saved(tmp_path / "s", result)
    found = reopened(tmp_path / "s", tmp_path / "w")
    back = found.result_of(tmp_path / "w/a.sv")
    assert back is not None
    assert (back.spec, back.texts, back.guards) == (result.spec, result.texts, result.guards)
    assert (back.stamp, back.key) == (result.stamp, result.key)
    assert dict(back.coverage) == dict(result.coverage)
    assert back.parts[0].source == result.parts[0].source
    assert found.result_of(tmp_path / "w/b.sv") is None
    assert not reopened(tmp_path / "s", tmp_path / "elsewhere").entries()


@pytest.mark.asyncio
async def test_a_result_is_read_ahead(tmp_path: Path) -> None:
    saved(tmp_path / "s", a_result(tmp_path))
    found = reopened(tmp_path / "s", tmp_path)
    await found.prefetch(tmp_path / "none.sv")
    await found.prefetch(tmp_path / "a.sv")
    files(tmp_path / "s")[0].unlink()
    assert found.result_of(tmp_path / "a.sv") is not None


def test_the_most_recent_result_of_a_file_counts(tmp_path: Path) -> None:
    first = a_result(tmp_path)
    second = replace(first, key="other", stamp=first.stamp + 1)
    saved(tmp_path / "s", second, first)
    found = reopened(tmp_path / "s", tmp_path)
    assert [entry.key for entry in found.entries()] == ["other", first.key]
    newest = found.result_of(tmp_path / "a.sv")
    assert newest is not None
    assert newest.key == "other"
    found.clear(["other"])
    oldest = found.result_of(tmp_path / "a.sv")
    assert oldest is not None
    assert oldest.key == first.key
    found.close()
    assert len(files(tmp_path / "s")) == 1


def _newer(file: Path) -> None:
    lines = gzip.decompress(file.read_bytes()).split(b"\n")
    header = json.loads(lines[0])
    header["version"] = archive.VERSION + 1
    file.write_bytes(gzip.compress(b"\n".join([json.dumps(header).encode(), *lines[1:]])))


def _part_lost(file: Path) -> None:
    lines = gzip.decompress(file.read_bytes()).split(b"\n")
    file.write_bytes(gzip.compress(b"\n".join(lines[:2]) + b"\n"))


def _folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "one byte": lambda file: file.write_bytes(file.read_bytes()[:-12] + b"!" * 12),
    "empty": lambda file: file.write_bytes(b""),
    "text": lambda file: file.write_bytes(b"no gzip at all"),
    "no result": lambda file: file.write_bytes(gzip.compress(b"[1]\n{}\n")),
    "no line": lambda file: file.write_bytes(gzip.compress(b"")),
    "newer": _newer,
    "part lost": _part_lost,
    "folder": _folder_instead,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_ignored_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    good, bad = a_result(tmp_path, "a", 50), a_result(tmp_path, "b", 50)
    saved(tmp_path / "s", good, bad)
    (file,) = (file for file in files(tmp_path / "s") if file.name.startswith(bad.key))
    DAMAGE[damage](file)
    with caplog.at_level(logging.WARNING):
        found = reopened(tmp_path / "s", tmp_path)
        for _ in range(2):
            assert found.result_of(tmp_path / "b.sv") is None
            assert [result.key for result in found.results()] == [good.key]
            found.load(tmp_path)
    assert len(caplog.records) == 1
    assert str(file) in caplog.text


def test_files_are_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    results = [a_result(tmp_path / f"w{n}", n_bins=200) for n in range(6)]
    saved(tmp_path / "s", *results[:3])
    size = max(file.stat().st_size for file in files(tmp_path / "s"))
    for n, file in enumerate(files(tmp_path / "s")):
        os.utime(file, (n, n))
    oldest = files(tmp_path / "s")[0]
    left = tmp_path / "s" / "x" / "y.tmp"
    left.parent.mkdir()
    left.touch()
    os.utime(left, (1, 1))
    small = Store(tmp_path / "s", max_bytes=size * 7 // 2)
    small.put(results[3])
    small.flush()
    assert len(files(tmp_path / "s")) == 3
    assert not oldest.exists()
    assert not left.exists()
    small.close()


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_BINS", 25)
    kept = Store(tmp_path / "s")
    for name in "abcdef":
        kept.put(a_result(tmp_path, name, 10))
        kept.flush()
    assert len(kept._loaded) == 2
    assert len(kept.results()) == 6
    kept.close()


def test_a_full_or_forbidden_disk_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s").write_text("a file where the folder should be")
    kept = Store(tmp_path / "s")
    kept.load(tmp_path)
    kept.put(a_result(tmp_path))
    kept.flush()
    assert kept.result_of(tmp_path / "a.sv") is not None
    assert "cannot be saved" in caplog.text
    kept.close()


WRITER = """
import sys
from pathlib import Path
from tests.server.test_store import a_result
from benchwright_server.results.store import Store
kept = Store(Path(sys.argv[1]))
for n in range(40):
    kept.put(a_result(Path(sys.argv[2]), n_bins=300))
    kept.flush()
kept.close()
"""


def test_two_servers_at_once_leave_a_whole_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "s"), str(tmp_path / "w")]
    root = Path(__file__).parents[2]
    servers = [subprocess.Popen(command, cwd=root) for _ in range(2)]
    read = 0
    while any(server.poll() is None for server in servers):
        for file in files(tmp_path / "s"):
            assert len(archive.read(file).coverage) == 300
            read += 1
    assert [server.returncode for server in servers] == [0, 0]
    assert read
    assert len(list((tmp_path / "s").rglob("*.*"))) == 1
    assert not caplog.records


def test_a_result_that_says_nothing_hides_none(tmp_path: Path) -> None:
    kept = Store(tmp_path / "s")
    known = a_result(tmp_path)
    kept.put(known)
    kept.put(replace(known, key="empty", parts=(), stamp=known.stamp + 1))
    assert kept.result_of(tmp_path / "a.sv") is known
    kept.close()


def test_fifty_results_open_at_once(tmp_path: Path) -> None:
    results = [a_result(tmp_path / "w", f"m{n}", 400) for n in range(50)]
    saved(tmp_path / "s", *results)
    start = time.process_time()
    found = reopened(tmp_path / "s", tmp_path / "w")
    assert len(found.entries()) == 50
    assert time.process_time() - start < 0.2
    assert not found._loaded
