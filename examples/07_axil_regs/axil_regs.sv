// AXI4-Lite register file with a timer and an interrupt.
module axil_regs (
    input  logic        aclk,
    input  logic        aresetn,
    input  logic        awvalid,
    output logic        awready,
    input  logic [5:0]  awaddr,
    input  logic        wvalid,
    output logic        wready,
    input  logic [31:0] wdata,
    input  logic [3:0]  wstrb,
    output logic        bvalid,
    input  logic        bready,
    output logic [1:0]  bresp,
    input  logic        arvalid,
    output logic        arready,
    input  logic [5:0]  araddr,
    output logic        rvalid,
    input  logic        rready,
    output logic [31:0] rdata,
    output logic [1:0]  rresp,
    output logic        irq
);

  logic        write;
  logic [3:0]  write_addr;
  logic [31:0] write_data;
  logic [3:0]  write_strb;
  logic        write_error;
  logic [3:0]  read_addr;
  logic [31:0] read_data;
  logic        read_error;

  axil_slave u_slave (
      .aclk,
      .aresetn,
      .awvalid,
      .awready,
      .awaddr,
      .wvalid,
      .wready,
      .wdata,
      .wstrb,
      .bvalid,
      .bready,
      .bresp,
      .arvalid,
      .arready,
      .araddr,
      .rvalid,
      .rready,
      .rdata,
      .rresp,
      .write,
      .write_addr,
      .write_data,
      .write_strb,
      .write_error,
      .read_addr,
      .read_data,
      .read_error
  );

  timer_regs u_regs (
      .clk  (aclk),
      .rst_n(aresetn),
      .write,
      .write_addr,
      .write_data,
      .write_strb,
      .write_error,
      .read_addr,
      .read_data,
      .read_error,
      .irq
  );

endmodule
