// Data store: the words of all lines, read in the same cycle, written word by word.
module cache_data
  import cache_pkg::*;
(
    input  logic    clk,
    input  index_t  index,
    input  offset_t offset,
    output word_t   word,
    input  logic    write,
    input  word_t   write_word
);

  word_t words[N_LINES*LINE_WORDS];

  assign word = words[{index, offset}];

  always_ff @(posedge clk) begin
    if (write) words[{index, offset}] <= write_word;
  end

endmodule
