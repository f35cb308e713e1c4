"""A testbench's text becomes feedback: status, coverage and log, whatever the text does."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import pytest

from benchwright_sim.bins import Kind
from benchwright_sim.coverage import CoverageFileError
from benchwright_sim.design import Design
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.runtime import Optimise
from benchwright_sim.testbench import Feedback, Status, simulate
from benchwright_sim.toolchain import find_toolchain

RTL = Path(__file__).parents[1] / "rtl"

COUNTER = """\
module counter (input logic clk, input logic rst_n, input logic [3:0] d, output logic [3:0] q);
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) q <= '0;
    else if (d == 4'd9) q <= '1;
    else q <= q + d;
endmodule
"""

BENCH = """\
module tb;
  logic clk = 0, rst_n = 0;
  logic [3:0] d = 0;
  wire [3:0] q;
  int n = 0, file;
  counter dut (.*);
  always #5 clk = ~clk;
  {}
endmodule
"""


@pytest.fixture
def counter(tmp_path: Path) -> Design:
    source = tmp_path / "a design" / "counter.sv"
    source.parent.mkdir()
    source.write_text(COUNTER)
    return Design(root=source.parent, sources=(source,))


def bench(design: Design, body: str, timeout_s: float = 10.0) -> Feedback:
    return simulate(design, BENCH.format(body), timeout_s=timeout_s)


def counts(feedback: Feedback, kind: Kind) -> dict[str, int]:
    return {f"{b.line}:{b.name}": n for b, n in feedback.coverage.items() if b.kind is kind}


class TestCounts:
    def test_the_design_and_nothing_else_is_counted(self, counter: Design) -> None:
        done = bench(
            counter,
            "initial begin #12 rst_n = 1; repeat (3) @(negedge clk);"
            " d = 9; @(negedge clk); if (q == 15) $finish; end",
        )
        assert done.status is Status.OK
        assert {bin_.file for bin_ in done.coverage} == {"counter.sv"}
        assert {bin_.module for bin_ in done.coverage} == {"counter"}
        line = counts(done, Kind.LINE)
        assert line == {"2:block": 5, "3:elsif": 1, "4:if": 1, "4:else": 3}
        assert counts(done, Kind.TOGGLE)["1:rst_n:0->1"] == 1
        assert done.log == "- tb.sv:8: Verilog $finish\n"

    def test_the_same_text_gives_the_same_feedback(self, counter: Design) -> None:
        body = (
            "initial repeat (50) begin #7 rst_n = 1; d = $urandom; $display(d); end "
            "initial #400 $finish;"
        )
        first, second = bench(counter, body), bench(counter, body)
        assert first == second
        assert first.coverage.tally().covered > 20

    @pytest.mark.parametrize("level", ["-O1", "g++"])
    def test_compilers_and_levels_agree(
        self, counter: Design, level: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = BENCH.format("initial begin repeat (99) #7 {rst_n, d} = $urandom; $finish; end")
        expected = simulate(counter, text)
        if level == "-O1":
            assert simulate(counter, text, optimise="-O1") == expected
            return
        if shutil.which("g++") is None:
            pytest.skip("no g++")
        monkeypatch.setenv("BENCHWRIGHT_CXX", "g++")
        assert simulate(counter, text, toolchain=find_toolchain()) == expected

    @pytest.mark.parametrize("level", ["-O0", "-O1", "-O2"])
    def test_bits_of_wide_signals_toggle_one_by_one(self, tmp_path: Path, level: Optimise) -> None:
        source = tmp_path / "wide.sv"
        source.write_text("module wide (input [99:0] a); endmodule\n")
        text = (
            "module tb; reg [99:0] a = 0; wide dut (a);\n"
            "initial begin #1 a[3] = 1; #1 a[3] = 0; #1 a[70] = 1; #1 a[99] = 1; #1; end endmodule"
        )
        done = simulate(Design(root=tmp_path, sources=(source,)), text, optimise=level)
        covered = {bin_.name: n for bin_, n in done.coverage.items() if n}
        assert covered == {"a[3]:0->1": 1, "a[3]:1->0": 1, "a[70]:0->1": 1, "a[99]:0->1": 1}

    def test_state_registers_are_sampled(self, tmp_path: Path) -> None:
        from benchwright_sim.design import load_design
        from benchwright_sim.elaborate import elaborate

        design = load_design([RTL / "fsm_two_process.sv"])
        elaboration = elaborate(design)
        points = fsm_bind(elaboration.state_registers, root=design.root)
        text = (
            "module tb; logic clk = 0; fsm_two_process dut (.clk); "
            "initial repeat (20) #1 clk = ~clk; endmodule"
        )
        done = simulate(elaboration.design, text, fsm=points)
        assert done.status is Status.OK
        assert set(points.bins.values()) <= set(done.coverage)
        assert {bin_.file for bin_ in done.coverage} == {"fsm_two_process.sv"}

    def test_instances_are_told_apart_when_flat(self) -> None:
        source = RTL / "three_instances.sv"
        design = Design(root=RTL, sources=(source,))
        text = (
            "module tb; logic clk = 0, rst_n = 0, up = 1, down = 0;\n"
            "three_instances dut (.clk, .rst_n, .up, .down, .free(), .up_only(), .idle());\n"
            "initial begin repeat (10) begin #1 clk = ~clk; rst_n = 1; end up = 0; down = 1;\n"
            "repeat (10) #1 clk = ~clk; end endmodule"
        )
        merged = simulate(design, text)
        apart = simulate(design, text, flatten=True)
        assert {bin_.instance for bin_ in merged.coverage} == {""}
        down = {
            bin_.instance: n
            for bin_, n in apart.coverage.items()
            if (bin_.kind, bin_.line, bin_.name) == (Kind.BRANCH, 14, "if")
        }
        assert down == {"u_free": 5, "u_up": 0, "u_idle": 0}

    def test_library_modules_includes_and_defines(self, tmp_path: Path) -> None:
        for name in ("lib", "inc"):
            (tmp_path / name).mkdir()
        (tmp_path / "inc" / "w.svh").write_text("`define W 4\n")
        (tmp_path / "lib" / "leaf.sv").write_text(
            "module leaf (input [3:0] a, output [3:0] y); assign y = a ^ `MASK; endmodule\n"
        )
        top = tmp_path / "top.sv"
        top.write_text(
            '`include "w.svh"\n'
            "module top (input [`W-1:0] a, output [`W-1:0] y); leaf u (.a, .y); endmodule\n"
        )
        design = Design(
            root=tmp_path,
            sources=(top,),
            include_dirs=(tmp_path / "inc",),
            library_dirs=(tmp_path / "lib",),
            defines=(("MASK", "4'd5"),),
        )
        text = (
            "module tb; reg [3:0] a = 0; wire [3:0] y; top dut (a, y); "
            'initial begin #1 a = 1; #1 $write("%0d", y); end endmodule'
        )
        done = simulate(design, text)
        assert (done.status, done.log) == (Status.OK, "4")
        assert {bin_.file for bin_ in done.coverage} == {"top.sv", "lib/leaf.sv"}


class TestEndings:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("initial begin #12 rst_n = 1; #30 $finish; end", Status.OK),
            ("initial begin #12 rst_n = 1; #30 $stop; end", Status.OK),
            ('initial begin #12 rst_n = 1; #30 $fatal(1, "no"); end', Status.RUNTIME_ERROR),
            ('initial begin #12 rst_n = 1; #30 $error("no"); end', Status.RUNTIME_ERROR),
            ("initial begin #12 rst_n = 1; #30 assert (d == 1); end", Status.RUNTIME_ERROR),
            ("initial begin #12 rst_n = 1; end", Status.TIMEOUT),
            ("initial begin #12 rst_n = 1; #30 while (q != 3) n = n + 1; end", Status.TIMEOUT),
        ],
    )
    def test_coverage_is_kept_however_it_ends(
        self, counter: Design, body: str, status: Status
    ) -> None:
        done = bench(counter, body, timeout_s=1.0)
        assert done.status is status
        assert counts(done, Kind.TOGGLE)["1:rst_n:0->1"] == 1

    def test_nothing_left_to_do_is_an_end(self, counter: Design) -> None:
        text = BENCH.format("").replace("always #5", "initial #5")
        assert simulate(counter, text).status is Status.OK

    @pytest.mark.parametrize(
        "loop",
        ["while (1);", "while (1) begin end", "forever begin end", "forever n = n + 1;"],
    )
    def test_an_endless_loop_is_not_run(self, counter: Design, loop: str) -> None:
        done = bench(counter, f"initial {loop}")
        assert done.status is Status.NO_PROGRESS
        assert any(d.code == "INFINITELOOP" and d.line == 8 for d in done.diagnostics)
        assert len(done.coverage) == 0

    @pytest.mark.parametrize(
        "loop",
        [
            "while (1) begin n = n + 1; if (n == 9) break; end",
            "begin : l forever begin n = n + 1; if (n == 9) disable l; end end",
            "forever begin @(posedge clk); n = n + 1; if (n == 9) break; end",
        ],
    )
    def test_a_loop_with_a_way_out_is_run(self, counter: Design, loop: str) -> None:
        done = bench(counter, f"initial begin {loop} $write(n); $finish; end")
        assert (done.status, done.log.split()[0]) == (Status.OK, "9-")

    def test_what_does_not_settle_is_named(self, counter: Design) -> None:
        done = bench(counter, "logic x = 0; always @(x) x <= ~x; initial #1 x = 1;")
        assert done.status is Status.RUNTIME_ERROR
        assert "did not converge" in done.log

    def test_a_crash_is_named(self, counter: Design) -> None:
        recursion = "function automatic int f(int x); return f(x + 1) + 1; endfunction"
        done = bench(counter, f"{recursion} initial n = f(int'(d));")
        assert done.status is Status.RUNTIME_ERROR
        assert "SIGSEGV" in done.log

    def test_memory_is_bounded(self, counter: Design) -> None:
        body = "int q2[$]; initial begin #12 rst_n = 1; #9 while (q != 3) q2.push_back(n); end"
        done = simulate(counter, BENCH.format(body), memory_bytes=256 << 20)
        assert done.status is Status.RUNTIME_ERROR
        assert done.log == "%Error: out of memory\n"
        assert counts(done, Kind.TOGGLE)["1:rst_n:0->1"] == 1


class TestRejected:
    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("module tb;\n  initial $finish\nendmodule", 3, "syntax error"),
            ("module tb;\n  wire y = nowhere;\nendmodule", 2, "nowhere"),
            ("module tb;\n  missing dut ();\nendmodule", 2, "missing"),
            ('`include "gone.svh"\nmodule tb; endmodule', 1, "gone.svh"),
            ("module other; endmodule", 0, "tb"),
            ("", 0, "tb"),
            ("Sure! Here is the testbench:\n```verilog\nmodule tb; endmodule", 1, "syntax error"),
            ('module tb; initial $display("\u2713\x00', 2, "Unterminated string"),
        ],
    )
    def test_an_error_has_a_place(
        self, counter: Design, text: str, line: int, message: str
    ) -> None:
        done = simulate(counter, text)
        assert done.status is Status.COMPILE_ERROR
        errors = [d for d in done.diagnostics if d.severity == "error"]
        assert errors[0].line == line
        assert message in errors[0].text
        assert len(done.coverage) == 0
        assert done.coverage.overall_average() is None
        assert tempfile.gettempdir() not in done.log

    def test_what_only_the_compiler_rejects_names_no_folder_of_the_machine(
        self, counter: Design
    ) -> None:
        bad = "std::vector<int> v; std::sort(v, VerilatedContext{});"
        done = bench(counter, f'initial begin $c("{bad}"); $finish; end')
        assert done.status is Status.COMPILE_ERROR
        assert "error: " in done.log
        assert not re.search(r"""(^|[\s'"`(])/\w""", f"{done.log} {done.diagnostics}")

    def test_text_that_no_file_can_hold_is_still_compiled(self, counter: Design) -> None:
        assert bench(counter, 'initial begin $write("\udc80"); $finish; end').status is Status.OK

    def test_an_error_in_the_design_names_its_file(self, counter: Design) -> None:
        source = counter.sources[0]
        source.write_text(COUNTER.replace("endmodule", "endmodul"))
        done = bench(counter, "initial $finish;")
        assert done.status is Status.COMPILE_ERROR
        assert done.diagnostics[0].file == source

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            ('initial $system("touch {}/was-here");', "$system"),
            ('import "DPI-C" function int system(string s); initial n = system("ls");', "DPI"),
        ],
    )
    def test_programs_are_not_called(self, counter: Design, body: str, word: str) -> None:
        done = bench(counter, body.replace("{}", str(counter.root)))
        assert done.status is Status.REFUSED
        assert word in done.log
        assert not (counter.root / "was-here").exists()


class TestFiles:
    def test_data_files_are_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for folder, value in (("source", "11"), ("source/deep", "22"), ("here", "33")):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"at_{Path(folder).name}.hex").write_text(value)
        source = tmp_path / "source" / "rom.sv"
        names = ("at_source.hex", "deep/at_deep.hex", "at_here.hex", "../here/at_here.hex")
        reads = "".join(f'$readmemh("{n}", m); $write("%h ", m[0]); ' for n in names)
        source.write_text(f"module rom; reg [7:0] m[1]; initial begin {reads} end endmodule\n")
        monkeypatch.chdir(tmp_path / "here")
        design = Design(root=source.parent, sources=(source,))
        done = simulate(design, "module tb; rom dut (); endmodule")
        assert (done.status, done.log) == (Status.OK, "11 22 33 33 ")

    def test_a_missing_data_file_is_in_the_log(self, counter: Design) -> None:
        body = 'reg [7:0] m[2]; initial begin $readmemh("gone.hex", m); $finish; end'
        assert "gone.hex" in bench(counter, body).log

    def test_the_user_s_files_are_not_written(
        self, counter: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = tmp_path / "here"
        here.mkdir()
        monkeypatch.chdir(here)
        precious = [here / "precious.txt", counter.root / "precious2.txt"]
        for path in precious:
            path.write_text("keep")
        targets = [
            "precious.txt",
            "precious2.txt",
            "new.txt",
            str(precious[0]),
            f"{here}/evil.txt",
            "../evil.txt",
            "../../../../../evil.txt",
            "x/../../evil.txt",
        ]
        writes = "".join(
            f'file = $fopen("{target}", "{mode}"); if (file != 0) $fwrite(file, "gone"); '
            for target in targets
            for mode in ("w", "a", "r+")
        )
        dump = f'$dumpfile("{here}/evil.vcd"); $dumpvars;'
        memory = f'reg [7:0] m[2]; initial begin #9 $writememh("{here}/evil.hex", m); end'
        done = bench(counter, f"initial begin {writes} {dump} end {memory}")
        assert "outside the run's folder" in done.log
        assert [path.read_text() for path in precious] == ["keep", "keep"]
        assert [path.name for path in here.iterdir()] == ["precious.txt"]
        assert not [path for path in tmp_path.rglob("*") if path.name.startswith("evil")]

    def test_what_it_writes_it_can_read(self, counter: Design) -> None:
        body = (
            'initial begin file = $fopen("t.txt", "w"); $fwrite(file, "42"); $fclose(file);'
            ' file = $fopen("t.txt", "r"); void\'($fscanf(file, "%d", n)); $write(n);'
            " $finish; end"
        )
        assert bench(counter, body).log.split()[0] == "42-"

    def test_floods_are_bounded(self, counter: Design) -> None:
        body = (
            'initial file = $fopen("big", "w");'
            ' always begin #1 repeat (999) $fwrite(file, "%s", {4096{8\'h41}});'
            ' repeat (999) $display("%s", {256{8\'h42}}); end'
        )
        done = bench(counter, body, timeout_s=1.5)
        assert done.status is Status.TIMEOUT
        assert len(done.log) < 1 << 17
        assert done.log.endswith("- stopped after 1.5 s\n")

    def test_a_log_is_told_by_its_first_error(self, counter: Design) -> None:
        done = bench(counter, 'initial begin $display("begins"); $error("too deep"); end')
        assert done.log.startswith("begins\n")
        assert "%Error" in done.said
        assert "too deep" in done.said
        assert bench(counter, 'initial begin $display("a\\nb"); $finish; end').said == "a"

    def test_nothing_is_left_behind(
        self, counter: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "temporary files"
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        assert bench(counter, "initial #9 $finish;").status is Status.OK
        assert bench(counter, "initial #9 $finish").status is Status.COMPILE_ERROR
        assert bench(counter, "initial #9;", timeout_s=0.3).status is Status.TIMEOUT
        assert not list(folder.iterdir())


def test_a_full_disk_is_an_error_not_a_result(
    counter: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchwright_sim.simulation._FILE_BYTES", 100)
    with pytest.raises(CoverageFileError):
        bench(counter, "initial #9 $finish;")
