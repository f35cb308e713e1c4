// Prints a line in every cycle: a run's log must be bounded.
module prints_forever (
    input  logic       clk,
    input  logic [7:0] data,
    output logic       odd
);

  always_ff @(posedge clk) begin
    odd <= ^data;
    $display("%m at %0t: data %h is a long line that repeats itself for as long as it runs", $time, data);
  end

endmodule
