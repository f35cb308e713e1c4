// The top instantiates itself, so that nothing is left uninstantiated: found only with --top.
module recursive_top #(
    parameter int N = 6
) (
    input  logic [N-1:0] in,
    output logic         any,
    output logic         all
);

  if (N == 1) begin : gen_leaf
    assign any = in[0];
    assign all = in[0];
  end else begin : gen_node
    localparam int LOW = N / 2;
    logic any_low, any_high, all_low, all_high;
    recursive_top #(.N(LOW)) u_low (.in(in[LOW-1:0]), .any(any_low), .all(all_low));
    recursive_top #(.N(N - LOW)) u_high (.in(in[N-1:LOW]), .any(any_high), .all(all_high));
    assign any = any_low || any_high;
    assign all = all_low && all_high;
  end

endmodule
