// Generate loops and conditions over parameters: a pipeline whose odd stages invert.
module generate_loop #(
    parameter int STAGES = 4,
    parameter int WIDTH  = 3,
    parameter bit PARITY = 1
) (
    input  logic             clk,
    input  logic             en,
    input  logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out,
    output logic             parity
);

  logic [WIDTH-1:0] stage[STAGES+1];

  assign stage[0] = in;
  assign out      = stage[STAGES];

  for (genvar i = 0; i < STAGES; i++) begin : gen_stage
    always_ff @(posedge clk) begin
      if (en) stage[i+1] <= (i % 2 == 1) ? ~stage[i] : stage[i];
    end
  end

  if (PARITY) begin : gen_parity
    assign parity = ^out;
  end else begin : gen_no_parity
    assign parity = 1'b0;
  end

endmodule
