// Lines end in CR LF, as editors on Windows write them.
module crlf (
    input  logic       clk,
    input  logic [1:0] a,
    output logic [1:0] b
);

  // A macro over \
  // two lines, and a real one below.
`define SWAP(x) {x[0], \
                 x[1]}

  always_ff @(posedge clk) begin
    if (a == 2'b01) b <= `SWAP(a);
    else b <= a;
  end

endmodule
