"""Designs that are legal but odd, or that misbehave when they run: a testbench, or one message."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outcome import generated, refused, run, write

RTL = Path(__file__).parents[1] / "rtl"
QUICK = ("--budget-cycles", "4000")


def flop(name: str, ports: str = "", body: str = "") -> str:
    """A module with a clock, an input and an output, and something more."""
    return (
        f"module {name}(input logic clk, d{ports}, output logic q);\n"
        f"  {body}\n  always_ff @(posedge clk) q <= d;\nendmodule\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's folder, with room for temporary files beside it."""
    path = tmp_path / "work"
    path.mkdir()
    return path


OF_RTL = [
    ("wide_port.sv", "tb_wide_port.sv"),
    ("inout_pad.sv", "tb_inout_pad.sv"),
    ("escaped_names.sv", "tb_escaped_names.sv"),
    ("keyword_names.v", "tb_keyword_names.sv"),
    ("keyword_region.v", "tb_keyword_region.sv"),
    ("tb.sv", "tb_tb.sv"),
    ("latin1.sv", "tb_latin1.sv"),
    ("crlf.sv", "tb_crlf.sv"),
    ("finish_on_value.sv", "tb_finish_on_value.sv"),
    ("stop_on_value.sv", "tb_stop_on_value.sv"),
    ("fatal_on_value.sv", "tb_fatal_on_value.sv"),
    ("bad/recursive_top.sv", "tb_recursive_top.sv"),
    ("bad/no_ports.sv", "tb_no_ports.sv"),
    ("bad/prints_forever.sv", "tb_prints_forever.sv"),
    ("bad/stuck_in_reset.sv", "tb_stuck_in_reset.sv"),
    ("bad/oscillates.sv", "tb_oscillates.sv"),
    ("bad/endless_loop.sv", "tb_endless_loop.sv"),
    ("bad/duplicate_module.sv", "tb_duplicate_module.sv"),
]


@pytest.mark.parametrize(("file", "bench"), OF_RTL, ids=[name for name, _ in OF_RTL])
def test_small_odd_designs(folder: Path, file: str, bench: str) -> None:
    record = generated(folder, RTL / file, *QUICK, makes=[bench])
    assert record["overall_average"] > 50


OF_TEXT = {
    "tb_flop": flop("tb_flop"),
    "names": flop("names", ", cycle, rng, chance, dut, i, drive, stimulus, reset_phase"),
    "clock_only": """
        module clock_only(input logic clk);
          logic q;
          always_ff @(posedge clk) q <= !q;
        endmodule
    """,
    "no_outputs": """
        module no_outputs(input logic clk, d);
          logic q;
          always_ff @(posedge clk) q <= d;
        endmodule
    """,
    "no_inputs": "module no_inputs(output logic [3:0] q);\n  assign q = 4'd5;\nendmodule\n",
    "finish_late": flop(
        "finish_late",
        body="int n; always @(posedge clk) begin n <= n + 1; if (n == 40) $finish; end",
    ),
    "error_task": flop("error_task", body='always @(posedge clk) if (d) $error("never mind");'),
    "assertion": flop("assertion", body="always @(posedge clk) assert (!d);"),
    "writes": flop(
        "writes", body='int f; initial begin f = $fopen("mine.txt", "w"); $fdisplay(f, "x"); end'
    ),
    "dumps": flop("dumps", body='initial begin $dumpfile("mine.vcd"); $dumpvars; end'),
}


@pytest.mark.parametrize("name", OF_TEXT)
def test_odd_designs(folder: Path, name: str) -> None:
    write(folder, {f"{name}.sv": OF_TEXT[name], "mine.txt": "mine", "mine.vcd": "mine"})
    record = generated(folder, f"{name}.sv", *QUICK, makes=[f"tb_{name}.sv"])
    assert name == "no_inputs" or record["overall_average"] > 50


@pytest.mark.parametrize(
    ("name", "text", "code", "says"),
    [
        (
            "finish",
            flop("a", body="initial $finish;"),
            9,
            ("a.sv:2: $finish", "before the first cycle"),
        ),
        ("stop", flop("a", body="initial $stop;"), 9, ("a.sv:2: $stop", "before the first cycle")),
        ("fatal", flop("a", body='initial $fatal(1, "no");'), 9, ("a.sv:2: $fatal", "->")),
        ("loop", flop("a", body="initial while (1);"), 9, ("a.sv:2", "->")),
        ("spin", flop("a", body="logic x; always x = !x;"), 9, ("->",)),
        ("zero_delay", flop("a", body="logic x = 0; always #0 x = !x;"), 9, ("->",)),
        ("forever", flop("a", body="initial begin int n; forever n = n + 1; end"), 9, ("->",)),
        (
            "ring",
            "module a(input logic d, output logic q);\n  assign q = !q ^ (d & 0);\nendmodule\n",
            9,
            ("'q'", "Circular combinational logic", "settle"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)
def test_designs_that_cannot_run(
    folder: Path, name: str, text: str, code: int, says: tuple[str, ...]
) -> None:
    write(folder, {"a.sv": text})
    refused(folder, "generate", "a.sv", *QUICK, code=code, says=says)


def test_a_huge_memory(folder: Path) -> None:
    arguments = (RTL / "bad" / "huge_memory.sv", "--budget", "2")
    generated(folder, *arguments, makes=["tb_huge_memory.sv"])


def test_a_missing_data_file_is_named(folder: Path) -> None:
    result = run(folder, "generate", RTL / "bad" / "readmemh_missing.sv", *QUICK)
    assert result.returncode == 0
    assert "no_such_file.hex" in result.stderr


def test_a_data_file_beside_the_design_is_read(folder: Path) -> None:
    record = generated(folder, RTL / "readmemh" / "rom.sv", *QUICK, makes=["tb_rom.sv"])
    assert record["overall_average"] > 50


def test_two_drivers_are_warned_of(folder: Path) -> None:
    result = run(folder, "generate", RTL / "bad" / "two_drivers.sv", *QUICK)
    assert result.returncode == 0
    assert "multiple combinational drivers" in result.stderr
    assert "'y'" in result.stderr
    assert "temporary" not in result.stderr


def test_names_of_files_with_blanks_and_letters_of_all_kinds(folder: Path) -> None:
    name = "größe/日本 [x] (1)'s.sv"
    write(folder, {name: flop("flop")})
    record = generated(folder, name, *QUICK, "-o", "größe/tb é.sv", makes=["größe/tb é.sv"])
    assert record["overall_average"] == 100
    report = run(folder, "generate", name, *QUICK, "--save", "run é.json")
    assert report.returncode == 0, report.stderr
    page = run(folder, "report", "run é.json", "--format", "html")
    assert "日本" in page.stdout


def test_links_and_repeated_sources_count_once(folder: Path) -> None:
    write(folder, {"rtl/flop.sv": flop("flop")})
    (folder / "link.sv").symlink_to("rtl/flop.sv")
    (folder / "all").symlink_to("rtl")
    sources = ("rtl/flop.sv", "rtl/../rtl/flop.sv", "link.sv", "all", "rtl")
    record = generated(folder, *sources, *QUICK, makes=["tb_flop.sv"])
    assert record["overall_average"] == 100


def test_a_link_in_a_circle(folder: Path) -> None:
    (folder / "a.sv").symlink_to("b.sv")
    (folder / "b.sv").symlink_to("a.sv")
    refused(folder, "generate", "a.sv", code=3, says=("a.sv", "->"))


def test_no_time_for_the_search_gives_a_testbench_all_the_same(folder: Path) -> None:
    write(folder, {"flop.sv": flop("flop")})
    generated(folder, "flop.sv", "--budget", "0", makes=["tb_flop.sv"])


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    write(folder, {"bom.sv": b"\xef\xbb\xbf" + flop("bom").encode()})
    generated(folder, "bom.sv", *QUICK, makes=["tb_bom.sv"])


def test_a_name_that_verilator_would_expand_is_refused(folder: Path) -> None:
    write(folder, {"a$HOME.sv": flop("flop")})
    refused(folder, "generate", "a$HOME.sv", code=3, says=("a$HOME.sv", "rename"))


def test_force_replaces_and_nothing_else_does(folder: Path) -> None:
    write(folder, {"flop.sv": flop("flop"), "tb_flop.sv": "mine"})
    refused(folder, "generate", "flop.sv", *QUICK, code=7, says=("tb_flop.sv exists", "--force"))
    forced = run(folder, "generate", "flop.sv", *QUICK, "--force", "--quiet")
    assert (forced.returncode, forced.stdout) == (0, ""), forced.stderr
    assert "endmodule" in (folder / "tb_flop.sv").read_text()
