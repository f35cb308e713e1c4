// Tag store: valid and dirty bits and the tag of every line, read in the same cycle.
module cache_tags
  import cache_pkg::*;
(
    input  logic   clk,
    input  logic   rst_n,
    input  index_t index,
    output line_t  line,
    input  logic   write,
    input  line_t  write_line
);

  line_t lines[N_LINES];

  assign line = lines[index];

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      for (int i = 0; i < N_LINES; i++) lines[i] <= '0;
    end else if (write) begin
      lines[index] <= write_line;
    end
  end

endmodule
