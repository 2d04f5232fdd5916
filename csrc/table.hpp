// The plain-C table of kernels that the dispatcher hands out, one per instruction set.
//
// Only plain data crosses this boundary.  Each kernel source is compiled with its own
// instruction set, so nothing inline may be shared: the linker would keep one copy of it,
// perhaps the one with instructions that this machine lacks.
#pragma once

#include <cstddef>

namespace pydis {

// C = op(A) op(B), where op transposes or not.  All three are row-major and contiguous.
//   op(A) is [rows, depth]:  A holds [rows, depth], or [depth, rows] if transpose_a.
//   op(B) is [depth, cols]:  B holds [depth, cols], or [cols, depth] if transpose_b.
template <typename T>
struct Matmul {
    const T* a;
    const T* b;
    T* c;
    std::size_t rows;
    std::size_t cols;
    std::size_t depth;
    bool transpose_a;
    bool transpose_b;
};

// Every kernel may overwrite this much memory, which the caller lends to it.  It must be
// aligned for the widest vector, and two calls at the same time need two of them.
constexpr std::size_t scratch_bytes = std::size_t{1} << 20;
constexpr std::size_t scratch_alignment = 64;

struct Kernels {
    const char* name;
    const char* flags;  // what the compiler was told, beyond the flags of the build type
    void (*matmul_f32)(const Matmul<float>*, void* scratch);
    void (*matmul_f64)(const Matmul<double>*, void* scratch);
};

extern const Kernels kernels_baseline;
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

}  // namespace pydis
