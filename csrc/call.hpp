// How a binding runs a kernel: without the interpreter lock, on the engine's threads.
#pragma once

#include "engine.hpp"
#include "kernel_time.hpp"
#include "threads.hpp"
#include "unlocked.hpp"

namespace pydis {

template <typename T>
using Kernel = void (*)(const T*, const Engine*);

template <typename T>
void call(Kernel<T> kernel, const T& problem) {
    const Unlocked unlocked;
    const KernelTime time;
    kernel(&problem, &engine());
    trim_workspace();
}

}  // namespace pydis
