// `include from an include folder, and `define from the command line: see benchwright.toml.
`include "limits.svh"

module included (
    input  logic              clk,
    input  logic              rst_n,
    input  logic [`BITS-1:0]  value,
    output logic              over
`ifdef WITH_COUNT
    ,
    output logic [3:0]        count
`endif
);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) over <= 1'b0;
    else over <= value > `BITS'(`LIMIT);
  end

`ifdef WITH_COUNT
  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) count <= '0;
    else if (over) count <= count + 1'b1;
  end
`endif

endmodule
