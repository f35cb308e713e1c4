// Enum ports: a value that the enum does not name can still be driven.
package enum_port_pkg;
  typedef enum logic [2:0] {
    STOP   = 3'd1,
    SLOW   = 3'd2,
    FAST   = 3'd4,
    REVERT = 3'd7
  } gear_e;
endpackage

module enum_port
  import enum_port_pkg::*;
(
    input  logic  clk,
    input  logic  rst_n,
    input  gear_e want,
    output gear_e gear,
    output logic  refused
);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      gear    <= STOP;
      refused <= 1'b0;
    end else begin
      refused <= 1'b0;
      case (want)
        STOP, SLOW: gear <= want;
        FAST: if (gear == SLOW) gear <= FAST;
        REVERT: if (gear == FAST) gear <= SLOW;
        default: refused <= 1'b1;
      endcase
    end
  end

endmodule
