"""Which design a file belongs to, found from settings and project files of several tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.discovery.discover import Discovered, discover
from benchwright_server.settings import Settings
from benchwright_sim.design import load_design

MODULE = "module m(input logic a, output logic y); assign y = a; endmodule\n"


def write(path: Path, text: str = MODULE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(file: Path, workspace: Path | None, **settings: Any) -> Discovered:
    return discover(file, workspace=workspace, settings=Settings(**settings))


def test_a_file_alone_has_its_folder_at_hand(tmp_path: Path) -> None:
    file = write(tmp_path / "rtl" / "m.sv")
    spec = found(file, tmp_path).spec
    assert spec.sources == (file,)
    assert spec.library_dirs == (tmp_path / "rtl",)
    assert spec.folder == tmp_path
    assert found(file, None).spec.folder == tmp_path / "rtl"


def test_the_nearest_project_that_holds_the_file_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "benchwright.toml", 'sources = ["rtl"]\ntop = "m"\n')
    file = write(tmp_path / "rtl" / "m.sv")
    write(tmp_path / "rtl" / "benchwright.toml", 'sources = ["other.sv"]\n')
    write(tmp_path / "rtl" / "other.sv")
    spec = found(file, tmp_path).spec
    assert spec.origin == tmp_path / "benchwright.toml"
    assert spec.top == "m"
    assert found(tmp_path / "rtl" / "other.sv", tmp_path).spec.origin == (
        tmp_path / "rtl" / "benchwright.toml"
    )


def test_a_testbench_belongs_to_the_project_that_does_not_list_it(tmp_path: Path) -> None:
    write(tmp_path / "benchwright.toml", 'sources = ["rtl/m.sv"]\n')
    write(tmp_path / "rtl" / "m.sv")
    bench = write(tmp_path / "tb" / "tb_m.sv", "module tb; endmodule\n")
    assert found(bench, tmp_path).spec.sources == (bench,)
    spec = discover(bench, workspace=tmp_path, settings=Settings(), testbench=True).spec
    assert spec.sources == (tmp_path / "rtl" / "m.sv",)


def test_slang_servers_configuration_is_understood(tmp_path: Path) -> None:
    file = write(tmp_path / "src" / "m.sv")
    write(tmp_path / "src" / "deep" / "n.sv", MODULE.replace("m(", "n("))
    flags = "src/m.sv src/.../n.sv -Isrc --include-directory=inc -DA=1 --top m -y lib -Wextra"
    configuration = {"flags": flags, "incdirs": ["more"], "index": [{"dirs": ["ip"]}]}
    write(tmp_path / ".slang" / "server.json", json.dumps(configuration))
    spec = found(file, tmp_path).spec
    assert spec.sources == (file, tmp_path / "src" / "deep" / "n.sv")
    assert spec.include_dirs == tuple(tmp_path / name for name in ("more", "src", "inc"))
    assert spec.library_dirs == (tmp_path / "lib", tmp_path / "ip")
    assert spec.defines == (("A", "1"),)
    assert spec.top == "m"


def test_slang_servers_build_file_is_a_filelist(tmp_path: Path) -> None:
    file = write(tmp_path / "src" / "m.sv")
    write(tmp_path / "build" / "all.f", "../src/m.sv\n")
    write(tmp_path / ".slang" / "server.json", '{"build": "./build/all.f"}')
    assert found(file, tmp_path).spec.filelists == (tmp_path / "build" / "all.f",)


def test_veribles_filelist_is_read_from_its_folder(tmp_path: Path) -> None:
    file = write(tmp_path / "rtl" / "m.sv")
    write(tmp_path / "verible.filelist", "+incdir+rtl/include\nrtl/m.sv\n")
    spec = found(file, tmp_path).spec
    assert spec.filelists == (tmp_path / "verible.filelist",)
    header = write(tmp_path / "rtl" / "include" / "defs.svh", "`define A 1\n")
    assert found(header, tmp_path).spec.key == spec.key


CORE = """CAPI=2:
name: ours:blocks:m:1.0
filesets:
  rtl:
    files:
      - rtl/defs.svh: {is_include_file: true, include_path: rtl}
      - rtl/m.sv
      - "tool_icarus ? (rtl/only_icarus.sv)"
    file_type: systemVerilogSource
    depend: [">=ours:blocks:n"]
  tb:
    files: [tb/tb_m.sv]
    file_type: systemVerilogSource
parameters:
  WIDTH: {datatype: int, paramtype: vlogparam, default: 4}
  FAST: {datatype: bool, paramtype: vlogdefine, default: true}
targets:
  default:
    filesets: [rtl]
    toplevel: m
    parameters: [WIDTH=8, FAST]
"""


def test_a_core_of_fusesoc_brings_what_it_depends_on(tmp_path: Path) -> None:
    file = write(tmp_path / "m" / "rtl" / "m.sv")
    write(tmp_path / "m" / "m.core", CORE)
    other = write(tmp_path / "n" / "n.sv", MODULE.replace("m(", "n("))
    write(
        tmp_path / "n" / "n.core",
        "CAPI=2:\nname: ours:blocks:n:2.1\nfilesets:\n  rtl:\n    files: [n.sv]\n"
        "    file_type: verilogSource\n",
    )
    spec = found(file, tmp_path).spec
    assert spec.sources == (other, file)
    assert spec.include_dirs == (tmp_path / "m" / "rtl",)
    assert spec.parameters == (("WIDTH", "8"),)
    assert spec.defines == (("FAST", "1"),)
    assert spec.top == "m"


def test_settings_name_the_design_of_a_whole_folder(tmp_path: Path) -> None:
    write(tmp_path / "benchwright.toml", 'sources = ["rtl/m.sv"]\n')
    file = write(tmp_path / "rtl" / "m.sv")
    spec = found(file, tmp_path, sources=("rtl",), top="m", defines={"A": "1"}).spec
    assert spec.sources == (tmp_path / "rtl",)
    assert spec.top == "m"
    assert spec.origin is None
    assert spec.defines == (("A", "1"),)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("benchwright.toml", "sources = [", "not TOML"),
        ("benchwright.toml", "tops = 1\n", "unknown key 'tops'"),
        (".slang/server.json", "{", "no JSON"),
        (".slang/server.json", '{"flags": 1}', "`flags` is no text"),
        ("verible.filelist", "gone.sv\n", "no such file"),
        ("m.core", "- : [", "no YAML"),
        ("m.core", "a: 1\n", "no core"),
    ],
)
def test_a_broken_project_file_is_told_and_passed_over(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    file = write(tmp_path / "m.sv")
    write(tmp_path / name, text)
    seen = found(file, tmp_path)
    assert seen.spec.sources == (file,)
    ((location, warning),) = seen.warnings
    assert says in warning
    assert location.file == tmp_path / name


def test_settings_that_name_nothing_are_told(tmp_path: Path) -> None:
    seen = found(write(tmp_path / "m.sv"), tmp_path, sources=("gone.sv",))
    assert seen.spec.sources == (tmp_path / "m.sv",)
    assert "gone.sv, which does not exist" in seen.warnings[0][1]


def test_a_chosen_top_leaves_behind_what_was_said_of_the_other(tmp_path: Path) -> None:
    file = write(tmp_path / "m.sv", MODULE + MODULE.replace("m(", "n("))
    write(
        tmp_path / "benchwright.toml",
        'sources = ["m.sv"]\ntop = "m"\nclocks = ["a"]\nparameters = {W = 1}\n',
    )
    seen = discover(file, workspace=tmp_path, settings=Settings(), chosen_top="n")
    assert (seen.spec.top, seen.spec.clocks, seen.spec.parameters) == ("n", (), ())


def test_a_spec_survives_json_and_makes_a_design(tmp_path: Path) -> None:
    write(tmp_path / "benchwright.toml", 'sources = ["m.sv"]\nresets = ["a:0"]\n')
    spec = found(write(tmp_path / "m.sv"), tmp_path).spec
    again = DesignSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.key == spec.key != spec.with_top("x").key
    design = load_design(spec.sources, resets=spec.resets)
    assert design.sources == (tmp_path / "m.sv",)
    with pytest.raises(ValueError, match="unknown keys: more"):
        DesignSpec.from_json({**spec.to_json(), "more": 1})
