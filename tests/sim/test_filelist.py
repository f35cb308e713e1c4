"""Tests of reading filelists."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import SourceError
from benchwright_sim.filelist import read_filelist


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_options_are_relative_to_the_filelist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IP", "ip")
    path = _write(
        tmp_path / "list" / "all.f",
        "// comment with -f nothing.f\n"
        "# another\n"
        "top.sv /* in\nbetween */ '$IP'/a.v ${IP}/b.v $(IP)/c.v\n".replace("'", "")
        + '+incdir+inc+../more  "with space.sv"\n'
        "+define+W=4+FAST -DX=1 -D Y\n"
        "-y lib +libext+.vv+.v -v cells.v \\\n--top chip\n"
        "-sverilog +lint=all\n",
    )
    base = path.parent
    names = ["top.sv", "ip/a.v", "ip/b.v", "ip/c.v", "with space.sv"]
    for name in (*names, "cells.v"):
        _write(base / name, "module m; endmodule\n")
    found = read_filelist(path)
    assert found.sources == tuple(base / name for name in names)
    assert found.include_dirs == (base / "inc", tmp_path / "more")
    assert found.defines == (("W", "4"), ("FAST", ""), ("X", "1"), ("Y", ""))
    assert found.library_dirs == (base / "lib",)
    assert found.library_files == (base / "cells.v",)
    assert found.library_extensions == (".vv", ".v")
    assert found.top == "chip"


def test_nested_lists_are_relative_to_themselves(tmp_path: Path) -> None:
    outer = _write(tmp_path / "outer.f", "-f sub/inner.f\na.sv\n")
    _write(tmp_path / "sub" / "inner.f", "b.sv -F deeper/last.f\n")
    _write(tmp_path / "sub" / "deeper" / "last.f", "c.sv\n")
    for name in ("a.sv", "sub/b.sv", "sub/deeper/c.sv"):
        _write(tmp_path / name, "module m; endmodule\n")
    found = read_filelist(outer)
    assert found.sources == (
        tmp_path / "sub" / "b.sv",
        tmp_path / "sub" / "deeper" / "c.sv",
        tmp_path / "a.sv",
    )


def test_path_of_the_current_folder_when_the_list_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = _write(tmp_path / "rtl" / "a.sv", "module a; endmodule\n")
    path = _write(tmp_path / "scripts" / "all.f", "rtl/a.sv\n")
    assert read_filelist(path).sources == (source,)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("\na.sv\n-f loop.f\n", "includes itself", 3),
        ("a.sv\n$NOT_SET_ANYWHERE/b.sv\n", "NOT_SET_ANYWHERE", 2),
        ("a.sv\n-y", "no value", 2),
        ("-f gone.f\n", "cannot read filelist", 1),
    ],
)
def test_wrong_list_names_its_line(tmp_path: Path, text: str, message: str, line: int) -> None:
    path = _write(tmp_path / "loop.f", text)
    _write(tmp_path / "a.sv", "module m; endmodule\n")
    with pytest.raises(SourceError, match=message) as caught:
        read_filelist(path)
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (path, line)


def test_libraries_give_only_what_is_missing(tmp_path: Path) -> None:
    _write(tmp_path / "top.sv", "module top(input a, output y); cell_a u(a, y); endmodule\n")
    _write(
        tmp_path / "lib" / "cell_a.vv",
        "module cell_a(input a, output y); cell_b u(a, y); endmodule\n",
    )
    _write(
        tmp_path / "cells.v",
        "module cell_b(input a, output y); assign y = a; endmodule\n"
        "module unused(input a); endmodule\n",
    )
    path = _write(tmp_path / "all.f", "top.sv -y lib +libext+.vv -v cells.v\n")
    design = elaborate(load_design([], filelists=[path])).design
    assert design.top == "top"
    assert design.sources == (tmp_path / "top.sv",)
    assert design.library_files == (tmp_path / "cells.v",)
