// Everything that generated models and our main programs include, to be precompiled once.
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include "verilated.h"

// Verilator 5.048 counts the toggles of signals above 64 bits wrongly: it goes on past the 32 bits
// of each word, shifts by too much, and so credits every bit with the toggles of those 32, 64, ...
// places below it (or whatever the optimiser makes of that). This is its function with the bound
// put right.
#define VL_COV_TOGGLE_CHG_ST_W VL_COV_TOGGLE_CHG_ST_W_OF_VERILATOR
#include "verilated_cov.h"
#undef VL_COV_TOGGLE_CHG_ST_W

static inline void VL_COV_TOGGLE_CHG_ST_W(const int width, uint32_t* covp, WDataInP newData,
                                          WDataInP oldData) {
    for (int word = 0; word < VL_WORDS_I(width); ++word) {
        const EData changed = newData[word] ^ oldData[word];
        if (!changed) continue;
        const int left = width - word * VL_EDATASIZE;
        uint32_t* const counters = covp + word * VL_EDATASIZE * 2;
        for (int bit = 0; bit < (left < VL_EDATASIZE ? left : VL_EDATASIZE); ++bit) {
            counters[2 * bit + ((newData[word] >> bit) & 1)] += (changed >> bit) & 1;
        }
    }
}

#include "verilated_random.h"
#include "verilated_timing.h"
