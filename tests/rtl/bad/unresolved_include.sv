// Line 2 includes a file that does not exist.
`include "no_such_file.svh"
module unresolved_include (
    input  logic a,
    output logic y
);
  assign y = !a;
endmodule
