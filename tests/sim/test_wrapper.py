"""A wrapped design has flat ports, and Verilator takes the text without a warning."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_sim.design import Design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.interface import Interface, Port, Signal
from benchwright_sim.toolchain import find_toolchain
from benchwright_sim.verilate import VerilateOptions, verilate
from benchwright_sim.wrapper import COLUMNS, fill, render_wrapper

RTL = Path(__file__).parents[1] / "rtl"
EMIT = sorted(path.stem for path in RTL.glob("emit_*.sv"))


def interface_of(source: Path) -> Interface:
    return elaborate(Design(root=source.parent, sources=(source,))).interface


def written(folder: Path, text: str) -> Path:
    path = folder / "design.sv"
    path.write_text(text)
    return path


def warnings(source: Path, interface: Interface, name: str = "benchwright_top") -> list[str]:
    """What Verilator has to say about the wrapper."""
    with tempfile.TemporaryDirectory() as folder:
        wrapper = Path(folder) / "wrapper.sv"
        wrapper.write_text(render_wrapper(interface, name))
        options = VerilateOptions((source, wrapper), name, coverage=False)
        done = verilate(find_toolchain(), options, Path(folder) / "cpp")
        assert done.ok, done.log
        return [str(d) for d in done.diagnostics if d.file == wrapper]


@pytest.mark.parametrize("name", EMIT)
def test_ports_are_the_signals(name: str) -> None:
    interface = interface_of(RTL / f"{name}.sv")
    text = render_wrapper(interface)
    assert text.startswith("`timescale 1ns / 1ps\n")
    assert max(map(len, text.splitlines())) <= COLUMNS + 2
    head = text[text.index("(") : text.index(");")]
    ports = re.findall(r"(input|output) \w+(?: \[(\d+):0\])? (\w+)", head)
    assert [(d, int(high or 0) + 1, ident) for d, high, ident in ports] == [
        (s.direction, s.width, s.identifier) for s in interface.signals
    ]
    assert warnings(RTL / f"{name}.sv", interface) == []


def test_parameters_are_passed_on(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        'module m #(parameter W = 1, parameter string S = "") (input [W-1:0] a, output [W-1:0] y);'
        "\nassign y = ~a;\nendmodule\n",
    )
    design = Design(root=tmp_path, sources=(source,), parameters=(("W", "2 * 4"), ("S", '"x y"')))
    interface = elaborate(design).interface
    assert 'm #(.W(2 * 4), .S("x y")) dut (.a(a), .y(y));' in render_wrapper(interface)
    assert warnings(source, interface) == []


def test_names_that_are_taken_are_left_alone(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        "module dut (input do_, input \\do , input dut, input a_0, input [3:0] a [1:0],"
        " inout pad, input pad_net, output y);\nassign y = a[0][1] ^ pad;\nendmodule\n",
    )
    interface = interface_of(source)
    identifiers = [s.identifier for s in interface.signals]
    assert len(set(identifiers)) == len(identifiers)
    assert warnings(source, interface) == []


def test_an_enum_outside_of_packages(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        "typedef enum logic [1:0] {A, B} kind_t;\n"
        "module m (input kind_t a, input kind_t b [2], output kind_t kind_t_2);\n"
        "assign kind_t_2 = a == A ? b[0] : b[1];\nendmodule\n",
    )
    found = interface_of(source)
    ports = tuple(replace(port, type_text="kind_t", is_enum=True) for port in found.ports)
    interface = replace(found, ports=ports)
    assert "typedef kind_t kind_t_3;" in render_wrapper(interface)
    assert warnings(source, interface) == []


def test_a_bidirectional_array_has_three_signals_an_element() -> None:
    signals = []
    for i in (0, 1):
        signals += [
            Signal(f"pad[{i}]", f"pad_{i}", "input", 4, port="pad"),
            Signal(f"pad[{i}].oe", f"pad_{i}_oe", "input", 1, port="pad"),
            Signal(f"pad[{i}].in", f"pad_{i}_in", "output", 4, port="pad"),
        ]
    port = Port("pad", "inout", 4, unpacked=((0, 1),), type_text="logic [3:0]")
    text = render_wrapper(Interface("m", (), (port,), tuple(signals)))
    assert "wire [3:0] pad_net [0:1];" in text
    assert "assign pad_net[1] = pad_1_oe ? pad_1 : 4'bz;" in text
    assert "assign pad_1_in = pad_net[1];" in text


def test_a_field_of_a_struct_can_be_a_signal() -> None:
    port = Port("bus", "input", 9, type_text="p::bus_t")
    signals = (
        Signal("bus.valid", "bus_valid", "input", 1, port="bus"),
        Signal("bus.data", "bus_data", "input", 8, port="bus"),
    )
    text = render_wrapper(Interface("m", (), (port,), signals))
    assert "  p::bus_t bus;\n  assign bus.valid = bus_valid;\n" in text


def test_lines_are_filled_and_never_too_long() -> None:
    lines = fill((f"item{i:03}" for i in range(40)), indent="  ", separator=", ")
    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(line.strip() for line in lines).replace(",", "").split() == [
        f"item{i:03}" for i in range(40)
    ]
    assert fill([], indent="  ") == []
