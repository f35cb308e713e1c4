// Names that need a backslash, and names that a testbench would like for itself.
module \emit-escaped (
  input  logic       clk,
  input  logic [3:0] \bus-a ,
  input  logic       \do ,
  input  logic       reset,
  input  logic       cycle,
  input  logic [3:0] dut,
  input  logic [3:0] i,
  output logic [3:0] \out[0] ,
  output logic [3:0] rand32
);
  always_ff @(posedge clk) begin
    if (reset) rand32 <= '0;
    else if (\do ) rand32 <= rand32 + (cycle ? dut : i);
  end
  assign \out[0] = \bus-a ^ rand32;
endmodule
