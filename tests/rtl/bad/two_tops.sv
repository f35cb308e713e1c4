// Two modules that nothing instantiates: the top is ambiguous.
module first_top (
    input  logic a,
    output logic y
);
  assign y = !a;
endmodule

module second_top (
    input  logic a,
    output logic y
);
  assign y = a;
endmodule
