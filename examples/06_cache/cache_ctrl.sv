// Controller of the cache: looks up, writes back, refills and flushes, one request at a time.
module cache_ctrl
  import cache_pkg::*;
(
    input  logic    clk,
    input  logic    rst_n,
    // processor
    input  logic    req_valid,
    output logic    req_ready,
    input  logic    req_write,
    input  addr_t   req_addr,
    input  word_t   req_data,
    input  logic    flush,
    output logic    busy,
    output logic    rsp_valid,
    output logic    rsp_error,
    output word_t   rsp_data,
    // tag and data stores
    output index_t  index,
    output offset_t offset,
    input  line_t   line,
    output logic    line_write,
    output line_t   line_next,
    input  word_t   word,
    output logic    word_write,
    output word_t   word_next,
    // memory
    output logic    mem_valid,
    input  logic    mem_ready,
    output logic    mem_write,
    output addr_t   mem_addr,
    output word_t   mem_wdata,
    input  logic    mem_rvalid,
    input  logic    mem_rerror,
    input  word_t   mem_rdata
);

  localparam offset_t LAST_BEAT = '1;
  localparam index_t  LAST_LINE = '1;

  state_e  state_q;
  logic    write_q;
  logic    flush_q;
  addr_t   addr_q;
  word_t   data_q;
  offset_t beat_q;
  logic    error_q;

  logic    hit;
  logic    must_write_back;
  logic    refill_beat;
  logic    last_beat;
  logic    refill_error;

  assign hit             = line.valid && line.tag == addr_q.tag;
  assign must_write_back = line.valid && line.dirty;
  assign last_beat       = beat_q == LAST_BEAT;
  assign refill_beat     = state_q == REFILL_WAIT && mem_rvalid;
  assign refill_error    = error_q || mem_rerror;

  assign busy      = state_q != IDLE;
  assign req_ready = !busy && !flush;
  assign index     = addr_q.index;
  assign offset    = (state_q == LOOKUP) ? addr_q.offset : beat_q;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state_q <= IDLE;
      write_q <= 1'b0;
      flush_q <= 1'b0;
      addr_q  <= '0;
      data_q  <= '0;
      beat_q  <= '0;
      error_q <= 1'b0;
    end else begin
      case (state_q)
        IDLE: begin
          beat_q  <= '0;
          error_q <= 1'b0;
          flush_q <= flush;
          if (flush) begin
            addr_q.index <= '0;
            state_q      <= FLUSH_LOOKUP;
          end else if (req_valid) begin
            write_q <= req_write;
            addr_q  <= req_addr;
            data_q  <= req_data;
            state_q <= LOOKUP;
          end
        end
        LOOKUP: begin
          if (hit) state_q <= IDLE;
          else if (must_write_back) state_q <= WRITE_BACK;
          else state_q <= REFILL;
        end
        WRITE_BACK: begin
          if (mem_ready) begin
            beat_q <= beat_q + 1'b1;
            if (last_beat && flush_q) state_q <= FLUSH_LOOKUP;
            else if (last_beat) state_q <= REFILL;
          end
        end
        REFILL: if (mem_ready) state_q <= REFILL_WAIT;
        REFILL_WAIT: begin
          if (mem_rvalid) begin
            beat_q  <= beat_q + 1'b1;
            error_q <= refill_error;
            if (!last_beat) state_q <= REFILL;
            else if (refill_error) state_q <= FAIL;
            else state_q <= LOOKUP;
          end
        end
        FLUSH_LOOKUP: begin
          if (must_write_back) begin
            state_q <= WRITE_BACK;
          end else begin
            addr_q.index <= addr_q.index + 1'b1;
            if (addr_q.index == LAST_LINE) state_q <= IDLE;
          end
        end
        FAIL:    state_q <= IDLE;
        default: state_q <= IDLE;
      endcase
    end
  end

  // A line that a flush has written back is clean but stays valid; a failed refill leaves it invalid.
  always_comb begin
    line_write = 1'b0;
    line_next  = line;
    case (state_q)
      LOOKUP: begin
        line_write      = hit && write_q;
        line_next.dirty = 1'b1;
      end
      WRITE_BACK: begin
        line_write      = mem_ready && last_beat;
        line_next.dirty = 1'b0;
      end
      REFILL_WAIT: begin
        line_write      = refill_beat && last_beat;
        line_next.valid = !refill_error;
        line_next.dirty = 1'b0;
        line_next.tag   = addr_q.tag;
      end
      default: line_write = 1'b0;
    endcase
  end

  assign word_write = refill_beat || (state_q == LOOKUP && hit && write_q);
  assign word_next  = refill_beat ? mem_rdata : data_q;

  assign mem_valid = state_q == WRITE_BACK || state_q == REFILL;
  assign mem_write = state_q == WRITE_BACK;
  assign mem_wdata = word;

  always_comb begin
    mem_addr.tag    = mem_write ? line.tag : addr_q.tag;
    mem_addr.index  = addr_q.index;
    mem_addr.offset = beat_q;
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      rsp_valid <= 1'b0;
      rsp_error <= 1'b0;
      rsp_data  <= '0;
    end else begin
      rsp_valid <= (state_q == LOOKUP && hit) || state_q == FAIL;
      rsp_error <= state_q == FAIL;
      if (state_q == LOOKUP && hit) rsp_data <= write_q ? data_q : word;
    end
  end

endmodule
