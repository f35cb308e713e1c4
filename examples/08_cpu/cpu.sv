// 16-bit processor: controller, program counter, exceptions and interrupts.
module cpu
  import cpu_pkg::*;
(
    input  logic   clk,
    input  logic   rst_n,
    // instruction memory
    output logic   imem_valid,
    input  logic   imem_ready,
    output pc_t    imem_addr,
    input  word_t  imem_data,
    // data memory
    output logic   dmem_valid,
    input  logic   dmem_ready,
    output logic   dmem_write,
    output word_t  dmem_addr,
    output word_t  dmem_wdata,
    input  word_t  dmem_rdata,
    input  logic   dmem_error,
    // control
    input  logic   irq,
    output logic   retired,
    output logic   halted,
    output logic   faulted,
    output cause_e cause
);

  typedef enum logic [2:0] {
    FETCH,
    EXECUTE,
    MULTIPLY,
    MEMORY,
    HALTED,
    FAULTED
  } state_e;

  state_e  state_q;
  state_e  state_d;
  pc_t     pc_q;
  pc_t     pc_d;
  pc_t     pc_next;
  pc_t     pc_target;
  pc_t     epc_q;
  word_t   instruction_q;
  word_t   address_q;
  logic    irq_enable_q;
  logic    in_handler_q;

  action_e action;
  alu_op_e alu_op;
  reg_t    rd;
  reg_t    rs1;
  reg_t    rs2;
  word_t   data_1;
  word_t   data_2;
  logic    use_immediate;
  word_t   immediate;
  word_t   operand;
  word_t   result;
  word_t   product;
  logic    multiply_done;
  logic    start_multiply;
  logic    taken;
  logic    write;
  word_t   write_data;

  logic    take_irq;
  logic    illegal;
  logic    bus_error;
  logic    exception;
  logic    completes;
  logic    return_from_handler;

  cpu_decoder u_decoder (
      .instruction(instruction_q),
      .action,
      .alu_op,
      .rd,
      .rs1,
      .rs2,
      .use_immediate,
      .immediate
  );

  cpu_regfile u_regfile (
      .clk,
      .write,
      .write_index(rd),
      .write_data,
      .index_a    (rs1),
      .data_a     (data_1),
      .index_b    (rs2),
      .data_b     (data_2)
  );

  cpu_alu u_alu (
      .op(alu_op),
      .a (data_1),
      .b (operand),
      .result
  );

  cpu_multiplier u_multiplier (
      .clk,
      .rst_n,
      .start(start_multiply),
      .a    (data_1),
      .b    (data_2),
      .done (multiply_done),
      .product
  );

  assign operand        = use_immediate ? immediate : data_2;
  assign start_multiply = state_q == EXECUTE && action == DO_MUL;

  always_comb begin
    case (instruction_q[15:12])
      OP_BEQ:  taken = data_2 == data_1;
      OP_BNE:  taken = data_2 != data_1;
      OP_BLT:  taken = $signed(data_2) < $signed(data_1);
      default: taken = $signed(data_2) >= $signed(data_1);
    endcase
  end

  assign take_irq            = irq && irq_enable_q && !in_handler_q;
  assign return_from_handler = state_q == EXECUTE && action == DO_RETI && in_handler_q;
  assign illegal             = state_q == EXECUTE &&
                               (action == DO_ILLEGAL || (action == DO_RETI && !in_handler_q));
  assign bus_error           = state_q == MEMORY && dmem_ready && dmem_error;
  assign exception           = illegal || bus_error;

  always_comb begin
    state_d = state_q;
    case (state_q)
      FETCH: if (!take_irq && imem_ready) state_d = EXECUTE;
      EXECUTE: begin
        case (action)
          DO_LOAD, DO_STORE: state_d = MEMORY;
          DO_MUL:            state_d = MULTIPLY;
          DO_HALT:           state_d = HALTED;
          default:           state_d = FETCH;
        endcase
      end
      MULTIPLY: if (multiply_done) state_d = FETCH;
      MEMORY:   if (dmem_ready) state_d = FETCH;
      HALTED:   if (take_irq) state_d = FETCH;
      default:  state_d = FAULTED;
    endcase
    if (exception && in_handler_q) state_d = FAULTED;
  end

  assign completes = (state_q == EXECUTE && (state_d == FETCH || state_d == HALTED)) ||
                     ((state_q == MULTIPLY || state_q == MEMORY) && state_d == FETCH);

  assign pc_next   = pc_q + 1'b1;
  assign pc_target = pc_q + immediate[9:0];

  always_comb begin
    pc_d = pc_q;
    if (state_q == EXECUTE) begin
      case (action)
        DO_BRANCH:         pc_d = taken ? pc_target : pc_next;
        DO_JAL:            pc_d = pc_target;
        DO_JALR:           pc_d = result[9:0];
        DO_RETI:           pc_d = epc_q;
        // A load or store may have to be tried again: it moves on when it is over.
        DO_LOAD, DO_STORE: pc_d = pc_q;
        default:           pc_d = pc_next;
      endcase
    end else if (state_q == MEMORY && dmem_ready) begin
      pc_d = pc_next;
    end
    if (exception) pc_d = EXCEPTION_VECTOR;
    else if (take_irq && (state_q == FETCH || state_q == HALTED)) pc_d = IRQ_VECTOR;
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state_q       <= FETCH;
      pc_q          <= RESET_VECTOR;
      instruction_q <= '0;
      address_q     <= '0;
    end else begin
      state_q <= state_d;
      pc_q    <= pc_d;
      if (state_q == FETCH && imem_ready) instruction_q <= imem_data;
      if (state_q == EXECUTE) address_q <= result;
    end
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      irq_enable_q <= 1'b0;
      in_handler_q <= 1'b0;
      epc_q        <= '0;
      cause        <= CAUSE_NONE;
    end else if (exception) begin
      in_handler_q <= 1'b1;
      epc_q        <= bus_error ? pc_q : pc_next;
      if (bus_error) cause <= CAUSE_BUS;
      else cause <= CAUSE_ILLEGAL;
    end else if (take_irq && (state_q == FETCH || state_q == HALTED)) begin
      in_handler_q <= 1'b1;
      epc_q        <= pc_q;
      cause        <= CAUSE_IRQ;
    end else if (return_from_handler) begin
      in_handler_q <= 1'b0;
    end else if (state_q == EXECUTE && action == DO_EI) begin
      irq_enable_q <= 1'b1;
    end else if (state_q == EXECUTE && action == DO_DI) begin
      irq_enable_q <= 1'b0;
    end
  end

  always_comb begin
    write      = 1'b0;
    write_data = result;
    case (state_q)
      EXECUTE: begin
        write = action == DO_WRITE || action == DO_JAL || action == DO_JALR;
        if (action != DO_WRITE) write_data = word_t'(pc_next);
      end
      MULTIPLY: begin
        write      = multiply_done;
        write_data = product;
      end
      MEMORY: begin
        write      = action == DO_LOAD && dmem_ready && !dmem_error;
        write_data = dmem_rdata;
      end
      default: write = 1'b0;
    endcase
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) retired <= 1'b0;
    else retired <= completes && !exception;
  end

  assign imem_valid = state_q == FETCH && !take_irq;
  assign imem_addr  = pc_q;
  assign dmem_valid = state_q == MEMORY;
  assign dmem_write = action == DO_STORE;
  assign dmem_addr  = address_q;
  assign dmem_wdata = data_2;
  assign halted     = state_q == HALTED;
  assign faulted    = state_q == FAULTED;

endmodule
