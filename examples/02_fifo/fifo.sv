// Synchronous first-in first-out queue with level, thresholds, flush and sticky error flags.
module fifo #(
    parameter int WIDTH        = 8,
    parameter int DEPTH        = 16,
    parameter int ALMOST_FULL  = DEPTH - 2,
    parameter int ALMOST_EMPTY = 2
) (
    input  logic                   clk,
    input  logic                   rst,
    input  logic                   flush,
    input  logic                   push,
    input  logic [WIDTH-1:0]       push_data,
    input  logic                   pop,
    output logic [WIDTH-1:0]       pop_data,
    output logic                   empty,
    output logic                   full,
    output logic                   almost_empty,
    output logic                   almost_full,
    output logic [$clog2(DEPTH):0] level,
    input  logic                   clear_errors,
    output logic                   overflow,
    output logic                   underflow
);

  localparam int                    ADDR_WIDTH = $clog2(DEPTH);
  localparam logic [ADDR_WIDTH-1:0] LAST_ADDR  = ADDR_WIDTH'(DEPTH - 1);

  logic [WIDTH-1:0]      memory[DEPTH];
  logic [ADDR_WIDTH-1:0] write_ptr;
  logic [ADDR_WIDTH-1:0] read_ptr;
  logic                  do_push;
  logic                  do_pop;

  assign empty        = level == '0;
  assign full         = level == (ADDR_WIDTH + 1)'(DEPTH);
  assign almost_empty = level <= (ADDR_WIDTH + 1)'(ALMOST_EMPTY);
  assign almost_full  = level >= (ADDR_WIDTH + 1)'(ALMOST_FULL);

  // A pop makes room for a push of the same cycle; a push cannot feed a pop of the same cycle.
  assign do_pop  = pop && !empty && !flush;
  assign do_push = push && (!full || pop) && !flush;

  always_ff @(posedge clk) begin
    if (do_push) memory[write_ptr] <= push_data;
  end

  always_ff @(posedge clk) begin
    if (rst || flush) begin
      write_ptr <= '0;
      read_ptr  <= '0;
      level     <= '0;
    end else begin
      if (do_push) write_ptr <= (write_ptr == LAST_ADDR) ? '0 : write_ptr + 1'b1;
      if (do_pop) read_ptr <= (read_ptr == LAST_ADDR) ? '0 : read_ptr + 1'b1;
      case ({do_push, do_pop})
        2'b10:   level <= level + 1'b1;
        2'b01:   level <= level - 1'b1;
        default: level <= level;
      endcase
    end
  end

  always_ff @(posedge clk) begin
    if (rst || clear_errors) begin
      overflow  <= 1'b0;
      underflow <= 1'b0;
    end else if (!flush) begin
      if (push && full && !pop) overflow <= 1'b1;
      if (pop && empty) underflow <= 1'b1;
    end
  end

  assign pop_data = memory[read_ptr];

endmodule
