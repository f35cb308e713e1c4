// Two clock domains that count their own edges and sample each other.
module emit_two_clocks (
  input  logic       wr_clk,
  input  logic       rd_clk,
  input  logic       rst,
  input  logic       push,
  input  logic [7:0] data,
  output logic [7:0] writes,
  output logic [7:0] reads,
  output logic [7:0] last
);
  logic [7:0] slot;

  always_ff @(posedge wr_clk) begin
    if (rst) begin
      writes <= '0;
      slot   <= '0;
    end else begin
      writes <= writes + 1'b1;
      if (push) slot <= data;
    end
  end

  always_ff @(posedge rd_clk) begin
    if (rst) begin
      reads <= '0;
      last  <= '0;
    end else begin
      reads <= reads + 1'b1;
      last  <= slot + writes;
    end
  end
endmodule
