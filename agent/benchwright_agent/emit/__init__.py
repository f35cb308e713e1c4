"""A stimulus program as text: SystemVerilog and cocotb."""
