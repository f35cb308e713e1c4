// Sizes and types of the cache: 8 lines of 2 words, 16-bit words, 10-bit word addresses.
package cache_pkg;

  localparam int ADDR_WIDTH   = 10;
  localparam int WORD_WIDTH   = 16;
  localparam int OFFSET_WIDTH = 1;
  localparam int INDEX_WIDTH  = 3;
  localparam int TAG_WIDTH    = ADDR_WIDTH - INDEX_WIDTH - OFFSET_WIDTH;
  localparam int N_LINES      = 1 << INDEX_WIDTH;
  localparam int LINE_WORDS   = 1 << OFFSET_WIDTH;

  typedef logic [WORD_WIDTH-1:0] word_t;
  typedef logic [INDEX_WIDTH-1:0] index_t;
  typedef logic [OFFSET_WIDTH-1:0] offset_t;
  typedef logic [TAG_WIDTH-1:0] tag_t;

  typedef struct packed {
    tag_t    tag;
    index_t  index;
    offset_t offset;
  } addr_t;

  typedef struct packed {
    logic valid;
    logic dirty;
    tag_t tag;
  } line_t;

  typedef enum logic [2:0] {
    IDLE,
    LOOKUP,
    WRITE_BACK,
    REFILL,
    REFILL_WAIT,
    FLUSH_LOOKUP,
    FAIL
  } state_e;

endpackage
