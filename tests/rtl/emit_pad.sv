// A bidirectional port that the design drives at times.
module emit_pad (
  input  logic       clk,
  input  logic       drive,
  input  logic [7:0] value,
  inout  wire  [7:0] pad,
  output logic [7:0] seen
);
  assign pad = drive ? value : 8'bz;
  always_ff @(posedge clk) seen <= pad;
endmodule
