// Ports of 4,096 bits: too wide for toggle bins, and for any integer of a host language.
module wide_port (
    input  logic          clk,
    input  logic [4095:0] data,
    output logic [4095:0] inverted,
    output logic          top_bit,
    output logic          all_zero
);

  always_ff @(posedge clk) begin
    inverted <= ~data;
    top_bit  <= data[4095];
    all_zero <= data == '0;
  end

endmodule
