// Imports a C function that no source defines: the link fails.
module dpi_import (
    input  logic       clk,
    input  logic [7:0] data,
    output logic [7:0] hash
);

  import "DPI-C" function byte unsigned foreign_hash(input byte unsigned value);

  always_ff @(posedge clk) hash <= foreign_hash(data);

endmodule
