// An inout port: a bidirectional pad with direction, pull and read-back.
module inout_pad (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       drive,
    input  logic [3:0] out,
    inout  wire  [3:0] pad,
    output logic [3:0] seen,
    output logic       conflict
);

  assign pad = drive ? out : 4'bz;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      seen     <= '0;
      conflict <= 1'b0;
    end else begin
      seen     <= pad;
      conflict <= drive && pad != out;
    end
  end

endmodule
