// An interface port at the top: a simulator has nothing to connect to it.
interface stream_if;
  logic       valid;
  logic [7:0] data;
  modport sink(input valid, data);
endinterface

module interface_port (
    input  logic       clk,
    stream_if.sink     in,
    output logic [7:0] sum
);

  always_ff @(posedge clk) begin
    if (in.valid) sum <= sum + in.data;
  end

endmodule
