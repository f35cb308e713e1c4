// Chooses the first request after a given position, going round.
module round_robin_pick #(
    parameter int N = 4
) (
    input  logic [N-1:0]         req,
    input  logic [$clog2(N)-1:0] last,
    output logic [N-1:0]         pick,
    output logic                 any
);

  logic [N-1:0] above;
  logic [N-1:0] masked;
  logic [N-1:0] candidates;

  always_comb begin
    for (int unsigned i = 0; i < N; i++) above[i] = i > 32'(last);
  end

  assign masked     = req & above;
  assign candidates = (masked != '0) ? masked : req;
  // x & -x keeps the lowest one.
  assign pick       = candidates & (~candidates + 1'b1);
  assign any        = req != '0;

endmodule
