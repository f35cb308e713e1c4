// A memory of 1 Gbit: 128 MiB for every copy of the model.
module huge_memory (
    input  logic        clk,
    input  logic        write,
    input  logic [26:0] addr,
    input  logic [7:0]  wdata,
    output logic [7:0]  rdata,
    output logic        rare
);

  logic [7:0] memory[1<<27];

  always_ff @(posedge clk) begin
    if (write) memory[addr] <= wdata;
    rdata <= memory[addr];
  end

  assign rare = rdata == 8'h77;

endmodule
