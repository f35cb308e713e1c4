// main program of a simulated testbench, compiled together with the model Vtb.
//
// It differs from the one that `verilator --main` writes in how a run may end: $stop ends it like
// $finish, and coverage is written also after $fatal, when memory runs out, and when SIGTERM says
// that the time is up, even if the model is caught in a loop without delay. The exit status is 0,
// 1 after a fatal error, 2 after an exception or without memory, 124 after SIGTERM.

namespace {

constexpr int FATAL = 1;
constexpr int EXCEPTION = 2;
constexpr int EXPIRED = 124;
constexpr useconds_t PATIENCE_US = 100000;
constexpr std::size_t RESERVE_BYTES = 32 << 20;

VerilatedContext* context = nullptr;
std::atomic<bool> expired{false};
std::unique_ptr<char[]> reserve;

void record() {
    static std::mutex busy;
    static bool done = false;
    const std::lock_guard<std::mutex> lock{busy};
    if (done) return;
    done = true;
    const std::string path = context->coverageFilename();
    const std::string partial = path + ".part";
    context->coveragep()->write(partial);
    std::rename(partial.c_str(), path.c_str());
}

[[noreturn]] void leave(int status) {
    record();
    std::fflush(nullptr);
    _exit(status);
}

// Waits for the end of the time. Between two steps the model stops by itself; when it does not
// come that far, the counters are written as they stand.
void watch() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    int received = 0;
    sigwait(&signals, &received);
    expired = true;
    usleep(PATIENCE_US);
    leave(EXPIRED);
}

void watch_for_sigterm() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGXFSZ, SIG_IGN);
    std::thread{watch}.detach();
}

// Coroutines abort on exceptions, so that running out of memory has to be caught where it happens.
void give_up_without_memory() {
    std::set_new_handler(nullptr);
    reserve.reset();
    std::printf("%%Error: out of memory\n");
    leave(EXCEPTION);
}

void simulate() {
    Vtb top{context, ""};
    while (!context->gotFinish() && !expired) {
        top.eval();
        if (!top.eventsPending()) break;
        context->time(top.nextTimeSlot());
    }
    if (expired) leave(EXPIRED);
    top.final();
    leave(0);
}

}  // namespace

void vl_finish(const char* file, int line, const char*) {
    std::printf("- %s:%d: Verilog $finish\n", file, line);
    context->gotFinish(true);
}

void vl_stop(const char* file, int line, const char*) {
    if (context->gotFinish()) return;
    std::printf("- %s:%d: Verilog $stop\n", file, line);
    context->gotFinish(true);
}

void vl_fatal(const char* file, int line, const char*, const char* message) {
    std::printf("%%Error: %s:%d: %s\n", file, line, message);
    leave(FATAL);
}

int main(int argc, char** argv) {
    VerilatedContext owned;
    context = &owned;
    owned.threads(1);
    owned.commandArgs(argc, argv);
    const char* const apart = owned.commandArgsPlusMatch("benchwright+instances");
    owned.coveragep()->forcePerInstance(apart[0] != '\0');
    reserve.reset(new char[RESERVE_BYTES]);
    std::set_new_handler(give_up_without_memory);
    watch_for_sigterm();
    try {
        simulate();
    } catch (const std::exception& error) {
        std::printf("%%Error: %s\n", error.what());
        leave(EXCEPTION);
    }
}
