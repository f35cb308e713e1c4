// The same as keyword_names.v, made legal anywhere by `begin_keywords.
`begin_keywords "1364-2005"
module keyword_region (
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
`end_keywords
