// A 300-bit bus: wider than Verilator's limit for toggle bins, and no multiple of 32.
module bus300 (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         shift,
    input  logic [299:0] in,
    output logic [299:0] out,
    output logic         msb
);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) out <= '0;
    else if (shift) out <= {out[298:0], out[299]};
    else out <= in;
  end

  assign msb = out[299];

endmodule
