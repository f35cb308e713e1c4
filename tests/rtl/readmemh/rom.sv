// $readmemh with its data file beside the source: the run has to find it.
module rom (
    input  logic       clk,
    input  logic [3:0] addr,
    output logic [7:0] data,
    output logic       rare
);

  logic [7:0] memory[16];

  initial $readmemh("rom.hex", memory);

  always_ff @(posedge clk) data <= memory[addr];

  // Only one word of the file has this value.
  assign rare = data == 8'hC3;

endmodule
