// Types of packed_ports.sv: a package in a file of its own.
package bus_pkg;

  typedef enum logic [1:0] {
    READ  = 2'd0,
    WRITE = 2'd1,
    SWAP  = 2'd3
  } kind_e;

  typedef struct packed {
    logic        valid;
    kind_e       kind;
    logic [2:0]  addr;
    logic [7:0]  data;
  } request_t;

  typedef struct packed {
    logic       valid;
    logic       error;
    logic [7:0] data;
  } response_t;

endpackage
