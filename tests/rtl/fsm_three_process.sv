// FSM in three processes: state register, next state, registered outputs.
// states: WAIT ADDR DATA ACK NAK
// arcs: WAIT->ADDR ADDR->DATA ADDR->NAK DATA->ACK DATA->NAK ACK->DATA ACK->WAIT NAK->WAIT
module fsm_three_process (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       valid,
    input  logic [3:0] value,
    output logic       ack,
    output logic       nak
);

  typedef enum logic [2:0] {
    WAIT,
    ADDR,
    DATA,
    ACK,
    NAK
  } state_e;

  state_e current;
  state_e next;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) current <= WAIT;
    else current <= next;
  end

  always_comb begin
    next = current;
    unique case (current)
      WAIT:    if (valid) next = ADDR;
      ADDR:    if (valid && value == 4'hA) next = DATA;
               else if (valid) next = NAK;
      DATA:    if (valid) begin
                 if (value[0]) next = ACK;
                 else next = NAK;
               end
      ACK:     if (valid) next = DATA;
               else next = WAIT;
      NAK:     next = WAIT;
      default: next = WAIT;
    endcase
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) {ack, nak} <= 2'b00;
    else begin
      ack <= next == ACK;
      nak <= next == NAK;
    end
  end

endmodule
