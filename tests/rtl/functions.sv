// A function with a loop and an early return, and a task, called from clocked code.
module functions (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [7:0] data,
    output logic [3:0] first_one,
    output logic [3:0] ones
);

  function automatic logic [3:0] find_first(input logic [7:0] value);
    for (int i = 0; i < 8; i++) begin
      if (value[i]) return 4'(i);
    end
    return 4'd8;
  endfunction

  task automatic count_ones(input logic [7:0] value, output logic [3:0] total);
    total = '0;
    for (int i = 0; i < 8; i++) total += 4'(value[i]);
  endtask

  logic [3:0] total;

  always_comb count_ones(data, total);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      first_one <= '0;
      ones      <= '0;
    end else begin
      first_one <= find_first(data);
      ones      <= total;
    end
  end

endmodule
