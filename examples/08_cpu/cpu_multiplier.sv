// Shift-and-add multiplier, low half of the product; ends early when no bits are left.
module cpu_multiplier
  import cpu_pkg::*;
(
    input  logic  clk,
    input  logic  rst_n,
    input  logic  start,
    input  word_t a,
    input  word_t b,
    output logic  done,
    output word_t product
);

  word_t multiplicand;
  word_t multiplier;

  assign done = multiplier == '0;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      multiplicand <= '0;
      multiplier   <= '0;
      product      <= '0;
    end else if (start) begin
      multiplicand <= a;
      multiplier   <= b;
      product      <= '0;
    end else if (!done) begin
      if (multiplier[0]) product <= product + multiplicand;
      multiplicand <= multiplicand << 1;
      multiplier   <= multiplier >> 1;
    end
  end

endmodule
