// SPI master: eight-bit transfers in all four modes, either bit order, bursts under one select.
module spi_master (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       cpol,
    input  logic       cpha,
    input  logic       lsb_first,
    input  logic [3:0] divider,
    input  logic       cmd_valid,
    output logic       cmd_ready,
    input  logic [7:0] cmd_data,
    input  logic       cmd_last,
    output logic       rsp_valid,
    output logic [7:0] rsp_data,
    output logic       idle_error,
    output logic       sclk,
    output logic       cs_n,
    output logic       mosi,
    input  logic       miso
);

  typedef enum logic [2:0] {
    IDLE,
    SETUP,
    LEADING,
    TRAILING,
    BETWEEN,
    HOLD,
    RELEASE
  } state_e;

  localparam logic [5:0] BETWEEN_LIMIT = 6'd63;

  state_e     state_q;
  logic [3:0] count_q;
  logic [2:0] bit_q;
  logic [7:0] out_q;
  logic [7:0] in_q;
  logic [5:0] wait_q;
  logic       cpol_q;
  logic       cpha_q;
  logic       lsb_first_q;
  logic       last_q;
  logic       accept;
  logic       tick;
  logic       last_bit;
  logic       sample;
  logic       shift;
  logic       gave_up;

  assign cmd_ready = state_q == IDLE || state_q == BETWEEN;
  assign accept    = cmd_valid && cmd_ready;
  assign tick      = count_q == '0;
  assign last_bit  = bit_q == 3'd7;
  assign gave_up   = state_q == BETWEEN && !cmd_valid && wait_q == BETWEEN_LIMIT;

  // The clock is active during TRAILING, so its leading edge is the step from LEADING to it.
  assign sample = tick && state_q == (cpha_q ? TRAILING : LEADING);
  assign shift  = tick && (cpha_q ? state_q == LEADING && bit_q != '0
                                  : state_q == TRAILING && !last_bit);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state_q <= IDLE;
      count_q <= '0;
      bit_q   <= '0;
      wait_q  <= '0;
    end else begin
      count_q <= (accept || tick) ? divider : count_q - 1'b1;
      case (state_q)
        IDLE: if (accept) state_q <= SETUP;
        SETUP: begin
          bit_q <= '0;
          if (tick) state_q <= LEADING;
        end
        LEADING: if (tick) state_q <= TRAILING;
        TRAILING: begin
          if (tick) begin
            bit_q <= bit_q + 1'b1;
            if (!last_bit) state_q <= LEADING;
            else if (last_q) state_q <= HOLD;
            else state_q <= BETWEEN;
          end
          wait_q <= '0;
        end
        BETWEEN: begin
          wait_q <= wait_q + 1'b1;
          if (accept) state_q <= LEADING;
          else if (gave_up) state_q <= RELEASE;
        end
        HOLD:    if (tick) state_q <= RELEASE;
        RELEASE: if (tick) state_q <= IDLE;
        default: state_q <= IDLE;
      endcase
    end
  end

  // The mode is fixed for the whole time under one select; the data and `last` are per byte.
  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      cpol_q      <= 1'b0;
      cpha_q      <= 1'b0;
      lsb_first_q <= 1'b0;
      last_q      <= 1'b0;
    end else begin
      if (state_q == IDLE) begin
        cpol_q      <= cpol;
        cpha_q      <= cpha;
        lsb_first_q <= lsb_first;
      end
      if (accept) last_q <= cmd_last;
    end
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      out_q <= '0;
      in_q  <= '0;
    end else begin
      if (accept) out_q <= cmd_data;
      else if (shift) out_q <= lsb_first_q ? out_q >> 1 : out_q << 1;
      if (sample) in_q <= lsb_first_q ? {miso, in_q[7:1]} : {in_q[6:0], miso};
    end
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      rsp_valid  <= 1'b0;
      idle_error <= 1'b0;
    end else begin
      rsp_valid  <= state_q == TRAILING && tick && last_bit;
      idle_error <= gave_up;
    end
  end

  assign rsp_data = in_q;
  assign cs_n     = state_q == IDLE || state_q == RELEASE;
  assign sclk     = cpol_q ^ (state_q == TRAILING);
  assign mosi     = lsb_first_q ? out_q[0] : out_q[7];

endmodule
