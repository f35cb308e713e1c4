// Registers that are no FSMs: a counter, a flag, a mode that does not depend on itself, a shifter.
module front_data (
    input  logic       clk,
    input  logic       rst,
    input  logic       set,
    input  logic       unset,
    input  logic [1:0] pick,
    output logic [9:0] view
);

  logic [2:0] count;
  logic flag;
  logic [1:0] mode;
  logic [3:0] shifter;

  always_ff @(posedge clk)
    if (rst) count <= 0;
    else if (count == 5) count <= 0;
    else count <= count + 1;

  always_ff @(posedge clk)
    if (set && !flag) flag <= 1;
    else if (unset && flag) flag <= 0;

  always_ff @(posedge clk)
    case (pick)
      0: mode <= 2'd1;
      1: mode <= 2'd2;
      default: mode <= 2'd0;
    endcase

  always_ff @(posedge clk) shifter <= {shifter[2:0], set};

  assign view = {count, flag, mode, shifter};

endmodule
