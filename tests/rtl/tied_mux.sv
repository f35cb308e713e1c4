// A mux with tied-off terms: the bins of `test_mode` and of `spare` cannot be reached.
module tied_mux (
    input  logic       clk,
    input  logic [1:0] sel,
    input  logic [3:0] a,
    input  logic [3:0] b,
    output logic [3:0] y
);

  localparam logic TIED = 1'b0;

  logic       test_mode;
  logic [3:0] spare;

  assign test_mode = TIED;
  assign spare     = 4'b0000;

  always_ff @(posedge clk) begin
    if (test_mode && sel == 2'd3) y <= spare;
    else if (sel[0]) y <= a;
    else y <= test_mode ? spare : b;
  end

endmodule
