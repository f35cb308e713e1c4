// FSM in two processes, asynchronous reset active low, next state by `?:`.
// states: RED GREEN AMBER
// arcs: RED->GREEN GREEN->AMBER AMBER->RED AMBER->GREEN
module fsm_two_process (
    input  logic clk,
    input  logic rst_n,
    input  logic car,
    input  logic hurry,
    output logic stop,
    output logic go
);

  typedef enum logic [1:0] {
    RED   = 2'b01,
    GREEN = 2'b10,
    AMBER = 2'b11
  } light_e;

  light_e light_q;
  light_e light_d;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) light_q <= RED;
    else light_q <= light_d;
  end

  always_comb begin
    light_d = light_q;
    stop    = 1'b0;
    go      = 1'b0;
    case (light_q)
      RED: begin
        stop    = 1'b1;
        light_d = car ? GREEN : RED;
      end
      GREEN: begin
        go = 1'b1;
        if (!car) light_d = AMBER;
      end
      AMBER:   light_d = (car && hurry) ? GREEN : RED;
      default: light_d = RED;
    endcase
  end

endmodule
