// A top without ports: there is nothing to drive.
module no_ports;

  logic [3:0] n = '0;

  always #5 n = n + 1'b1;

endmodule
