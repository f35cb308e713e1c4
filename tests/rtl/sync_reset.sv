// Synchronous reset, active high, with an unusual name: found by its use, not by its name.
module sync_reset (
    input  logic       ck,
    input  logic       clear,
    input  logic       up,
    output logic [3:0] count,
    output logic       wrapped
);

  always_ff @(posedge ck) begin
    if (clear) begin
      count   <= '0;
      wrapped <= 1'b0;
    end else if (up) begin
      count <= count + 1'b1;
      if (count == '1) wrapped <= 1'b1;
    end
  end

endmodule
