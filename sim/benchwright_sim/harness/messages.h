// Lets the harness see what a model prints: only by its message is an $error or $fatal, which make a
// testbench fail, told from a $stop. Included after verilated.h and before the model.
void model_message(const char* format);
#define VL_WRITEF_NX(format, ...) (model_message(format), VL_WRITEF_NX(format, __VA_ARGS__))
