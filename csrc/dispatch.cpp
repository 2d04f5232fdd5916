#include "dispatch.hpp"

#include <atomic>
#include <stdexcept>

namespace pydis {

std::vector<const Kernels*> available_kernels() {
    std::vector<const Kernels*> available{&kernels_baseline};
#if defined(PYDIS_HAS_AVX2)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        available.push_back(&kernels_avx2);
    }
#endif
#if defined(PYDIS_HAS_AVX512)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("fma")) {
        available.push_back(&kernels_avx512);
    }
#endif
    return available;
}

namespace {

std::atomic<const Kernels*>& chosen() {
    static std::atomic<const Kernels*> kernels{available_kernels().back()};
    return kernels;
}

}  // namespace

const Kernels& kernels() { return *chosen().load(std::memory_order_relaxed); }

void use_kernels(const std::string& name) {
    std::string names;
    for (const Kernels* each : available_kernels()) {
        if (name == each->name) {
            chosen().store(each, std::memory_order_relaxed);
            return;
        }
        names += (names.empty() ? "" : ", ") + std::string(each->name);
    }
    throw std::invalid_argument("instruction set '" + name +
                                "' is unknown or cannot run on this machine; available: " + names);
}

}  // namespace pydis
