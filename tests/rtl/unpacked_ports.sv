// Unpacked array ports, ascending and descending, one and two dimensions.
module unpacked_ports (
    input  logic       clk,
    input  logic [1:0] sel,
    input  logic [7:0] lanes[4],
    input  logic       flags[1:0][0:2],
    output logic [7:0] picked,
    output logic [3:0] echo[2:1],
    output logic       any
);

  always_ff @(posedge clk) begin
    picked  <= lanes[sel];
    echo[1] <= lanes[0][3:0];
    echo[2] <= lanes[3][7:4];
    any     <= flags[0][0] || flags[0][2] || flags[1][1];
  end

  wire unused = &{1'b0, flags[0][1], flags[1][0], flags[1][2]};

endmodule
