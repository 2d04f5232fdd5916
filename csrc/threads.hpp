// The engine of the kernels: a pool of threads that spin for a moment and then sleep.
#pragma once

#include <cstddef>

#include "engine.hpp"

namespace pydis {

// Tasks on up to `threads()` threads, the caller among them.  Any number of callers at once: one
// has the pool, the others run their tasks by themselves.  Survives fork.
const Engine& engine();

std::size_t threads();

// From now on, in the whole process.  Expects 1 to most_threads.
void set_threads(std::size_t number);

constexpr std::size_t most_threads = 256;

// How long the last call's memory is kept is up to here: gives back what is above a bound.
void trim_workspace();

}  // namespace pydis
