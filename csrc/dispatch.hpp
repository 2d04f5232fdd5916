// Which kernels this machine runs.  Nothing here or in dispatch.cpp uses more than the baseline.
#pragma once

#include <string>
#include <vector>

#include "table.hpp"

namespace pydis {

// What was built and this machine can run, best last.  The baseline is always there.
std::vector<const Kernels*> available_kernels();

// The kernels in use: the best, until `use_kernels` says otherwise.  Safe from any thread.
const Kernels& kernels();

// Throws std::invalid_argument, naming what there is, if `name` was not built or cannot run here.
void use_kernels(const std::string& name);

}  // namespace pydis
