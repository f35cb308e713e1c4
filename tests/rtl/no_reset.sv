// A clock but no reset: the state comes from the inputs alone.
module no_reset (
    input  logic       clk,
    input  logic       bit_in,
    output logic [3:0] history,
    output logic       found
);

  always_ff @(posedge clk) begin
    history <= {history[2:0], bit_in};
    found   <= history == 4'b1011;
  end

endmodule
