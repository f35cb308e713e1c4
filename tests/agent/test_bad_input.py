"""Sources, options, filelists and project files that are wrong: refused before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.outcome import Files, refused, write

BAD = Path(__file__).parents[1] / "rtl" / "bad"
FLOP = """\
module flop #(parameter int WIDTH = 1) (
    input  logic             clk,
    input  logic [WIDTH-1:0] d,
    output logic [WIDTH-1:0] q
);
  if (WIDTH > 8) $error("WIDTH must be at most 8");
  always_ff @(posedge clk) q <= d;
endmodule
"""
EMPTY_MODULE = "module other(input logic a, output logic y); assign y = a; endmodule\n"


@dataclass(frozen=True)
class Case:
    """Files, a command line without `generate`, and what comes of it."""

    name: str
    arguments: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    files: Files = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def bad(name: str, code: int, *says: str, options: tuple[str, ...] = ()) -> Case:
    """A case made of one of the broken designs."""
    file = f"{name}.sv"
    return Case(name, (file, *options), code, says, {file: (BAD / file).read_bytes()})


SOURCES = [
    bad("syntax_error", 3, "syntax_error.sv:8", "->"),
    bad("undeclared_name", 3, "undeclared_name.sv:8", "enalbe"),
    bad("unresolved_module", 3, "unresolved_module.sv:8", "missing_adder", "-y"),
    bad("unresolved_include", 3, "unresolved_include.sv:2", "no_such_file.svh", "-I"),
    bad("unresolved_package", 3, "unresolved_package.sv:3", "add the file"),
    bad("illegal_default", 3, "illegal_default.sv:11", "WIDTH must be given"),
    bad("two_tops", 4, "first_top", "second_top", "--top"),
    bad("two_tops", 4, "no module 'third_top'", "first_top", options=("--top", "third_top")),
    bad("only_package", 4, "no module"),
    bad("empty", 3, "empty.sv", "the file is empty", "->"),
    bad("binary", 3, "binary.sv", "binary", "->"),
    bad("interface_port", 6, "interface_port.sv:10", "in", "->"),
    bad("real_port", 6, "real_port.sv:4", "level", "->"),
    bad("string_port", 6, "string_port.sv:4", "name", "->"),
    bad("dpi_import", 6, "dpi_import.sv:8", "C function (DPI)", "->"),
    bad("system_call", 6, "system_call.sv:10", "$system", "->"),
    Case("comments", ("a.sv",), 4, ("no module",), {"a.sv": "// nothing\n/* yet */\n"}),
    Case("missing_file", ("a.sv",), 3, ("a.sv: no such file", "check the path")),
    Case("utf16", ("a.sv",), 3, ("a.sv", "UTF-16", "UTF-8"), {"a.sv": FLOP.encode("utf-16")}),
    Case("no_verilog", ("docs",), 3, ("docs", "no .v or .sv file"), {"docs/a.txt": "text"}),
    Case("empty_folder", ("rtl",), 3, ("rtl", "no .v or .sv file"), {"rtl/a.sv": ""}),
    Case("nothing", (), 3, ("no sources given", "-f")),
    Case("text", ("a.txt",), 3, ("a.txt:1",), {"a.txt": "Dear reader, this is prose.\n"}),
    Case(
        "unknown_system_task",
        ("a.sv",),
        3,
        ("a.sv:1", "$nothing_such"),
        {"a.sv": "module a(input logic x); initial $nothing_such(x); endmodule\n"},
    ),
    Case(
        "endless_recursion",
        ("a.sv", "--top", "a"),
        3,
        ("a.sv:1", "->"),
        {"a.sv": "module a(input logic x); a below(.x); endmodule\n"},
    ),
    Case(
        "include_circle",
        ("a.sv",),
        3,
        ("a.sv:1", "->"),
        {"a.sv": '`include "a.sv"\nmodule a(input logic x); endmodule\n'},
    ),
    Case(
        "unclosed_conditional",
        ("a.sv",),
        3,
        ("a.sv", "->"),
        {"a.sv": "`ifdef NEVER\nmodule a(input logic x); endmodule\n"},
    ),
]

FLOP_FILE = {"flop.sv": FLOP}
OPTIONS = [
    Case("unknown_parameter", ("flop.sv", "-G", "DEPTH=3"), 5, ("no parameter 'DEPTH'", "WIDTH")),
    Case("illegal_value", ("flop.sv", "-G", "WIDTH=9"), 3, ("flop.sv:6", "at most 8")),
    Case("no_value", ("flop.sv", "-G", "WIDTH=banana"), 5, ("WIDTH", "banana")),
    Case("half_parameter", ("flop.sv", "-G", "WIDTH"), 5, ("'WIDTH'", "legal: NAME=VALUE")),
    Case("parameter_syntax", ("flop.sv", "-G", "WIDTH=4)("), 5, ("WIDTH", "4)(")),
    Case("no_macro", ("flop.sv", "-D", "1X=2"), 5, ("-D", "1X")),
    Case("unknown_clock", ("flop.sv", "--clock", "clock"), 5, ("'clock'", "clk")),
    Case("clock_of_vector", ("flop.sv", "-G", "WIDTH=2", "--clock", "d"), 5, ("'d'",)),
    Case("unknown_edge", ("flop.sv", "--clock", "clk:up"), 5, ("clk:up", "posedge")),
    Case("unknown_reset", ("flop.sv", "--reset", "rst_n:0"), 5, ("'rst_n'", "clk")),
    Case("unknown_level", ("flop.sv", "--reset", "d:2"), 5, ("d:2", "legal")),
    Case("unknown_format", ("flop.sv", "--format", "vhdl"), 5, ("vhdl", "cocotb")),
    Case("target", ("flop.sv", "--target", "101"), 2, ("--target", "100")),
    Case("target_text", ("flop.sv", "--target", "all"), 2, ("--target", "number")),
    Case("negative_budget", ("flop.sv", "--budget", "-1"), 2, ("--budget",)),
    Case("no_cycles", ("flop.sv", "--budget-cycles", "0"), 2, ("--budget-cycles",)),
    Case("negative_seed", ("flop.sv", "--seed", "-1"), 2, ("--seed",)),
    Case("unknown_option", ("flop.sv", "--fast"), 2, ("--fast",)),
    Case("missing_waivers", ("flop.sv", "--waivers", "w.toml"), 5, ("w.toml", "No such file")),
    Case("missing_project", ("flop.sv", "--project", "p.toml"), 5, ("p.toml",)),
    Case("folder_as_project", ("flop.sv", "--project", "."), 5, ("no benchwright.toml",)),
]


def listed(name: str, text: str, code: int, *says: str, **environment: str) -> Case:
    """A case made of a filelist."""
    files = {**FLOP_FILE, "rtl/files.f": text}
    return Case(name, ("-f", "rtl/files.f"), code, says, files, environment)


FILELISTS = [
    listed("self", "../flop.sv\n-f files.f\n", 3, "files.f:2", "includes itself", "-f"),
    listed("missing_nested", "\n\n-f more.f\n", 3, "files.f:3", "more.f", "->"),
    listed("variable", "// x\n$NO_SUCH_ROOT/flop.sv\n", 3, "files.f:2", "NO_SUCH_ROOT", "export"),
    listed(
        "missing_source", "../flop.sv\n\nnone.sv\n", 3, "files.f:3: no such file", "none.sv", "->"
    ),
    listed("missing_library", "../flop.sv\n-v none.v\n", 3, "files.f:2", "none.v", "->"),
    listed("no_option_value", "../flop.sv\n-y", 3, "files.f:2", "-y has no value"),
    listed("nothing", "// only a comment\n", 3, "no sources given"),
    listed("binary", "\0\1\2\3", 3, "files.f: the filelist is binary", "->"),
    Case("missing", ("-f", "none.f"), 3, ("none.f", "No such file", "->")),
    Case("folder", ("-f", "rtl"), 3, ("rtl", "->"), {"rtl/flop.sv": FLOP}),
]


def project(name: str, text: str | bytes, code: int, *says: str) -> Case:
    """A case made of a project file."""
    return Case(name, (), code, says, {**FLOP_FILE, "benchwright.toml": text})


PROJECTS = [
    project("not_toml", "sources = [\n", 5, "benchwright.toml", "not TOML"),
    project("unknown_key", 'source = ["flop.sv"]\n', 5, "'source'", "legal keys", "sources"),
    project("wrong_type", 'sources = "flop.sv"\n', 5, "'sources'", "list of strings"),
    project("wrong_value", 'sources = ["flop.sv"]\nclocks = ["clk:up"]\n', 5, "clk:up", "posedge"),
    project("wrong_number", 'sources = ["flop.sv"]\ntop = 3\n', 5, "'top'", "3"),
    project("float", 'sources=["flop.sv"]\nparameters={WIDTH=1.5}\n', 5, "'parameters'", "1.5"),
    project("binary", b"\xff\xfe\x00", 5, "benchwright.toml"),
    project("missing_file", 'sources = ["none.sv"]\n', 3, "none.sv", "no such file"),
    project("unknown_top", 'sources = ["flop.sv"]\ntop = "flip"\n', 4, "'flip'", "flop"),
]

WAIVERS = [
    ("not_toml", "[[waiver]\n", ("w.toml", "TOML")),
    ("no_reason", '[[waiver]]\nbins = "line:*"\nauthor = "A"\n', ("w.toml", "reason")),
    ("unknown_key", '[[waiver]]\nbins="x"\nreason="r"\nauthor="A"\nuntil="now"\n', ("until",)),
    ("other_table", "[[waivers]]\n", ("w.toml",)),
]


def check(folder: Path, case: Case) -> None:
    """One refusal, with and without `--json`; the environment may be that of the case."""
    write(folder, case.files)
    refused(folder, "generate", *case.arguments, code=case.code, says=case.says, **case.environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's folder, with room for temporary files beside it."""
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.mark.parametrize("case", SOURCES, ids=lambda case: case.name)
def test_sources_that_cannot_be_used(folder: Path, case: Case) -> None:
    check(folder, case)


@pytest.mark.parametrize("case", OPTIONS, ids=lambda case: case.name)
def test_options_that_have_no_meaning(folder: Path, case: Case) -> None:
    write(folder, FLOP_FILE)
    check(folder, case)


@pytest.mark.parametrize("case", FILELISTS, ids=lambda case: case.name)
def test_filelists_that_are_wrong(folder: Path, case: Case) -> None:
    check(folder, case)


@pytest.mark.parametrize("case", PROJECTS, ids=lambda case: case.name)
def test_project_files_that_are_wrong(folder: Path, case: Case) -> None:
    check(folder, case)


@pytest.mark.parametrize(("text", "says"), [w[1:] for w in WAIVERS], ids=[w[0] for w in WAIVERS])
def test_waiver_files_that_are_wrong(folder: Path, text: str, says: tuple[str, ...]) -> None:
    write(folder, {**FLOP_FILE, "w.toml": text})
    refused(folder, "generate", "flop.sv", "--waivers", "w.toml", code=5, says=says)


def test_with_json_a_refusal_leaves_stdout_empty(folder: Path) -> None:
    write(folder, {"a.sv": "module"})
    result = refused(folder, "generate", "a.sv", "--json", code=3, says=("a.sv:1",))
    assert result.stdout == ""


OUTPUTS = [
    ("exists", ("-o", "mine.sv"), ("mine.sv exists already", "--force")),
    ("cocotb_exists", ("--format", "cocotb", "-o", "mine.py"), ("mine.py exists", "--force")),
    ("runner_exists", ("--format", "cocotb", "-o", "test.py"), ("exists already", "--force")),
    ("folder", ("-o", "sub"), ("sub is a folder", "-o")),
    ("forced_folder", ("-o", "sub", "--force"), ("sub is a folder", "-o")),
    ("no_folder", ("-o", "none/tb.sv"), ("there is no folder none", "mkdir -p none")),
    ("below_file", ("-o", "mine.sv/tb.sv"), ("no folder mine.sv", "->")),
    ("source", ("-o", "flop.sv", "--force"), ("flop.sv is a source of the design", "-o")),
    ("link_to_source", ("-o", "link.sv", "--force"), ("source of the design", "-o")),
    ("save_exists", ("--save", "run.json"), ("run.json exists already", "--force")),
    ("same_place", ("-o", "a.sv", "--save", "a.sv"), ("a.sv", "->")),
    ("long_name", ("-o", f"{'n' * 300}.sv"), ("name", "->")),
    ("waivers", ("--waivers", "w.toml", "-o", "w.toml", "--force"), ("w.toml", "->")),
    ("kernel", ("-o", "/proc/tb.sv"), ("/proc", "->")),
]


@pytest.mark.parametrize(
    ("arguments", "says"), [o[1:] for o in OUTPUTS], ids=[o[0] for o in OUTPUTS]
)
def test_outputs_that_cannot_be_written(
    folder: Path, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    names = ("mine.sv", "mine.py", "test_runner.py", "run_test.py", "test_run.py", "run.json")
    mine: Files = {**FLOP_FILE, **dict.fromkeys(names, "mine"), "sub/keep": "", "w.toml": ""}
    write(folder, mine)
    (folder / "link.sv").symlink_to("flop.sv")
    refused(folder, "generate", "flop.sv", *arguments, code=7, says=says)
