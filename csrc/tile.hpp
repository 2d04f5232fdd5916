// The one inner loop of matrix products and convolutions: a tile of rows x vectors sums, kept in
// registers while the depth passes by,
//
//     sum[r][j] += a[r][k] b[k][j]        for every step k of the depth.
//
// A row of the left operand is a pointer, so rows may lie anywhere: in a matrix, in a packed block,
// or in an image, where the pixels under a filter are one run of memory for each row of the filter.
// That is all a convolution differs by: no patch is ever copied.
//
// Every sum is one chain in the order of k, whatever tile it falls in, so its bits depend neither
// on the width of a vector nor on the way the work was cut.
#pragma once

#include "sizes.hpp"
#include "vector.hpp"

namespace {

// The columns of a panel, the right operands of whole tiles.
template <typename T>
constexpr std::size_t panel_width = tile_vectors * Vector<T>::lanes;

// The depth: `blocks` times `segments` runs of `length` steps, and how far the left (a) and the
// right (b) operands move from one step, run or block to the next.
struct Depth {
    std::size_t length, a_step, b_step;
    std::size_t segments = 1, a_segment = 0, b_segment = 0;
    std::size_t blocks = 1, a_block = 0, b_block = 0;
};

template <typename T, int R, int V>
struct Sums {
    typename Vector<T>::type of[R][V];
};

template <typename T, int R, int V>
inline __attribute__((always_inline)) void accumulate(Sums<T, R, V>& sum, const T* const* rows,
                                                      const T* b, const Depth& d) {
    const T* a[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) a[r] = rows[r];
    const std::size_t length = d.length, a_step = d.a_step, b_step = d.b_step;
    for (std::size_t block = 0; block < d.blocks; ++block) {
        std::size_t left = block * d.a_block;
        const T* right = b + block * d.b_block;
        for (std::size_t segment = 0; segment < d.segments; ++segment) {
            std::size_t at = left;
            const T* from = right;
            for (std::size_t k = 0; k < length; ++k) {
                typename Vector<T>::type line[V];
#pragma GCC unroll 4
                for (int v = 0; v < V; ++v) line[v] = load(from + v * Vector<T>::lanes);
#pragma GCC unroll 16
                for (int r = 0; r < R; ++r) {
                    const Wide<T> element = wide<T>(a[r][at]);
#pragma GCC unroll 4
                    for (int v = 0; v < V; ++v) {
                        sum.of[r][v] = multiply_add<T>(line[v], element, sum.of[r][v]);
                    }
                }
                at += a_step;
                from += b_step;
            }
            left += d.a_segment;
            right += d.b_segment;
        }
    }
}

// Where the sums of a tile go: a pointer for each row, of which `cols` elements are wanted.
// What they start from is zero (`first`) or what is there; at the `last` part of the depth the
// bias is added and the activation applied: below zero the value is multiplied by `slope`.
template <typename T>
struct Finish {
    const T* bias;  // for the columns of this tile, or null
    bool first;
    bool last;
    bool activate;
    T slope;
    // A gate for what is made, or null: an element of `made` is behind the same one of `behind`.
    const T* made = nullptr;
    const T* behind = nullptr;
};

template <typename T, int R, int V>
void tile(const T* const* a, const T* b, const Depth& depth, T* const* c, std::size_t cols,
          const Finish<T>& f) {
    using Wide = typename Vector<T>::type;
    constexpr std::size_t lanes = Vector<T>::lanes;
    constexpr std::size_t width = V * lanes;
    Sums<T, R, V> sum;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            sum.of[r][v] = f.first ? Wide{} : load_some(c[r], v * lanes, cols, cols == width);
        }
    }
    if (f.behind != nullptr) {  // read last, and far away: asked for first
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) {
                __builtin_prefetch(f.behind + (c[r] - f.made) + v * lanes);
            }
        }
    }
    accumulate(sum, a, b, depth);
    // A fused product that underflows can leave -0; the zeros of a border would make it +0.
    if (f.last) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) sum.of[r][v] += Wide{};
        }
    }
    if (f.last && f.bias != nullptr) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            const Wide bias = load_some(f.bias, v * lanes, cols, cols == width);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) sum.of[r][v] += bias;
        }
    }
    if (f.last && f.activate) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) sum.of[r][v] = bend<T>(sum.of[r][v], f.slope);
        }
    }
    if (f.behind != nullptr) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const T* gate = f.behind + (c[r] - f.made);
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) {
                const Wide open = load_some(gate, v * lanes, cols, cols == width);
                sum.of[r][v] = pass<T>(sum.of[r][v], open, f.slope);
            }
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            store_some(c[r], v * lanes, cols, cols == width, sum.of[r][v]);
        }
    }
}

// Calls tile<T, rows, V> for rows from 1 to tile_rows.
template <typename T, int V, int R = tile_rows>
void tile_of(std::size_t rows, const T* const* a, const T* b, const Depth& depth, T* const* c,
             std::size_t cols, const Finish<T>& f) {
    if constexpr (R > 1) {
        if (rows < R) return tile_of<T, V, R - 1>(rows, a, b, depth, c, cols, f);
    }
    tile<T, R, V>(a, b, depth, c, cols, f);
}

// The same in a whole panel, or in one vector where that holds the columns.
template <typename T>
void panel_tile(std::size_t rows, const T* const* a, const T* b, const Depth& depth, T* const* c,
                std::size_t cols, const Finish<T>& f) {
    if (cols > Vector<T>::lanes) return tile_of<T, tile_vectors>(rows, a, b, depth, c, cols, f);
    tile_of<T, 1>(rows, a, b, depth, c, cols, f);
}

}  // namespace
