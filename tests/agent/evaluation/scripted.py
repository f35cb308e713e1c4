"""What a scripted model answers to the small designs: good, weak, broken, empty, slow.

The answer depends on the design and the request's seed alone, so that every order of requests gets
the same ones. Used by name where the server is a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from tests.model_script import Script

Kind = Literal["good", "weak", "broken", "empty", "slow"]
KINDS: tuple[Kind, ...] = get_args(Kind)

PORTS = {
    "counter": "logic clk = 0, rst_n = 0, en = 0, wrap; logic [1:0] count;",
    "pair": "logic clk = 0, a = 0, b = 0, x, y;",
    "gate": "logic a = 0, b = 0, y;",
}

STEPS = {
    "counter": "#1 clk = ~clk; if (i > 3) rst_n = 1; if (i == 90) rst_n = 0; en = i[2];",
    "pair": "#1 clk = ~clk; a = i[1]; b = i[2];",
    "gate": "#1 {a, b} = i[1:0];",
}

TESTBENCH = """\
module tb_{module};
  {ports}
  {module} dut (.*);
  initial begin
    for (int i = 0; i < {n}; i++) begin {step} end
    $finish;
  end
endmodule
"""


def bench_text(module: str, n: int = 100) -> str:
    """One that runs `n` steps: 100 cover all that there is, 2 cover little."""
    return TESTBENCH.format(module=module, ports=PORTS[module], step=STEPS[module], n=n)


def reply(module: str, kind: Kind) -> Script:
    """The answer of a kind."""
    text = bench_text(module, 2 if kind == "weak" else 100)
    if kind == "broken":
        text = text.replace("initial begin", "initial begin begin")
    if kind == "empty":
        return Script("I would rather not.")
    whole = f"filename: tb_{module}.sv\n```systemverilog\n{text}```\n"
    return Script(whole, delay_s=0.4 if kind == "slow" else 0.0)


def module_of(request: Mapping[str, Any]) -> str:
    """Which design a request is about."""
    text = "\n".join(message["content"] for message in request["messages"])
    found = re.search(rf"\bmodule ({'|'.join(PORTS)})\b", text)
    assert found is not None, text
    return found[1]


def kind_of(request: Mapping[str, Any]) -> Kind:
    """What the seed says, to each design something else."""
    place = list(PORTS).index(module_of(request))
    return KINDS[(int(request["seed"]) + place) % len(KINDS)]


def mixed(request: Mapping[str, Any], _n_call: int) -> Script:
    """The script: all kinds."""
    return reply(module_of(request), kind_of(request))


def always_good(request: Mapping[str, Any], _n_call: int) -> Script:
    """A model that solves everything at once."""
    return reply(module_of(request), "good")


def always_slow(request: Mapping[str, Any], _n_call: int) -> Script:
    """The same, but one waits for it."""
    return reply(module_of(request), "slow")
