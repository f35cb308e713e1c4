// Marks bit boundaries: a pulse after half a bit or a whole one, then one every bit.
module uart_bit_timer #(
    parameter int WIDTH = 8
) (
    input  logic             clk,
    input  logic             rst_n,
    input  logic [WIDTH-1:0] divisor,
    input  logic             restart,
    input  logic             half,
    output logic             tick
);

  localparam logic [WIDTH-1:0] MIN_DIVISOR = 3;

  logic [WIDTH-1:0] period;
  logic [WIDTH-1:0] count;

  assign period = (divisor < MIN_DIVISOR) ? MIN_DIVISOR : divisor;
  assign tick   = count == '0;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) count <= '0;
    else if (restart) count <= half ? period >> 1 : period;
    else if (tick) count <= period;
    else count <= count - 1'b1;
  end

endmodule
