"""Rows: what they hold, what is refused before anything is written, and how they become designs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.evaluation.rows import (
    SuiteError,
    materialise,
    row_from_json,
    row_to_json,
)
from benchwright_agent.evaluation.targets import Target
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import SimError
from tests.agent.evaluation.small import row, row_json, target

SOURCE = {"name": "a.sv", "content": "module a; endmodule\n"}


def test_a_row_says_all_that_the_data_set_says() -> None:
    found = row("pair", targets=[target("Toggle", 80, "u_fast")])
    assert (found.id, found.module, found.instance) == ("ours_pair_0001", "pair", "dut")
    assert [file.name for file in found.files] == ["rtl/pair.sv", "rtl/latch.sv"]
    assert [file.name for file in found.specs] == ["docs/spec.md"]
    assert found.targets == (Target("u_fast", "Toggle", 80),)
    assert row_from_json(row_to_json(found)) == found


def test_only_an_id_and_sources_are_required() -> None:
    found = row_from_json({"id": 7, "rtl_files": [SOURCE], "targets": None, "extra": object()})
    assert (found.id, found.module, found.instance, found.targets) == ("7", None, "dut", ())


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../a.sv",
        "rtl/../../a.sv",
        "",
        "a\0.sv",
        "c:\\a.sv",
        '"a".sv',
        "a*.sv",
        ".",
        7,
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(name: object) -> None:
    with pytest.raises(SuiteError, match="rtl_files"):
        row_from_json(row_json("gate", rtl_files=[SOURCE, {"name": name, "content": "x"}]))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": None}, "id: None"),
        ({"id": "a\nb"}, "id: "),
        ({"id": True}, "id: True"),
        ({"rtl_files": []}, "rtl_files: write a list"),
        ({"rtl_files": "a.sv"}, "rtl_files: write a list"),
        ({"rtl_files": [{"name": "a.sv"}]}, "rtl_files: "),
        ({"rtl_files": [{"name": "a.txt", "content": ""}]}, "none ends in .v or .sv"),
        ({"rtl_files": [SOURCE, SOURCE]}, "two files are called 'a.sv'"),
        (
            {"rtl_files": [SOURCE, {"name": "a.sv/b.sv", "content": ""}]},
            "both a file and a folder",
        ),
        ({"dut_instance_name": "a b"}, "dut_instance_name: 'a b' is no identifier"),
        ({"instruction": 3}, "instruction: 3 is no text"),
        ({"targets": ["Block"]}, "targets: 'Block' is not legal"),
        ({"targets": [target("Blokc")]}, "no metric is called 'Blokc'"),
        ({"targets": [{"metric": None}]}, "metric None is no text"),
        ({"targets": [target("Block", 101)]}, "target_percentage 101"),
        ({"targets": [target("Block", float("nan"))]}, "target_percentage nan"),
        ({"targets": [target("Block", True)]}, "target_percentage True"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SuiteError) as error:
        row_from_json(row_json("gate", **fields))
    assert says in error.value.message


@pytest.mark.parametrize("value", [None, [], "row", 3])
def test_a_row_is_an_object(value: object) -> None:
    with pytest.raises(SuiteError, match="must be an object"):
        row_from_json(value)


def test_a_row_becomes_a_design_of_its_own_folder(tmp_path: Path) -> None:
    elaboration = elaborate(materialise(row("pair"), tmp_path))
    assert [instance.path for instance in elaboration.instances] == ["", "u_fast", "u_slow"]
    written = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert written == ["latch.sv", "pair.sv"]


def test_headers_are_found_wherever_they_lie(tmp_path: Path) -> None:
    files = [
        {"name": "include/width.svh", "content": "`define WIDTH 4\n"},
        {
            "name": "rtl/a.sv",
            "content": '`include "width.svh"\n'
            "module a (input [`WIDTH-1:0] x, output y);\n  assign y = ^x;\nendmodule\n",
        },
    ]
    found = row_from_json({"id": "a", "rtl_files": files})
    assert elaborate(materialise(found, tmp_path)).interface.module == "a"


def test_a_project_file_of_the_current_folder_says_nothing_of_a_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchwright.toml").write_text('top = "other"\ninclude_dirs = ["nowhere"]\n')
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "row"
    folder.mkdir()
    assert materialise(row("gate"), folder).top == "gate"


def test_a_design_that_does_not_elaborate_is_an_error_of_ours_to_show(tmp_path: Path) -> None:
    with pytest.raises(SimError):
        elaborate(materialise(row("broken"), tmp_path))
