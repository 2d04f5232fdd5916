// The matrix product  C[i,j] = a(Σ_k A[i,k] B[k,j] + b[j])  with bias and activation as wished.
//
// C is cut in panels of tile_vectors vectors.  A panel of B is packed into contiguous rows of
// that width and stays in the first cache while all rows of A pass over it; the block of A
// stays in the second.  The depth is taken in blocks too, between which C is stored and reloaded,
// which is exact.  A task is some rows by some panels.
#pragma once

#include "table.hpp"
#include "tile.hpp"
#include "transpose.hpp"

namespace {

using pydis::Engine;
using pydis::Matmul;

constexpr std::size_t depth_block = 256;
constexpr std::size_t row_block = 240;
static_assert(row_block % tile_rows == 0);
constexpr std::size_t task_columns = 128;

// Packing is a pass over an operand, which few tiles do not repay.
constexpr std::size_t repaid_rows = 2 * tile_rows;

// The left operand of a block of rows: row i begins at data + i row, and moves by step.
template <typename T>
struct Left {
    const T* data;
    std::size_t row;
    std::size_t step;
};

// A panel of B, as rows of `width` elements, zero beyond `cols`.
template <typename T>
void pack(const Matmul<T>& p, std::size_t k0, std::size_t depth, std::size_t j0, std::size_t cols,
          std::size_t width, T* panel) {
    if (p.transpose_b) {
        transpose(p.b + j0 * p.depth + k0, p.depth, cols, depth, panel, width);
        return;
    }
    for (std::size_t k = 0; k < depth; ++k) {
        const T* row = p.b + (k0 + k) * p.cols + j0;
        for (std::size_t j = 0; j < cols; ++j) panel[k * width + j] = row[j];
        for (std::size_t j = cols; j < width; ++j) panel[k * width + j] = T{0};
    }
}

// A block of Aᵀ, as tiles of tile_rows consecutive elements per step.
template <typename T>
void pack_left(const Matmul<T>& p, std::size_t i0, std::size_t i1, std::size_t k0,
               std::size_t depth, T* left) {
    for (std::size_t i = i0; i < i1; i += tile_rows) {
        const std::size_t rows = smaller(tile_rows, i1 - i);
        for (std::size_t k = 0; k < depth; ++k) {
            const T* from = p.a + (k0 + k) * p.rows + i;
            for (std::size_t r = 0; r < rows; ++r) left[r] = from[r];
            left += tile_rows;
        }
    }
}

// Rows [i0, i1) of one panel of C, steps [k0, k0 + depth) of the sum.  `left` is the packed
// block of Aᵀ, or null where A is read in place.
template <typename T, int V>
void panel_of(const Matmul<T>& p, std::size_t i0, std::size_t i1, std::size_t j0, std::size_t k0,
              std::size_t depth, T* panel, const T* left) {
    constexpr std::size_t width = V * Vector<T>::lanes;
    const std::size_t cols = smaller(width, p.cols - j0);
    const bool direct = cols == width && !p.transpose_b && i1 - i0 <= repaid_rows;
    const T* b = direct ? p.b + k0 * p.cols + j0 : panel;
    if (!direct) pack(p, k0, depth, j0, cols, width, panel);
    const std::size_t step = left ? tile_rows : p.transpose_a ? p.rows : 1;
    const Depth d{depth, step, direct ? p.cols : width};
    const Finish<T> f{p.bias ? p.bias + j0 : nullptr, k0 == 0, k0 + depth == p.depth, p.activate,
                      p.slope};
    for (std::size_t i = i0; i < i1; i += tile_rows) {
        const std::size_t rows = smaller(tile_rows, i1 - i);
        const T* a[tile_rows];
        T* c[tile_rows];
        for (std::size_t r = 0; r < rows; ++r) {
            a[r] = left            ? left + (i - i0) * depth + r
                   : p.transpose_a ? p.a + k0 * p.rows + i + r
                                   : p.a + (i + r) * p.depth + k0;
            c[r] = p.c + (i + r) * p.cols + j0;
        }
        tile_of<T, V>(rows, a, b, d, c, cols, f);
    }
}

template <typename T>
constexpr std::size_t panel_size = depth_block * tile_vectors * Vector<T>::lanes;

template <typename T>
void matmul_task(const void* problem, std::size_t index, void* scratch) {
    const Matmul<T>& p = *static_cast<const Matmul<T>*>(problem);
    constexpr std::size_t lanes = Vector<T>::lanes;
    const std::size_t across = pieces(p.cols, task_columns);
    const std::size_t i0 = index / across * row_block;
    const std::size_t i1 = smaller(p.rows, i0 + row_block);
    const std::size_t first = index % across * task_columns;
    const std::size_t end = smaller(p.cols, first + task_columns);
    T* panel = static_cast<T*>(scratch);
    const bool packed = p.transpose_a && end - first > 4 * tile_vectors * lanes;
    T* left = packed ? panel + panel_size<T> : nullptr;
    // A sum of no terms is one block of the depth, of length zero.
    for (std::size_t k0 = 0; k0 == 0 || k0 < p.depth; k0 += depth_block) {
        const std::size_t depth = smaller(depth_block, p.depth - k0);
        if (packed) pack_left(p, i0, i1, k0, depth, left);
        std::size_t j0 = first;
        for (; j0 + lanes < end; j0 += tile_vectors * lanes) {
            panel_of<T, tile_vectors>(p, i0, i1, j0, k0, depth, panel, left);
        }
        if (j0 < end) panel_of<T, 1>(p, i0, i1, j0, k0, depth, panel, left);
    }
}

template <typename T>
void matmul(const Matmul<T>* problem, const Engine* engine) {
    if (problem->cols == 0) return;
    const std::size_t tasks =
        pieces(problem->rows, row_block) * pieces(problem->cols, task_columns);
    engine->run(tasks, &matmul_task<T>, problem,
                (panel_size<T> + depth_block * row_block) * sizeof(T));
}

}  // namespace
