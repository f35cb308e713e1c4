// Packed struct ports whose types come from a package.
module packed_ports
  import bus_pkg::*;
(
    input  logic      clk,
    input  logic      rst_n,
    input  request_t  request,
    output response_t response
);

  logic [7:0] memory[8];

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      response <= '0;
    end else begin
      response.valid <= request.valid;
      response.error <= 1'b0;
      response.data  <= memory[request.addr];
      case (request.kind)
        READ:    ;
        WRITE:   response.data <= '0;
        SWAP:    ;
        default: response.error <= request.valid;
      endcase
    end
  end

  always_ff @(posedge clk) begin
    if (request.valid && (request.kind == WRITE || request.kind == SWAP))
      memory[request.addr] <= request.data;
  end

endmodule
