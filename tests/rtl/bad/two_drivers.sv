// `y` has two drivers, on lines 8 and 9: an error, as it is a variable.
module two_drivers (
    input  logic a,
    input  logic b,
    output logic y
);

  assign y = a;
  assign y = b;

endmodule
