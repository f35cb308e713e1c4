// Escaped identifiers as module, port, signal and state names.
module \escaped-names (
    input  logic       clk,
    input  logic       \reset! ,
    input  logic [1:0] \data.in ,
    output logic [1:0] \data[out] ,
    output logic       \1st
);

  logic [1:0] \old+value ;

  always_ff @(posedge clk) begin
    if (\reset! ) begin
      \old+value <= '0;
      \1st       <= 1'b1;
    end else begin
      \old+value <= \data.in ;
      \1st       <= \1st && \data.in == \old+value ;
    end
  end

  assign \data[out] = \old+value ;

endmodule
