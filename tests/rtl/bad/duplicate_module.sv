// The module is defined twice, differently: lines 2 and 9.
module duplicate_module (
    input  logic a,
    output logic y
);
  assign y = !a;
endmodule

module duplicate_module (
    input  logic a,
    output logic y
);
  assign y = a;
endmodule
