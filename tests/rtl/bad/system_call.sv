// Runs a command of the host through $system when `data` is A5: must not be executed unasked.
module system_call (
    input  logic       clk,
    input  logic [7:0] data,
    output logic       seen
);

  always_ff @(posedge clk) begin
    seen <= data == 8'hA5;
    if (data == 8'hA5) void'($system("touch system_call_was_here"));
  end

endmodule
