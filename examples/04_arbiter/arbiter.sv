// Round-robin arbiter: an owner keeps its grant while it asks, but not for ever when others wait.
module arbiter #(
    parameter int N        = 4,
    parameter int MAX_HOLD = 24
) (
    input  logic                 clk,
    input  logic                 rst_n,
    input  logic [N-1:0]         req,
    input  logic [N-1:0]         urgent,
    output logic [N-1:0]         grant,
    output logic [$clog2(N)-1:0] grant_id,
    output logic                 busy,
    output logic                 timeout
);

  localparam int ID_WIDTH   = $clog2(N);
  localparam int HOLD_WIDTH = $clog2(MAX_HOLD + 1);

  logic [N-1:0]          waiting;
  logic [N-1:0]          urgent_waiting;
  logic [N-1:0]          urgent_pick;
  logic [N-1:0]          normal_pick;
  logic [N-1:0]          pick;
  logic                  any_urgent;
  logic                  any_waiting;
  logic                  owner_asks;
  logic                  expired;
  logic                  free;
  logic [HOLD_WIDTH-1:0] hold_q;

  assign waiting        = req & ~grant;
  assign urgent_waiting = waiting & urgent;
  assign owner_asks     = (grant & req) != '0;
  assign expired        = owner_asks && any_waiting && hold_q == HOLD_WIDTH'(MAX_HOLD - 1);
  assign free           = !owner_asks || expired;

  round_robin_pick #(.N(N)) u_urgent (
      .req (urgent_waiting),
      .last(grant_id),
      .pick(urgent_pick),
      .any (any_urgent)
  );

  round_robin_pick #(.N(N)) u_normal (
      .req (waiting),
      .last(grant_id),
      .pick(normal_pick),
      .any (any_waiting)
  );

  assign pick = any_urgent ? urgent_pick : normal_pick;
  assign busy = grant != '0;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      grant    <= '0;
      grant_id <= ID_WIDTH'(N - 1);
    end else if (free) begin
      grant <= pick;
      for (int unsigned i = 0; i < N; i++) begin
        if (pick[i]) grant_id <= ID_WIDTH'(i);
      end
    end
  end

  // The count runs only while somebody else waits for the owner.
  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      hold_q  <= '0;
      timeout <= 1'b0;
    end else begin
      timeout <= expired;
      if (free || !any_waiting) hold_q <= '0;
      else hold_q <= hold_q + 1'b1;
    end
  end

endmodule
