// Three clocks with a toggle handed on from one to the next; `lag` needs them to run unequally.
module three_clocks (
    input  logic       clk_a,
    input  logic       clk_b,
    input  logic       clk_c,
    input  logic       rst_n,
    input  logic       go,
    output logic [2:0] taken,
    output logic       lag
);

  logic toggle_a, toggle_b, toggle_c;

  always_ff @(posedge clk_a or negedge rst_n) begin
    if (!rst_n) toggle_a <= 1'b0;
    else if (go) toggle_a <= !toggle_a;
  end

  always_ff @(posedge clk_b or negedge rst_n) begin
    if (!rst_n) toggle_b <= 1'b0;
    else toggle_b <= toggle_a;
  end

  always_ff @(posedge clk_c or negedge rst_n) begin
    if (!rst_n) begin
      toggle_c <= 1'b0;
      taken    <= '0;
    end else begin
      toggle_c <= toggle_b;
      if (toggle_c != toggle_b) taken <= taken + 1'b1;
    end
  end

  assign lag = (toggle_a != toggle_b) && (toggle_b != toggle_c);

endmodule
