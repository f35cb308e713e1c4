// Two clocks behind a gate and a mux, a reset behind an inverter, an event input: clocking by use.
module front_gated (
    input  logic       osc,
    input  logic       run,
    input  logic       aux_clk,
    input  logic       choose,
    input  logic       clear_all,
    input  logic       kill,
    input  logic [3:0] amount,
    output logic [3:0] total,
    output logic [3:0] latched
);

  wire gated = osc & run;
  wire mixed = choose ? aux_clk : osc;
  wire alive;

  not invert (alive, kill);

  always_ff @(posedge gated or negedge alive)
    if (!alive) total <= '0;
    else if (clear_all) total <= '0;
    else total <= total + amount;

  logic [3:0] slow;
  always_ff @(negedge mixed) slow <= amount;

  logic [3:0] direct;
  always_ff @(posedge osc) direct <= slow;

  always_latch if (run) latched = direct;

endmodule
