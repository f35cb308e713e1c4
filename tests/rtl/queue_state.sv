// State in a queue and a string: cannot be copied byte by byte to take a snapshot.
module queue_state (
    input  logic       clk,
    input  logic       rst,
    input  logic       push,
    input  logic       pop,
    input  logic [7:0] data,
    output logic [7:0] front,
    output logic [3:0] level,
    output logic       long_name
);

  logic [7:0] items[$];
  string      name;

  // verilator lint_off BLKSEQ
  always_ff @(posedge clk) begin
    if (rst) begin
      items.delete();
      name = "";
    end else begin
      if (push && items.size() < 8) begin
        items.push_back(data);
        name = {name, "x"};
      end
      if (pop && items.size() > 0) void'(items.pop_front());
    end
    level     <= 4'(items.size());
    front     <= (items.size() > 0) ? items[0] : '0;
    long_name <= name.len() > 12;
  end
  // verilator lint_on BLKSEQ

endmodule
