// Syntax error on line 8: a semicolon is missing before `else`.
module syntax_error (
    input  logic clk,
    input  logic d,
    output logic q
);
  always_ff @(posedge clk) begin
    if (d) q <= 1'b1
    else q <= 1'b0;
  end
endmodule
