// Three instances of one module driven differently: not inlined, so that they share counters.
module saturating_counter (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       up,
    input  logic       down,
    output logic [2:0] count
);
  /*verilator no_inline_module*/

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) count <= '0;
    else if (up && !down && count != '1) count <= count + 1'b1;
    else if (down && !up && count != '0) count <= count - 1'b1;
  end

endmodule

module three_instances (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       up,
    input  logic       down,
    output logic [2:0] free,
    output logic [2:0] up_only,
    output logic [2:0] idle
);

  saturating_counter u_free (.clk, .rst_n, .up, .down, .count(free));
  saturating_counter u_up (.clk, .rst_n, .up, .down(1'b0), .count(up_only));
  saturating_counter u_idle (.clk, .rst_n, .up(1'b0), .down(1'b0), .count(idle));

endmodule
