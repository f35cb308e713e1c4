// Which files a simulated design may open. Verilator's runtime calls the function below
// in place of fopen: reading is allowed anywhere, writing only below the current folder. A model
// cannot make links, so a relative path without ".." stays inside.
#include "files.h"

#include <cerrno>
#include <cstring>

#undef fopen

extern "C" std::FILE* benchwright_fopen(const char* path, const char* mode) {
    const bool writes = std::strpbrk(mode, "wa+") != nullptr;
    bool outside = path[0] == '/';
    for (const char* part = path; part && !outside; part = std::strchr(part, '/')) {
        if (*part == '/') ++part;
        outside = std::strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0');
    }
    if (writes && outside) {
        std::printf("%%Warning: '%s' is outside the run's folder and was not opened for writing\n",
                    path);
        errno = EACCES;
        return nullptr;
    }
    return std::fopen(path, mode);
}
