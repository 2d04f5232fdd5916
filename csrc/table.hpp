// The plain-C table of kernels that the dispatcher hands out, one per instruction set.
//
// Only plain data crosses this boundary.  Each kernel source is compiled with its own
// instruction set, so nothing inline may be shared: the linker would keep one copy of it,
// perhaps the one with instructions that this machine lacks.
#pragma once

#include <cstddef>

#include "density_table.hpp"
#include "elementwise_table.hpp"
#include "engine.hpp"
#include "outside_table.hpp"
#include "peak_table.hpp"

namespace pydis {

// C = a(op(A) op(B) + bias), where op transposes or not.  All are row-major and contiguous.
//   op(A) is [rows, depth]:  A holds [rows, depth], or [depth, rows] if transpose_a.
//   op(B) is [depth, cols]:  B holds [depth, cols], or [cols, depth] if transpose_b.
//   bias is [cols] or null;  the activation multiplies by `slope` what is below zero.
template <typename T>
struct Matmul {
    const T* a;
    const T* b;
    const T* bias;
    T* c;
    std::size_t rows;
    std::size_t cols;
    std::size_t depth;
    bool transpose_a;
    bool transpose_b;
    bool activate;
    T slope;
};

// The trilinear form  T(x, w, g) = Σ x[n, s i + u - p, s j + v - p, c] w[u, v, c, o] g[n, i, j, o].
// Two slots are given, the third is made: conv2d makes g, conv2d_x makes x, conv2d_w makes w.
//   x [images, height, width, channels],  g [images, map_height, map_width, outputs],
//   w [filter_height, filter_width, channels, outputs].
// An input counts as zero where its mask is given and not above zero.
template <typename T>
struct Conv {
    std::size_t images;
    std::size_t height;
    std::size_t width;
    std::size_t channels;
    std::size_t filter_height;
    std::size_t filter_width;
    std::size_t outputs;
    std::size_t map_height;
    std::size_t map_width;
    std::size_t stride;
    std::size_t pad;
    const T* x;
    const T* x_mask;
    const T* w;
    const T* g;
    const T* g_mask;
    const T* bias;  // of the last axis of what is made, or null
    T* made;
    bool activate;
    T slope;
    // Of the shape of what is made, or null: where it is not above zero, the result is multiplied
    // by `slope`, after bias and without an activation.
    const T* behind;
};

struct Kernels {
    const char* name;
    const char* flags;  // what the compiler was told, beyond the flags of the build type
    void (*matmul_f32)(const Matmul<float>*, const Engine*);
    void (*matmul_f64)(const Matmul<double>*, const Engine*);
    void (*conv2d_f32)(const Conv<float>*, const Engine*);
    void (*conv2d_f64)(const Conv<double>*, const Engine*);
    void (*conv2d_x_f32)(const Conv<float>*, const Engine*);
    void (*conv2d_x_f64)(const Conv<double>*, const Engine*);
    void (*conv2d_w_f32)(const Conv<float>*, const Engine*);
    void (*conv2d_w_f64)(const Conv<double>*, const Engine*);
    void (*bernoulli_f32)(const Bernoulli<float>*, const Engine*);
    void (*bernoulli_f64)(const Bernoulli<double>*, const Engine*);
    void (*bernoulli_slope_f32)(const Bernoulli<float>*, const Engine*);
    void (*bernoulli_slope_f64)(const Bernoulli<double>*, const Engine*);
    void (*pairwise_f32)(const Pairwise<float>*, const Engine*);
    void (*pairwise_f64)(const Pairwise<double>*, const Engine*);
    void (*pairwise_slopes_f32)(const Pairwise<float>*, const Engine*);
    void (*pairwise_slopes_f64)(const Pairwise<double>*, const Engine*);
    void (*adam_f32)(const Adam<float>*, const Engine*);
    void (*adam_f64)(const Adam<double>*, const Engine*);
    void (*fill_outlines)(const Outlines*, const Engine*);
    double (*peak_f32)(const Peak<float>*, const Engine*);
    double (*peak_f64)(const Peak<double>*, const Engine*);
    void (*map_f32)(const Map<float>*, const Engine*);
    void (*map_f64)(const Map<double>*, const Engine*);
    void (*row_sums_f32)(const RowSums<float>*, const Engine*);
    void (*row_sums_f64)(const RowSums<double>*, const Engine*);
    void (*batch_moments_f32)(const BatchNorm<float>*, const Engine*);
    void (*batch_moments_f64)(const BatchNorm<double>*, const Engine*);
    void (*batch_norm_f32)(const BatchNorm<float>*, const Engine*);
    void (*batch_norm_f64)(const BatchNorm<double>*, const Engine*);
    void (*batch_norm_sums_f32)(const BatchNorm<float>*, const Engine*);
    void (*batch_norm_sums_f64)(const BatchNorm<double>*, const Engine*);
    void (*batch_norm_x_f32)(const BatchNorm<float>*, const Engine*);
    void (*batch_norm_x_f64)(const BatchNorm<double>*, const Engine*);
};

extern const Kernels kernels_baseline;
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

}  // namespace pydis
