// What a kernel may ask of the world: to have its tasks run, and memory to work in.
//
// A kernel cuts its work into tasks by the shapes alone, never by the number of threads, so the
// bits of a result do not depend on it.  Only plain data crosses this boundary (see table.hpp).
#pragma once

#include <cstddef>

namespace pydis {

// One of `count` independent pieces of a problem.  It may overwrite the scratch, which no other
// task uses meanwhile, and must not throw.
using Task = void(const void* problem, std::size_t index, void* scratch);

struct Engine {
    // Runs every task once, in any order, several at once if there are threads for it; returns
    // when all are done.  Throws std::bad_alloc before the first task if memory is short.
    void (*run)(std::size_t count, Task* task, const void* problem, std::size_t scratch_bytes);

    // Memory for the length of one call of a kernel, aligned for any vector.  A second request in
    // the same call takes the first one's place.  Throws std::bad_alloc.
    void* (*workspace)(std::size_t bytes);
};

// Scratch that stays in the second cache beside what streams through it.
constexpr std::size_t cache_bytes = std::size_t{1} << 18;
constexpr std::size_t alignment_bytes = 64;

}  // namespace pydis
