// How a binding calls a kernel.
#pragma once

#include <pybind11/pybind11.h>

#include "threads.hpp"

namespace pydis {

template <typename T>
using Kernel = void (*)(const T*, const Engine*);

// Calls a kernel without the interpreter lock.
template <typename T>
void call(Kernel<T> kernel, const T& problem) {
    const pybind11::gil_scoped_release unlocked;
    kernel(&problem, &engine());
    trim_workspace();
}

}  // namespace pydis
