"""Which words may not be written as a plain identifier (IEEE 1800-2017, Annex B, table B.1).

A name that is one of them, or that holds characters an identifier may not, is written escaped.
"""

from __future__ import annotations

import re

KEYWORDS: frozenset[str] = frozenset(
    """
    accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
    before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
    checker class clocking cmos config const constraint context continue cover covergroup
    coverpoint cross deassign default defparam design disable dist do edge else end endcase
    endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface
    endmodule endpackage endprimitive endprogram endproperty endsequence endspecify endtable
    endtask enum event eventually expect export extends extern final first_match for force
    foreach forever fork forkjoin function generate genvar global highz0 highz1 if iff ifnone
    ignore_bins illegal_bins implements implies import incdir include initial inout input inside
    instance int integer interconnect interface intersect join join_any join_none large let
    liblist library local localparam logic longint macromodule matches medium modport module
    nand negedge nettype new nexttime nmos nor noshowcancelled not notif0 notif1 null or output
    package packed parameter pmos posedge primitive priority program property protected pull0
    pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
    randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos
    rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared
    sequence shortint shortreal showcancelled signed small soft solve specify specparam static
    string strong strong0 strong1 struct super supply0 supply1 sync_accept_on sync_reject_on
    table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0
    tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped
    use uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard
    wire with within wor xnor xor
    """.split()  # noqa: SIM905 - 248 words between quotes are harder to check
)
"""Every reserved word of SystemVerilog."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def is_plain(name: str) -> bool:
    """Whether `name` may be written in SystemVerilog source as it is."""
    return bool(_PLAIN.fullmatch(name)) and name not in KEYWORDS


def escaped(name: str) -> str:
    """`name` as source writes it: `data`, or `\\bus-a ` with the blank that ends it."""
    return name if is_plain(name) else f"\\{name} "


def fresh(name: str, taken: set[str]) -> str:
    """`name`, made plain and given a number where it is taken; the result is added to `taken`."""
    base = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
    if base[0].isdigit():
        base = f"_{base}"
    candidate, n = base, 1
    while candidate in taken or candidate in KEYWORDS:
        n += 1
        candidate = f"{base}_{n}"
    taken.add(candidate)
    return candidate
