// Addresses, response codes and constants of the register file.
package axil_regs_pkg;

  typedef enum logic [1:0] {
    OKAY   = 2'b00,
    SLVERR = 2'b10
  } resp_e;

  // Word addresses, that is byte address / 4.
  localparam logic [3:0] ADDR_ID      = 4'h0;
  localparam logic [3:0] ADDR_CTRL    = 4'h1;
  localparam logic [3:0] ADDR_STATUS  = 4'h2;
  localparam logic [3:0] ADDR_SCRATCH = 4'h3;
  localparam logic [3:0] ADDR_KEY     = 4'h4;
  localparam logic [3:0] ADDR_PERIOD  = 4'h5;
  localparam logic [3:0] ADDR_COUNT   = 4'h6;

  localparam logic [31:0] ID_VALUE   = 32'hB3_4C_01_07;
  localparam logic [31:0] UNLOCK_KEY = 32'hC0DE_5AFE;

  localparam int PERIOD_WIDTH = 8;

endpackage
