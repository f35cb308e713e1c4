// Interprets stimulus programs on one verilated model; loaded by worker.py through ctypes.
//
// The generated model.h, included first, names the model's parts (see model.py). The words of a
// program are those that encode.py writes; the meaning of a cycle is in stimulus.py.
#include "model.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace {

enum Op : uint32_t { END, PERIODS, SET, CYCLES, RANDOM, WAIT, REPEAT };
enum Mode : uint32_t { UNIFORM, BIAS, ONEHOT, WALK, STEP, CHOICE, COPY, MATCH };
enum Status : int { OK, LIMIT, FINISHED, STOPPED, FATAL, CRASHED, REACHED };

struct Abort {
    Status status;
};

constexpr int N_POINTS = sizeof(Syms::__Vcoverage) / sizeof(uint32_t);

struct Signal {
    uint8_t* place = nullptr;
    uint32_t bytes = 0;   // of the model's storage
    uint32_t width = 0;
    uint32_t words = 0;   // 32-bit words that hold the width
    uint32_t offset = 0;  // of its words in Harness::inputs
};

struct Clock {
    uint32_t signal = 0;
    uint8_t idle = 0;
    uint32_t period = 1;
};

struct Snapshot {
    std::vector<uint8_t> state;
    std::vector<uint32_t> inputs;
    VlRNG random{0};  // of $random and $urandom in the design
    uint64_t time = 0;
    bool finished = false;
};

struct Harness {
    VerilatedContext context;
    std::unique_ptr<Model> model;
    Signal signals[N_SIGNALS];
    Clock clocks[N_CLOCKS + 1];
    std::vector<uint32_t> inputs;
    std::vector<uint8_t> covered = std::vector<uint8_t>(N_POINTS);
    bool dirty = false;
    bool dead = false;
    uint64_t scale = 1;  // of a time unit of the stimulus, in steps of the model's precision
    uint64_t phase = 0;
    uint64_t cycles = 0;
    uint64_t limit = 0;
    // Points at whose last first count the run shall end, and where to say in which cycle each was.
    std::vector<std::pair<uint32_t, uint64_t*>> awaited;

    Syms* syms() const { return model->rootp->vlSymsp; }
    uint32_t* counters() const { return syms()->__Vcoverage; }
    uint8_t* state() const { return reinterpret_cast<uint8_t*>(syms()); }
    size_t state_bytes() const { return reinterpret_cast<uint8_t*>(counters()) - state(); }
};

uint32_t top_mask(const Signal& s) { return s.width % 32 ? (1U << (s.width % 32)) - 1 : ~0U; }

void put(const Signal& s, const uint32_t* words) { std::memcpy(s.place, words, s.bytes); }

void write_inputs(Harness& h) {
    for (int i = 0; i < N_SIGNALS; ++i) {
        const Signal& s = h.signals[i];
        if (IS_INPUT[i]) put(s, &h.inputs[s.offset]);
    }
    h.dirty = false;
}

void set_clocks(Harness& h, const uint8_t* due, bool active) {
    for (int k = 0; k < N_CLOCKS; ++k) {
        if (due[k]) *h.signals[h.clocks[k].signal].place = h.clocks[k].idle ^ (active ? 1 : 0);
    }
}

// How the design asked for an end within the current evaluation: OK while it did not.
thread_local Status ending = OK;

void ask_for_end(Status status) {
    if (ending != FATAL) ending = status;
    Verilated::threadContextp()->gotFinish(true);
}

// Lets the design react. A time step in which it asks for an end is the last one, but complete.
void settle(Harness& h) {
    h.model->eval();
    if (h.context.gotFinish()) throw Abort{ending};
}

// Lets time pass; a model with delays of its own acts at its own times.
void advance(Harness& h, uint64_t units) {
    const uint64_t target = h.context.time() + units * h.scale;
#if HAS_TIMING
    while (h.model->eventsPending() && h.model->nextTimeSlot() <= target) {
        h.context.time(h.model->nextTimeSlot());
        settle(h);
    }
#endif
    h.context.time(target);
}

// Whether every awaited point has counted; those that have are no longer looked at.
bool have_counted(Harness& h) {
    const uint32_t* counters = h.counters();
    for (size_t i = h.awaited.size(); i-- > 0;) {
        if (!counters[h.awaited[i].first]) continue;
        *h.awaited[i].second = h.cycles;
        h.awaited[i] = h.awaited.back();
        h.awaited.pop_back();
    }
    return h.awaited.empty();
}

// Cycles run by this process: while a run goes on and this stands still, the design hangs.
uint64_t heartbeat = 0;

// One cycle as stimulus.py defines it.
void cycle(Harness& h) {
    if (h.cycles >= h.limit) throw Abort{LIMIT};
    ++h.cycles;
    ++heartbeat;
    if (h.dirty || N_CLOCKS == 0) {
        write_inputs(h);
        settle(h);
    }
    advance(h, 3);
    if (N_CLOCKS > 0) {
        uint8_t due[N_CLOCKS + 1];
        bool any = false;
        for (int k = 0; k < N_CLOCKS; ++k) {
            const uint32_t period = h.clocks[k].period;
            due[k] = period == 1 || (period && h.phase % period == 0);
            any = any || due[k];
        }
        if (any) {
            set_clocks(h, due, true);
            settle(h);
        }
        advance(h, 5);
        if (any) {
            set_clocks(h, due, false);
            settle(h);
        }
    } else {
        advance(h, 5);
    }
    advance(h, 2);
    ++h.phase;
    if (!h.awaited.empty() && have_counted(h)) throw Abort{REACHED};
}

struct Xorshift {
    uint32_t x;
    uint32_t next() {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        return x;
    }
    bool chance(uint32_t p) { return (next() >> 24) < p; }
};

struct Driver {
    const Signal* signal;
    uint32_t mode, change, count;
    const uint32_t* data;  // amount, values or source words
};

void add_words(uint32_t* value, const uint32_t* amount, const Signal& s) {
    uint64_t carry = 0;
    for (uint32_t w = 0; w < s.words; ++w) {
        carry += uint64_t{value[w]} + amount[w];
        value[w] = static_cast<uint32_t>(carry);
        carry >>= 32;
    }
}

void move(Harness& h, const Driver& d, Xorshift& rng, uint32_t n) {
    if (d.change < 256 && !rng.chance(d.change)) return;
    const Signal& s = *d.signal;
    uint32_t* value = &h.inputs[s.offset];
    switch (d.mode) {
    case UNIFORM:
        for (uint32_t w = 0; w < s.words; ++w) value[w] = rng.next();
        break;
    case BIAS:
        std::memset(value, rng.chance(d.count) ? 0xff : 0, 4 * s.words);
        break;
    case ONEHOT:
    case WALK: {
        const uint32_t bit = (d.mode == WALK ? n : rng.next()) % s.width;
        std::memset(value, 0, 4 * s.words);
        value[bit / 32] = 1U << (bit % 32);
        break;
    }
    case STEP: add_words(value, d.data, s); break;
    case CHOICE: std::memcpy(value, d.data + s.words * (rng.next() % d.count), 4 * s.words); break;
    case MATCH: {
        const uint32_t* chosen = d.data + s.words * (rng.next() % d.count);
        const uint32_t* care = chosen + s.words * d.count;
        for (uint32_t w = 0; w < s.words; ++w) value[w] = chosen[w] | (rng.next() & ~care[w]);
        break;
    }
    case COPY: {
        const Signal& from = h.signals[d.count];
        for (uint32_t w = 0; w < s.words; ++w)
            value[w] = w < from.words ? h.inputs[from.offset + w] : 0;
        add_words(value, d.data, s);
        break;
    }
    default: throw Abort{CRASHED};
    }
    value[s.words - 1] &= top_mask(s);
    h.dirty = true;
}

template <class Queue>
void renew(Queue& queue) {
    queue.~Queue();
    new (&queue) Queue;
}

bool equals(const Signal& s, const uint32_t* words) {
    uint32_t have[1 + MAX_WORDS] = {0};
    std::memcpy(have, s.place, s.bytes);
    return std::memcmp(have, words, 4 * s.words) == 0;
}

const uint32_t* run_random(Harness& h, const uint32_t* p) {
    const uint32_t n = *p++;
    const uint32_t pace = *p++;
    Xorshift rng{*p++};
    std::vector<Driver> drivers(*p++);
    for (Driver& d : drivers) {
        d.signal = &h.signals[*p++];
        d.mode = *p++;
        d.change = *p++;
        d.count = *p++;
        d.data = p;
        const uint32_t words = d.signal->words;
        if (d.mode == CHOICE) p += d.count * words;
        if (d.mode == MATCH) p += 2 * d.count * words;
        if (d.mode == STEP || d.mode == COPY) p += words;
    }
    for (uint32_t i = 0; i < n; ++i) {
        for (const Driver& d : drivers) move(h, d, rng, i);
        for (uint32_t k = 0; k < pace; ++k) cycle(h);
    }
    return p;
}

void run_words(Harness& h, const uint32_t* p, const uint32_t* end) {
    while (p < end) {
        switch (*p++) {
        case PERIODS:
            for (int k = 0; k < N_CLOCKS; ++k) h.clocks[k].period = *p++;
            h.phase = 0;
            break;
        case SET: {
            const Signal& s = h.signals[*p++];
            std::memcpy(&h.inputs[s.offset], p, 4 * s.words);
            p += s.words;
            h.dirty = true;
            break;
        }
        case CYCLES:
            for (uint32_t n = *p++; n; --n) cycle(h);
            break;
        case RANDOM: p = run_random(h, p); break;
        case WAIT: {
            const Signal& s = h.signals[*p++];
            const uint32_t* value = p;
            p += s.words;
            for (uint32_t timeout = *p++; timeout && !equals(s, value); --timeout) cycle(h);
            break;
        }
        case REPEAT: {
            uint32_t n = *p++;
            const uint32_t length = *p++;
            for (; n; --n) run_words(h, p, p + length);
            p += length;
            break;
        }
        default: throw Abort{CRASHED};
        }
    }
}

}  // namespace

// What the design's $finish, $stop (also that of $error and $fatal) and a loop that does not converge
// call: see VL_USER_* in verilated.cpp. Only from the loop is there no way on, so that the run is
// left by an exception; a coroutine of the design would not let one pass.
void vl_finish(const char*, int, const char*) { ask_for_end(FINISHED); }
void vl_stop(const char*, int, const char*) { ask_for_end(STOPPED); }
void vl_fatal(const char*, int, const char*, const char*) { throw Abort{FATAL}; }
void model_message(const char* format) {
    const bool severe = std::strstr(format, "%%Error: ") || std::strstr(format, "%%Fatal: ");
    if (severe && std::strstr(format, ": Assertion failed in ")) ask_for_end(FATAL);
}

extern "C" {

int h_points() { return N_POINTS; }
const uint64_t* h_heartbeat() { return &heartbeat; }
int h_snapshots_safe() { return SNAPSHOTS_SAFE; }
long h_state_bytes(Harness* h) { return static_cast<long>(h->state_bytes()); }
uint32_t* h_counters(Harness* h) { return h->counters(); }
uint8_t* h_covered(Harness* h) { return h->covered.data(); }

// A model at its idle inputs, settled once; null when even that fails.
Harness* h_new() {
    Harness* h = new Harness;
    h->context.randReset(0);
    h->context.coveragep()->forcePerInstance(true);
    Verilated::threadContextp(&h->context);
    static const VlRNG start = VlRNG::vl_thread_rng();
    VlRNG::vl_thread_rng() = start;
    ending = OK;
    try {
        h->model = std::make_unique<Model>(&h->context, "");
        uint32_t words = 0;
        bind_signals(*h->model, h->signals, h->clocks);
        for (Signal& s : h->signals) {
            s.words = (s.width + 31) / 32;
            s.offset = words;
            words += s.words;
        }
        h->inputs.assign(words, 0);
        for (int i = 0; i < N_SIGNALS; ++i) h->inputs[h->signals[i].offset] = IDLE[i];
        write_inputs(*h);
        for (int k = 0; k < N_CLOCKS; ++k)
            *h->signals[h->clocks[k].signal].place = h->clocks[k].idle;
        for (int digit = h->context.timeprecision(); digit < -9; ++digit) h->scale *= 10;
        settle(*h);
        advance(*h, 10);
    } catch (const Abort& abort) {
        h->dead = abort.status == FATAL;
    }
    return h;
}

int h_dead(Harness* h) { return h->dead; }
int h_finished(Harness* h) { return h->context.gotFinish(); }

// Not model->final(): a design's final blocks belong to the testbench, not to the search.
void h_free(Harness* h) { delete h; }

void h_write(Harness* h, const char* path) { h->context.coveragep()->write(path); }

Snapshot* h_save(Harness* h) {
    Snapshot* s = new Snapshot;
    s->state.assign(h->state(), h->state() + h->state_bytes());
    s->inputs = h->inputs;
    s->random = VlRNG::vl_thread_rng();
    s->time = h->context.time();
    s->finished = h->context.gotFinish();
    return s;
}

void h_load(Harness* h, const Snapshot* s) {
    // An evaluation that was left midway has delayed assignments waiting.
    if (h->dead) each_transient(*h->model, [](auto& queue) { renew(queue); });
    std::vector<std::vector<uint8_t>> kept;
    each_transient(*h->model, [&](auto& queue) {
        const uint8_t* from = reinterpret_cast<const uint8_t*>(&queue);
        kept.emplace_back(from, from + sizeof(queue));
    });
    std::memcpy(h->state(), s->state.data(), s->state.size());
    size_t i = 0;
    each_transient(*h->model, [&](auto& queue) {
        std::memcpy(static_cast<void*>(&queue), kept[i++].data(), sizeof(queue));
    });
    h->inputs = s->inputs;
    VlRNG::vl_thread_rng() = s->random;
    h->context.time(s->time);
    h->context.gotFinish(s->finished);
    h->dirty = true;
    h->dead = false;
    ending = OK;
}

void h_drop(Snapshot* s) { delete s; }

// Runs a program for at most `limit` cycles, adding to the counters. Returns the status; `cycles`
// receives the number of cycles run.
int h_run(Harness* h, const uint32_t* words, long n_words, uint64_t limit, uint64_t* cycles) {
    h->cycles = 0;
    h->limit = limit;
    h->phase = 0;
    int status = OK;
    *cycles = 0;
    Verilated::threadContextp(&h->context);
    try {
        if (h->dead) throw Abort{FATAL};
        if (h->context.gotFinish()) throw Abort{FINISHED};
        run_words(*h, words, words + n_words);
    } catch (const Abort& abort) {
        status = abort.status;
        if (status != LIMIT && status != REACHED) h->dead = true;
    }
    *cycles = h->cycles;
    h->awaited.clear();
    return status;
}

// The next run ends with the cycle after which all of these points have counted; `cycles` receives
// for each the cycle, from 1, that was the first to count it.
void h_await(Harness* h, const uint32_t* points, long n, uint64_t* cycles) {
    h->awaited.clear();
    for (long i = 0; i < n; ++i) h->awaited.emplace_back(points[i], cycles + i);
}

// The present value of a signal, as many words as its width takes.
void h_read(Harness* h, uint32_t signal, uint32_t* words) {
    const Signal& s = h->signals[signal];
    uint32_t value[1 + MAX_WORDS] = {0};
    std::memcpy(value, s.place, s.bytes);
    std::memcpy(words, value, 4 * s.words);
}

void h_zero(Harness* h) { std::memset(h->counters(), 0, sizeof(Syms::__Vcoverage)); }

// Writes the indexes of points counted since h_zero and not yet covered; returns how many.
long h_new_points(Harness* h, uint32_t* indexes) {
    long n = 0;
    const uint32_t* counters = h->counters();
    for (int i = 0; i < N_POINTS; ++i) {
        if (counters[i] && !h->covered[i]) indexes[n++] = i;
    }
    return n;
}
}
