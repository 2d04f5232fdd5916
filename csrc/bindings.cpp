// The module pydis._core.  Only the files bind*.cpp know of Python: they check, take plain pointers
// and sizes, let go of the interpreter lock, and call a kernel.
#include "bind.hpp"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "kernel_time.hpp"
#include "threads.hpp"

namespace py = pybind11;

namespace {

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const pydis::Kernels* each : pydis::available_kernels()) names.emplace_back(each->name);
    return names;
}

std::map<std::string, std::string> build_info() {
    std::map<std::string, std::string> info{
        {"build_type", PYDIS_BUILD_TYPE},
        {"compiler", PYDIS_COMPILER},
        {"cxx_flags", PYDIS_CXX_FLAGS},
        {"cxx_standard", std::to_string(__cplusplus)},
        {"pybind11", PYDIS_PYBIND11_VERSION},
        {"version", PYDIS_VERSION},
        {"flags_baseline", pydis::kernels_baseline.flags},
    };
    info["sanitizers"] = PYDIS_SANITIZED;
#if defined(PYDIS_HAS_AVX2)
    info["flags_avx2"] = pydis::kernels_avx2.flags;
#endif
#if defined(PYDIS_HAS_AVX512)
    info["flags_avx512"] = pydis::kernels_avx512.flags;
#endif
    return info;
}

void obey_environment() {
    const char* name = std::getenv("PYDIS_ISA");
    if (name == nullptr || *name == '\0') return;
    try {
        pydis::use_kernels(name);
    } catch (const std::invalid_argument& error) {
        throw py::import_error(std::string("PYDIS_ISA: ") + error.what());
    }
}

}  // namespace

PYBIND11_MODULE(_core, m) {
    m.doc() = "The compiled kernels of pydis.";
    obey_environment();
    pydis::bind_linear(m);
    pydis::bind_density(m);
    pydis::bind_outside(m);
    pydis::bind_peak(m);
    pydis::bind_elementwise(m);
    pydis::bind_batch_norm(m);
    pydis::bind_memory(m);
    m.def("build_info", &build_info, "How this module was built.");
    m.def("instruction_sets", &instruction_sets,
          "The instruction sets that were built and that this machine can run, best last.");
    m.def(
        "instruction_set", [] { return std::string(pydis::kernels().name); },
        "The instruction set in use.");
    m.def("use_instruction_set", &pydis::use_kernels, py::arg("name"),
          "Use one of instruction_sets() from now on, in every thread.");
    m.def("kernel_seconds", &pydis::kernel_seconds,
          "Seconds that kernels have computed in this process so far.");
    m.def("threads", &pydis::threads, "How many threads the kernels use at most.");
    m.def(
        "set_threads",
        [](py::ssize_t number) {
            if (number < 1 || number > py::ssize_t{pydis::most_threads}) {
                throw py::value_error("set_threads: expected 1 to " +
                                      std::to_string(pydis::most_threads) + ", got " +
                                      std::to_string(number));
            }
            pydis::set_threads(static_cast<std::size_t>(number));
        },
        py::arg("number").noconvert(), "Use so many threads from now on, in the whole process.");
}
