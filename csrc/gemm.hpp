// The matrix product  C[i,j] = Σ_k A[i,k] B[k,j].
//
// Every C[i,j] is one chain  c <- c + A[i,k] B[k,j]  in the order of k, whatever the tile it
// falls in.  Blocking in k stores and reloads c, which is exact.  So the bits depend on the
// shapes and on whether the machine fuses multiply and add, but not on the vector width.
//
// C is cut in panels of tile_vectors vectors.  A panel of B is packed into contiguous rows of
// that width and stays in the first cache while all rows of A pass over it; the block of A
// stays in the second.  Zeros pad the last panel: those columns are computed and dropped.
#pragma once

#include "table.hpp"
#include "transpose.hpp"

namespace {

using pydis::Matmul;

constexpr std::size_t depth_block = 256;
constexpr std::size_t row_block = 240;
static_assert(row_block % tile_rows == 0);

// Packing is a pass over an operand, which few tiles do not repay.
constexpr std::size_t repaid_rows = 2 * tile_rows;
constexpr std::size_t repaid_vectors = 4 * tile_vectors;

constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

// A strided view of the left operand: element (i, k) is data[i * row + k * column].
template <typename T>
struct Left {
    const T* data;
    std::size_t row;
    std::size_t column;
};

// R rows by V vectors of C, depth steps.  `b` has one row per step, `b_row` elements apart.
// The accumulators start at zero (`first`) or at what C holds.
template <typename T, int R, int V>
void tile(Left<T> a, const T* b, std::size_t b_row, std::size_t depth, T* c, std::size_t c_row,
          bool first) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    typename Vector<T>::type sum[R][V];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) {
            sum[i][v] = first ? typename Vector<T>::type{} : load(c + i * c_row + v * lanes);
        }
    }
    for (std::size_t k = 0; k < depth; ++k) {
        typename Vector<T>::type right[V];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) right[v] = load(b + k * b_row + v * lanes);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < R; ++i) {
            const T left = a.data[i * a.row + k * a.column];
#pragma GCC unroll 4
            for (std::size_t v = 0; v < V; ++v) sum[i][v] += left * right[v];
        }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) store(c + i * c_row + v * lanes, sum[i][v]);
    }
}

// Calls tile<T, rows, V>, for rows from 1 to tile_rows.
template <typename T, int V, int R = tile_rows>
void tile_of(std::size_t rows, Left<T> a, const T* b, std::size_t b_row, std::size_t depth, T* c,
             std::size_t c_row, bool first) {
    if constexpr (R > 1) {
        if (rows < R) return tile_of<T, V, R - 1>(rows, a, b, b_row, depth, c, c_row, first);
    }
    tile<T, R, V>(a, b, b_row, depth, c, c_row, first);
}

// The same where fewer than V vectors of columns are wanted: by way of a whole tile.
template <typename T, int V>
void tile_edge(std::size_t rows, std::size_t cols, Left<T> a, const T* b, std::size_t b_row,
               std::size_t depth, T* c, std::size_t c_row, bool first) {
    constexpr std::size_t width = V * Vector<T>::lanes;
    T whole[tile_rows * width] = {};
    if (!first) {
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < cols; ++j) whole[i * width + j] = c[i * c_row + j];
        }
    }
    tile_of<T, V>(rows, a, b, b_row, depth, whole, width, first);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < cols; ++j) c[i * c_row + j] = whole[i * width + j];
    }
}

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
    const bool whole = cols == width;
    const bool direct = whole && !p.transpose_b && p.rows <= repaid_rows;
    const T* b = direct ? p.b + k0 * p.cols + j0 : panel;
    const std::size_t b_row = direct ? p.cols : width;
    if (!direct) pack(p, k0, depth, j0, cols, width, panel);
    for (std::size_t i = i0; i < i1; i += tile_rows) {
        const std::size_t rows = smaller(tile_rows, i1 - i);
        const Left<T> a = left            ? Left<T>{left + (i - i0) * depth, 1, tile_rows}
                          : p.transpose_a ? Left<T>{p.a + k0 * p.rows + i, 1, p.rows}
                                          : Left<T>{p.a + i * p.depth + k0, p.depth, 1};
        T* c = p.c + i * p.cols + j0;
        if (whole) {
            tile_of<T, V>(rows, a, b, b_row, depth, c, p.cols, k0 == 0);
        } else {
            tile_edge<T, V>(rows, cols, a, b, b_row, depth, c, p.cols, k0 == 0);
        }
    }
}

template <typename T>
void matmul(const Matmul<T>* problem, void* scratch) {
    const Matmul<T>& p = *problem;
    if (p.rows == 0 || p.cols == 0) return;
    constexpr std::size_t lanes = Vector<T>::lanes;
    T* panel = static_cast<T*>(scratch);
    constexpr std::size_t panel_size = depth_block * tile_vectors * lanes;
    static_assert((panel_size + depth_block * row_block) * sizeof(T) <= pydis::scratch_bytes);
    const bool packed = p.transpose_a && p.cols > repaid_vectors * lanes;
    T* left = packed ? panel + panel_size : nullptr;
    if (p.depth == 0) {
        for (std::size_t i = 0; i < p.rows * p.cols; ++i) p.c[i] = T{0};
    }
    for (std::size_t k0 = 0; k0 < p.depth; k0 += depth_block) {
        const std::size_t depth = smaller(depth_block, p.depth - k0);
        for (std::size_t i0 = 0; i0 < p.rows; i0 += row_block) {
            const std::size_t i1 = smaller(p.rows, i0 + row_block);
            if (packed) pack_left(p, i0, i1, k0, depth, left);
            std::size_t j0 = 0;
            for (; j0 + lanes < p.cols; j0 += tile_vectors * lanes) {
                panel_of<T, tile_vectors>(p, i0, i1, j0, k0, depth, panel, left);
            }
            if (j0 < p.cols) panel_of<T, 1>(p, i0, i1, j0, k0, depth, panel, left);
        }
    }
}

}  // namespace
