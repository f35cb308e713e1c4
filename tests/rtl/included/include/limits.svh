// Macros of included.sv.
`ifndef LIMITS_SVH
`define LIMITS_SVH
`ifndef BITS
`define BITS 6
`endif
`define LIMIT 40
`endif
