// $readmemh of a file that does not exist: the memory stays 0 and the simulator only warns.
module readmemh_missing (
    input  logic       clk,
    input  logic [1:0] addr,
    output logic [7:0] data
);

  logic [7:0] memory[4];

  initial $readmemh("no_such_file.hex", memory);

  always_ff @(posedge clk) data <= memory[addr];

endmodule
