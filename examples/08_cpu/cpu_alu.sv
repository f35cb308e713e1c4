// Arithmetic and logic unit; shifts use the low four bits of the second operand.
module cpu_alu
  import cpu_pkg::*;
(
    input  alu_op_e op,
    input  word_t   a,
    input  word_t   b,
    output word_t   result
);

  always_comb begin
    case (op)
      ALU_ADD: result = a + b;
      ALU_SUB: result = a - b;
      ALU_AND: result = a & b;
      ALU_OR:  result = a | b;
      ALU_XOR: result = a ^ b;
      ALU_SHL: result = a << b[3:0];
      ALU_SHR: result = a >> b[3:0];
      default: result = word_t'($signed(a) >>> b[3:0]);
    endcase
  end

endmodule
