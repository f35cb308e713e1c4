// Uses $urandom and $random: what it does depends on the simulator's own generator.
module random_source (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       draw,
    output logic [7:0] value,
    output logic       lucky
);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      value <= '0;
      lucky <= 1'b0;
    end else if (draw) begin
      value <= 8'($urandom());
      lucky <= $random() < 0;
    end
  end

endmodule
