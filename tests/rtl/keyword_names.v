// Verilog-2005 whose names are SystemVerilog keywords: legal in a .v file only.
module keyword_names (
    input            clk,
    input            do,
    input      [3:0] byte,
    output reg [3:0] int,
    output           final
);

  reg  [3:0] bit;
  wire       logic;

  assign logic = byte == bit;
  assign final = logic & do;

  always @(posedge clk) begin
    if (do) bit <= byte;
    int <= logic ? 4'd0 : bit;
  end

endmodule
