// The registers: identification, control, write-one-to-clear status, scratch, key, timer.
module timer_regs
  import axil_regs_pkg::*;
(
    input  logic        clk,
    input  logic        rst_n,
    input  logic        write,
    input  logic [3:0]  write_addr,
    input  logic [31:0] write_data,
    input  logic [3:0]  write_strb,
    output logic        write_error,
    input  logic [3:0]  read_addr,
    output logic [31:0] read_data,
    output logic        read_error,
    output logic        irq
);

  logic                    enable;
  logic                    one_shot;
  logic                    irq_enable;
  logic                    expired;
  logic                    missed;
  logic                    unlocked;
  logic [15:0]             scratch;
  logic [PERIOD_WIDTH-1:0] period;
  logic [PERIOD_WIDTH-1:0] count;
  logic                    at_period;
  logic                    write_ok;
  logic                    write_ctrl;
  logic                    clear_status;

  always_comb begin
    case (write_addr)
      ADDR_CTRL, ADDR_STATUS, ADDR_SCRATCH: write_error = 1'b0;
      ADDR_KEY:                             write_error = write_strb != '1;
      ADDR_PERIOD:                          write_error = !unlocked || enable;
      default:                              write_error = 1'b1;
    endcase
  end

  assign write_ok     = write && !write_error;
  assign write_ctrl   = write_ok && write_addr == ADDR_CTRL && write_strb[0];
  assign clear_status = write_ok && write_addr == ADDR_STATUS && write_strb[0];
  assign at_period    = enable && count == period;
  assign irq          = irq_enable && expired;

  always_ff @(posedge clk) begin
    if (!rst_n) begin
      irq_enable <= 1'b0;
      one_shot   <= 1'b0;
      scratch    <= '0;
      period     <= '1;
      unlocked   <= 1'b0;
    end else if (write_ok) begin
      case (write_addr)
        ADDR_CTRL: begin
          if (write_strb[0]) begin
            one_shot   <= write_data[1];
            irq_enable <= write_data[2];
          end
        end
        ADDR_SCRATCH: begin
          if (write_strb[0]) scratch[7:0] <= write_data[7:0];
          if (write_strb[1]) scratch[15:8] <= write_data[15:8];
        end
        ADDR_KEY: unlocked <= write_data == UNLOCK_KEY;
        ADDR_PERIOD: begin
          if (write_strb[0]) period <= write_data[PERIOD_WIDTH-1:0];
          unlocked <= 1'b0;
        end
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk) begin
    if (!rst_n) begin
      enable <= 1'b0;
      count  <= '0;
    end else begin
      if (write_ctrl) enable <= write_data[0];
      else if (at_period && one_shot) enable <= 1'b0;
      if (!enable || at_period) count <= '0;
      else count <= count + 1'b1;
    end
  end

  // An event in the cycle of its clearing is kept.
  always_ff @(posedge clk) begin
    if (!rst_n) begin
      expired <= 1'b0;
      missed  <= 1'b0;
    end else begin
      if (at_period) expired <= 1'b1;
      else if (clear_status && write_data[0]) expired <= 1'b0;
      if (at_period && expired) missed <= 1'b1;
      else if (clear_status && write_data[1]) missed <= 1'b0;
    end
  end

  always_comb begin
    read_error = 1'b0;
    read_data  = '0;
    case (read_addr)
      ADDR_ID:      read_data = ID_VALUE;
      ADDR_CTRL:    read_data[2:0] = {irq_enable, one_shot, enable};
      ADDR_STATUS:  read_data[2:0] = {unlocked, missed, expired};
      ADDR_SCRATCH: read_data[15:0] = scratch;
      ADDR_PERIOD:  read_data[PERIOD_WIDTH-1:0] = period;
      ADDR_COUNT:   read_data[PERIOD_WIDTH-1:0] = count;
      default:      read_error = 1'b1;
    endcase
  end

endmodule
