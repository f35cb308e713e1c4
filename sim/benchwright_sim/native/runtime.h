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
#include "verilated_cov.h"
#include "verilated_random.h"
#include "verilated_timing.h"
