// How a binding runs a kernel: without the interpreter lock, on the engine's threads.
#pragma once

#include <pybind11/pybind11.h>

#include "engine.hpp"
#include "threads.hpp"

namespace pydis {

template <typename T>
using Kernel = void (*)(const T*, const Engine*);

template <typename T>
void call(Kernel<T> kernel, const T& problem) {
    const pybind11::gil_scoped_release unlocked;
    kernel(&problem, &engine());
    trim_workspace();
}

}  // namespace pydis
