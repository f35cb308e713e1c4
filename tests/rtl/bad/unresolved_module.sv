// Line 8 instantiates `missing_adder`, which no source defines.
module unresolved_module (
    input  logic [3:0] a,
    input  logic [3:0] b,
    output logic [4:0] sum
);

  missing_adder u_adder (.a, .b, .sum);

endmodule
