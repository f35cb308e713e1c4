// Latin-1: the comment below holds bytes that are no UTF-8.
// Zähler für Größe, µs
module latin1 (
    input  logic       clk,
    input  logic       up,
    output logic [1:0] n
);

  always_ff @(posedge clk) begin
    if (up) n <= n + 1'b1;  // ± 1
  end

endmodule
