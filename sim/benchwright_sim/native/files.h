// Included ahead of each unit of Verilator's runtime: its fopen is ours, see files.cpp.
#pragma once
#include <cstdio>

extern "C" std::FILE* benchwright_fopen(const char* path, const char* mode);
namespace std {
using ::benchwright_fopen;
}
#define fopen benchwright_fopen
