// The parts that the module is made of, one for each family of kernels.
#pragma once

#include <pybind11/pybind11.h>

namespace pydis {

void bind_linear(pybind11::module_& m);
void bind_density(pybind11::module_& m);
void bind_outside(pybind11::module_& m);
void bind_peak(pybind11::module_& m);
void bind_elementwise(pybind11::module_& m);
void bind_batch_norm(pybind11::module_& m);
void bind_memory(pybind11::module_& m);

}  // namespace pydis
