// Makes a model's coverage file say which counter each point is: the key `index`.
// Verilator sums points of equal name in that file (copies of a generate loop, say); with the index
// in their names they stay apart. Included after verilated_cov.h and before the model.
#undef VL_COVER_INSERT
#define VL_COVER_INSERT(covcontextp, name, countp, ...)                                            \
    do {                                                                                           \
        const auto context = covcontextp;                                                          \
        context->_inserti(countp);                                                                 \
        context->_insertf(__FILE__, __LINE__);                                                     \
        const std::string index = std::to_string(countp - vlSymsp->__Vcoverage);                   \
        context->_insertp("index", index.c_str(), __VA_ARGS__);                                    \
    } while (false)
