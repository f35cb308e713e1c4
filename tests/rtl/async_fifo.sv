// Two clocks: FIFO between clock domains with Gray pointers and two-flop synchronisers.
module async_fifo #(
    parameter int WIDTH = 4,
    parameter int ADDR  = 2
) (
    input  logic             wclk,
    input  logic             wrst_n,
    input  logic             push,
    input  logic [WIDTH-1:0] wdata,
    output logic             full,
    input  logic             rclk,
    input  logic             rrst_n,
    input  logic             pop,
    output logic [WIDTH-1:0] rdata,
    output logic             empty
);

  logic [WIDTH-1:0] memory[1<<ADDR];
  logic [ADDR:0] wbin, wgray, wgray_r1, wgray_r2;
  logic [ADDR:0] rbin, rgray, rgray_w1, rgray_w2;
  logic [ADDR:0] wbin_next, rbin_next;

  assign wbin_next = wbin + (ADDR + 1)'(push && !full);
  assign rbin_next = rbin + (ADDR + 1)'(pop && !empty);
  assign full      = wgray == {~rgray_w2[ADDR:ADDR-1], rgray_w2[ADDR-2:0]};
  assign empty     = rgray == wgray_r2;
  assign rdata     = memory[rbin[ADDR-1:0]];

  always_ff @(posedge wclk) if (push && !full) memory[wbin[ADDR-1:0]] <= wdata;

  always_ff @(posedge wclk or negedge wrst_n) begin
    if (!wrst_n) {wbin, wgray, rgray_w2, rgray_w1} <= '0;
    else begin
      wbin                 <= wbin_next;
      wgray                <= wbin_next ^ (wbin_next >> 1);
      {rgray_w2, rgray_w1} <= {rgray_w1, rgray};
    end
  end

  always_ff @(posedge rclk or negedge rrst_n) begin
    if (!rrst_n) {rbin, rgray, wgray_r2, wgray_r1} <= '0;
    else begin
      rbin                 <= rbin_next;
      rgray                <= rbin_next ^ (rbin_next >> 1);
      {wgray_r2, wgray_r1} <= {wgray_r1, wgray};
    end
  end

endmodule
