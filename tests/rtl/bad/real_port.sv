// A port of type real: not a vector of bits that a stimulus could drive.
module real_port (
    input  logic clk,
    input  real  level,
    output logic high
);

  always_ff @(posedge clk) high <= level > 0.5;

endmodule
