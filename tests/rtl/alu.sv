// Combinational ALU: no clock, no reset; equal operands and overflow are the rare cases.
module alu (
    input  logic [2:0] op,
    input  logic [7:0] a,
    input  logic [7:0] b,
    output logic [7:0] result,
    output logic       carry,
    output logic       overflow,
    output logic       zero
);

  logic [8:0] sum;

  always_comb begin
    sum = '0;
    case (op)
      3'd0:    sum = a + b;
      3'd1:    sum = a - b;
      3'd2:    sum = {1'b0, a & b};
      3'd3:    sum = {1'b0, a | b};
      3'd4:    sum = {1'b0, a ^ b};
      3'd5:    sum = {a, 1'b0};
      3'd6:    sum = {a[0], 1'b0, a[7:1]};
      default: sum = (a == b) ? 9'd1 : 9'd0;
    endcase
  end

  assign result   = sum[7:0];
  assign carry    = sum[8];
  assign zero     = result == '0;
  assign overflow = (op == 3'd0) && (a[7] == b[7]) && (result[7] != a[7]);

endmodule
