// State in an object of a class: a pointer that a byte-wise snapshot would not follow.
module class_state (
    input  logic       clk,
    input  logic       rst,
    input  logic [3:0] amount,
    output logic [7:0] total,
    output logic       big
);

  class Account;
    int sum;
    function void add(int value);
      if (value == 13) sum = 0;
      else sum += value;
    endfunction
  endclass

  Account account;

  initial account = new;

  // verilator lint_off BLKSEQ
  always_ff @(posedge clk) begin
    if (rst) account = new;
    else account.add(32'(amount));
    total <= account.sum[7:0];
    big   <= account.sum > 100;
  end
  // verilator lint_on BLKSEQ

endmodule
