// Combinational, signed and unsigned operands of different widths.
module emit_alu (
  input  logic        [2:0] op,
  input  logic signed [7:0] a,
  input  logic        [11:0] b,
  output logic signed [15:0] y,
  output logic               zero
);
  always_comb begin
    case (op)
      3'd0: y = 16'(a) + 16'($signed(b));
      3'd1: y = a * $signed(b);
      3'd2: y = {a, b[7:0]};
      3'd3: y = a < 0 ? 16'sd1 : 16'sd0;
      3'd4: y = 16'(b) >> (a & 8'd15);
      default: y = 16'(b) ^ 16'(a);
    endcase
  end
  assign zero = y == 0;
endmodule
