// A port of type string: not a vector of bits that a stimulus could drive.
module string_port (
    input  logic  clk,
    input  string name,
    output logic  long_name
);

  always_ff @(posedge clk) long_name <= name.len() > 4;

endmodule
