// Line 8 uses `enalbe`, which is declared nowhere.
module undeclared_name (
    input  logic clk,
    input  logic enable,
    output logic q
);
  always_ff @(posedge clk) begin
    if (enalbe) q <= enable;
  end
endmodule
