+incdir+include
+define+WITH_COUNT+BITS=7
included.sv
