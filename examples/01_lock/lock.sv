// Code lock: four right keys open it, three wrong ones start a penalty time.
module lock #(
    parameter logic [31:0] CODE           = 32'h3A_91_5C_E7,
    parameter int OPEN_CYCLES    = 200,
    parameter int PENALTY_CYCLES = 100
) (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       key_valid,
    input  logic [7:0] key,
    input  logic       close,
    output logic       unlocked,
    output logic       duress,
    output logic       penalty,
    output logic [1:0] failures
);

  typedef enum logic [2:0] {
    LOCKED,
    DIGIT_2,
    DIGIT_3,
    DIGIT_4,
    OPEN,
    PENALTY
  } state_e;

  localparam int LONGEST     = (OPEN_CYCLES > PENALTY_CYCLES) ? OPEN_CYCLES : PENALTY_CYCLES;
  localparam int TIMER_WIDTH = $clog2(LONGEST + 1);

  state_e                 state_q;
  state_e                 state_d;
  logic [TIMER_WIDTH-1:0] timer_q;
  logic [7:0]             expected;
  logic                   right;
  logic                   wrong;
  logic                   forced;
  logic                   last_try;
  logic                   timer_done;

  always_comb begin
    case (state_q)
      LOCKED:  expected = CODE[31:24];
      DIGIT_2: expected = CODE[23:16];
      DIGIT_3: expected = CODE[15:8];
      default: expected = CODE[7:0];
    endcase
  end

  // The owner under threat enters the last digit plus one: it opens, and tells the guard.
  assign forced     = (state_q == DIGIT_4) && (key == CODE[7:0] + 8'd1);
  assign right      = key_valid && (key == expected || forced);
  assign wrong      = key_valid && key != expected && !forced;
  assign last_try   = failures == 2'd2;
  assign timer_done = timer_q == '0;

  always_comb begin
    state_d = state_q;
    case (state_q)
      LOCKED: begin
        if (right) state_d = DIGIT_2;
        else if (wrong && last_try) state_d = PENALTY;
      end
      DIGIT_2: begin
        if (right) state_d = DIGIT_3;
        else if (wrong && last_try) state_d = PENALTY;
        else if (wrong) state_d = LOCKED;
      end
      DIGIT_3: begin
        if (right) state_d = DIGIT_4;
        else if (wrong && last_try) state_d = PENALTY;
        else if (wrong) state_d = LOCKED;
      end
      DIGIT_4: begin
        if (right) state_d = OPEN;
        else if (wrong && last_try) state_d = PENALTY;
        else if (wrong) state_d = LOCKED;
      end
      OPEN:    if (close || timer_done) state_d = LOCKED;
      PENALTY: if (timer_done) state_d = LOCKED;
      default: state_d = LOCKED;
    endcase
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state_q <= LOCKED;
      timer_q <= '0;
    end else begin
      state_q <= state_d;
      if (state_q != OPEN && state_d == OPEN) timer_q <= TIMER_WIDTH'(OPEN_CYCLES - 1);
      else if (state_q != PENALTY && state_d == PENALTY)
        timer_q <= TIMER_WIDTH'(PENALTY_CYCLES - 1);
      else if (!timer_done) timer_q <= timer_q - 1'b1;
    end
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      failures <= '0;
      duress   <= 1'b0;
    end else begin
      case (state_q)
        OPEN: begin
          failures <= '0;
          if (state_d == LOCKED) duress <= 1'b0;
        end
        PENALTY: failures <= '0;
        default: begin
          if (wrong) failures <= failures + 1'b1;
          if (key_valid && forced) duress <= 1'b1;
        end
      endcase
    end
  end

  assign unlocked = state_q == OPEN;
  assign penalty  = state_q == PENALTY;

endmodule
