// Splits an instruction into its fields and says what is to be done.
module cpu_decoder
  import cpu_pkg::*;
(
    input  word_t   instruction,
    output action_e action,
    output alu_op_e alu_op,
    output reg_t    rd,
    output reg_t    rs1,
    output reg_t    rs2,
    output logic    use_immediate,
    output word_t   immediate
);

  logic [3:0] opcode;
  logic [8:0] field;
  word_t      short_immediate;
  word_t      long_immediate;

  assign opcode          = instruction[15:12];
  assign field           = instruction[8:0];
  assign short_immediate = {{10{field[5]}}, field[5:0]};
  assign long_immediate  = {{7{field[8]}}, field};

  assign rd  = instruction[11:9];
  // An instruction with a long immediate reads register 0 in place of rs1.
  assign rs1 = (opcode == OP_LI || opcode == OP_LUI) ? '0 : field[8:6];
  // Stores and branches have no destination: their second source stands in its place.
  assign rs2 = (action == DO_STORE || action == DO_BRANCH) ? rd : field[5:3];

  always_comb begin
    case (opcode)
      OP_ALU, OP_ADDI, OP_LI, OP_LUI: action = DO_WRITE;
      OP_LD:                          action = DO_LOAD;
      OP_ST:                          action = DO_STORE;
      OP_BEQ, OP_BNE, OP_BLT, OP_BGE: action = DO_BRANCH;
      OP_JAL:                         action = DO_JAL;
      OP_JALR:                        action = DO_JALR;
      OP_MUL:                         action = DO_MUL;
      OP_SYS: begin
        case (field)
          SYS_NOP:  action = DO_NOP;
          SYS_HALT: action = DO_HALT;
          SYS_EI:   action = DO_EI;
          SYS_DI:   action = DO_DI;
          SYS_RETI: action = DO_RETI;
          default:  action = DO_ILLEGAL;
        endcase
      end
      default:                        action = DO_ILLEGAL;
    endcase
  end

  always_comb begin
    case (opcode)
      OP_LI, OP_JAL: immediate = long_immediate;
      OP_LUI:        immediate = {field, 7'd0};
      default:       immediate = short_immediate;
    endcase
  end

  assign use_immediate = opcode != OP_ALU;
  assign alu_op        = use_immediate ? ALU_ADD : alu_op_e'(field[2:0]);

endmodule
