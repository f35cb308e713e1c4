// Eight registers, two read ports, one write port; register 0 always reads 0.
module cpu_regfile
  import cpu_pkg::*;
(
    input  logic  clk,
    input  logic  write,
    input  reg_t  write_index,
    input  word_t write_data,
    input  reg_t  index_a,
    output word_t data_a,
    input  reg_t  index_b,
    output word_t data_b
);

  word_t registers[8];

  assign data_a = (index_a == '0) ? '0 : registers[index_a];
  assign data_b = (index_b == '0) ? '0 : registers[index_b];

  always_ff @(posedge clk) begin
    if (write) registers[write_index] <= write_data;
  end

endmodule
