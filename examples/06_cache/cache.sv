// Direct-mapped cache, write back with write allocate: controller, tag store and data store.
module cache
  import cache_pkg::*;
(
    input  logic  clk,
    input  logic  rst_n,
    input  logic  req_valid,
    output logic  req_ready,
    input  logic  req_write,
    input  addr_t req_addr,
    input  word_t req_data,
    input  logic  flush,
    output logic  busy,
    output logic  rsp_valid,
    output logic  rsp_error,
    output word_t rsp_data,
    output logic  mem_valid,
    input  logic  mem_ready,
    output logic  mem_write,
    output addr_t mem_addr,
    output word_t mem_wdata,
    input  logic  mem_rvalid,
    input  logic  mem_rerror,
    input  word_t mem_rdata
);

  index_t  index;
  offset_t offset;
  line_t   line;
  line_t   line_next;
  logic    line_write;
  word_t   word;
  word_t   word_next;
  logic    word_write;

  cache_tags u_tags (
      .clk,
      .rst_n,
      .index,
      .line,
      .write     (line_write),
      .write_line(line_next)
  );

  cache_data u_data (
      .clk,
      .index,
      .offset,
      .word,
      .write     (word_write),
      .write_word(word_next)
  );

  cache_ctrl u_ctrl (
      .clk,
      .rst_n,
      .req_valid,
      .req_ready,
      .req_write,
      .req_addr,
      .req_data,
      .flush,
      .busy,
      .rsp_valid,
      .rsp_error,
      .rsp_data,
      .index,
      .offset,
      .line,
      .line_write,
      .line_next,
      .word,
      .word_write,
      .word_next,
      .mem_valid,
      .mem_ready,
      .mem_write,
      .mem_addr,
      .mem_wdata,
      .mem_rvalid,
      .mem_rerror,
      .mem_rdata
  );

endmodule
