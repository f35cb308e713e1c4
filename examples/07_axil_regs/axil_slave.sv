// AXI4-Lite slave front end: turns the five channels into single register reads and writes.
module axil_slave
  import axil_regs_pkg::*;
(
    input  logic        aclk,
    input  logic        aresetn,
    // write address, write data, write response
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
    // read address, read data
    input  logic        arvalid,
    output logic        arready,
    input  logic [5:0]  araddr,
    output logic        rvalid,
    input  logic        rready,
    output logic [31:0] rdata,
    output logic [1:0]  rresp,
    // registers
    output logic        write,
    output logic [3:0]  write_addr,
    output logic [31:0] write_data,
    output logic [3:0]  write_strb,
    input  logic        write_error,
    output logic [3:0]  read_addr,
    input  logic [31:0] read_data,
    input  logic        read_error
);

  logic        aw_held;
  logic        w_held;
  logic [5:0]  aw_q;
  logic [31:0] w_q;
  logic [3:0]  strb_q;
  logic        aligned;
  logic        start;
  logic        read_aligned;

  // Address and data may come in any order; each is held until the other is there and the
  // response channel is free.
  assign awready = !aw_held;
  assign wready  = !w_held;
  assign start   = aw_held && w_held && (!bvalid || bready);
  assign aligned = aw_q[1:0] == 2'b00;

  assign write      = start && aligned;
  assign write_addr = aw_q[5:2];
  assign write_data = w_q;
  assign write_strb = strb_q;

  always_ff @(posedge aclk) begin
    if (!aresetn) begin
      aw_held <= 1'b0;
      w_held  <= 1'b0;
      aw_q    <= '0;
      w_q     <= '0;
      strb_q  <= '0;
      bvalid  <= 1'b0;
      bresp   <= OKAY;
    end else begin
      if (awvalid && awready) begin
        aw_held <= 1'b1;
        aw_q    <= awaddr;
      end else if (start) begin
        aw_held <= 1'b0;
      end
      if (wvalid && wready) begin
        w_held <= 1'b1;
        w_q    <= wdata;
        strb_q <= wstrb;
      end else if (start) begin
        w_held <= 1'b0;
      end
      if (start) begin
        bvalid <= 1'b1;
        bresp  <= (!aligned || write_error) ? SLVERR : OKAY;
      end else if (bready) begin
        bvalid <= 1'b0;
      end
    end
  end

  assign arready      = !rvalid || rready;
  assign read_aligned = araddr[1:0] == 2'b00;
  assign read_addr    = araddr[5:2];

  always_ff @(posedge aclk) begin
    if (!aresetn) begin
      rvalid <= 1'b0;
      rdata  <= '0;
      rresp  <= OKAY;
    end else if (arvalid && arready) begin
      rvalid <= 1'b1;
      if (!read_aligned || read_error) begin
        rdata <= '0;
        rresp <= SLVERR;
      end else begin
        rdata <= read_data;
        rresp <= OKAY;
      end
    end else if (rready) begin
      rvalid <= 1'b0;
    end
  end

endmodule
