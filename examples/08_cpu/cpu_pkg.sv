// Instruction set and common types of the processor.
package cpu_pkg;

  typedef logic [15:0] word_t;
  typedef logic [9:0] pc_t;
  typedef logic [2:0] reg_t;

  typedef enum logic [3:0] {
    OP_ALU  = 4'h0,
    OP_ADDI = 4'h1,
    OP_LI   = 4'h2,
    OP_LUI  = 4'h3,
    OP_LD   = 4'h4,
    OP_ST   = 4'h5,
    OP_BEQ  = 4'h6,
    OP_BNE  = 4'h7,
    OP_BLT  = 4'h8,
    OP_BGE  = 4'h9,
    OP_JAL  = 4'hA,
    OP_JALR = 4'hB,
    OP_MUL  = 4'hC,
    OP_SYS  = 4'hD
  } opcode_e;

  // Lowest three bits of an OP_ALU instruction.
  typedef enum logic [2:0] {
    ALU_ADD,
    ALU_SUB,
    ALU_AND,
    ALU_OR,
    ALU_XOR,
    ALU_SHL,
    ALU_SHR,
    ALU_SRA
  } alu_op_e;

  // Lowest nine bits of an OP_SYS instruction; anything else is illegal.
  localparam logic [8:0] SYS_NOP  = 9'd0;
  localparam logic [8:0] SYS_HALT = 9'd1;
  localparam logic [8:0] SYS_EI   = 9'd2;
  localparam logic [8:0] SYS_DI   = 9'd3;
  localparam logic [8:0] SYS_RETI = 9'd4;

  // What the controller has to do with an instruction.
  typedef enum logic [3:0] {
    DO_WRITE,
    DO_LOAD,
    DO_STORE,
    DO_BRANCH,
    DO_JAL,
    DO_JALR,
    DO_MUL,
    DO_NOP,
    DO_HALT,
    DO_EI,
    DO_DI,
    DO_RETI,
    DO_ILLEGAL
  } action_e;

  typedef enum logic [1:0] {
    CAUSE_NONE,
    CAUSE_ILLEGAL,
    CAUSE_BUS,
    CAUSE_IRQ
  } cause_e;

  localparam pc_t RESET_VECTOR     = 10'h000;
  localparam pc_t EXCEPTION_VECTOR = 10'h004;
  localparam pc_t IRQ_VECTOR       = 10'h008;

endpackage
