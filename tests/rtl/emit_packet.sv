// Ports of struct and enum types from a package.
package emit_packet_pkg;
  typedef enum logic [1:0] {NONE = 2'd0, READ = 2'd1, WRITE = 2'd3} kind_t;
  typedef struct packed {
    logic       valid;
    logic [6:0] address;
    logic [7:0] data;
  } packet_t;
endpackage

module emit_packet
  import emit_packet_pkg::*;
(
  input  logic    clk,
  input  logic    rst,
  input  packet_t request,
  input  kind_t   kind,
  input  kind_t   spare [2],
  output packet_t response,
  output kind_t   last
);
  always_ff @(posedge clk) begin
    if (rst) begin
      response <= '0;
      last     <= NONE;
    end else if (request.valid) begin
      last <= kind == NONE ? spare[request.address[0]] : kind;
      response.valid   <= kind == WRITE;
      response.address <= request.address + 7'd1;
      response.data    <= kind == READ ? request.data : ~request.data;
    end
  end
endmodule
