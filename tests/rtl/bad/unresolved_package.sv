// Line 3 imports a package that no source defines.
module unresolved_package
  import no_such_pkg::*;
(
    input  logic a,
    output logic y
);
  assign y = !a;
endmodule
