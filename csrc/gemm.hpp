// The matrix product  C[i,j] = a(Σ_k A[i,k] B[k,j] + b[j])  with bias and activation as wished.
//
// C is cut in panels of a few vectors.  A panel of B is packed into contiguous rows of that width
// and stays in the first cache while all rows of A pass over it; the block of A stays in the
// second.  The depth is taken in blocks too, between which C is stored and reloaded,
// which is exact.  A task is some rows by some panels.  While its tiles compute, the rows of C that
// the next tile writes and the part of B that a later task reads are asked for: else both wait for
// memory where matrices are larger than the caches.
#pragma once

#include "table.hpp"
#include "tile.hpp"
#include "transpose.hpp"

namespace {

using pydis::Engine;
using pydis::Matmul;

constexpr std::size_t depth_block = 256;
constexpr std::size_t row_block = 240;
constexpr std::size_t small_row_block = 72;  // where there would be fewer tasks than these
constexpr std::size_t enough_tasks = 4;
static_assert(row_block % tile_rows == 0 && small_row_block % tile_rows == 0);
constexpr std::size_t task_columns = 128;

// Packing is a pass over an operand, which few tiles do not repay.
constexpr std::size_t repaid_rows = 2 * tile_rows;
constexpr std::size_t repaid_columns = 64;

// The left operand of a block of rows: row i begins at data + i row, and moves by step.
template <typename T>
struct Left {
    const T* data;
    std::size_t row;
    std::size_t step;
};

// Columns [j0, end) of B as panels, each of them rows of `width` elements; what stands beyond the
// end is never stored.  Each row of B is read once for all panels: it may lie far from the next.
template <typename T>
void pack_right(const Matmul<T>& p, std::size_t k0, std::size_t depth, std::size_t j0,
                std::size_t end, T* panels) {
    constexpr std::size_t width = panel_width<T>;
    if (p.transpose_b) {
        for (std::size_t j = j0; j < end; j += width, panels += depth * width) {
            const std::size_t cols = smaller(width, end - j);
            transpose(p.b + j * p.depth + k0, p.depth, cols, depth, panels, width);
        }
        return;
    }
    for (std::size_t k = 0; k < depth; ++k, panels += width) {
        const T* row = p.b + (k0 + k) * p.cols;
        T* to = panels;
        for (std::size_t j = j0; j < end; j += width, to += depth * width) {
            if (row + j + width <= p.b + p.depth * p.cols) {  // the next rows' elements do no harm
                __builtin_memcpy(to, row + j, width * sizeof(T));
                continue;
            }
            const std::size_t cols = smaller(width, end - j);
            for (std::size_t i = 0; i < width; ++i) to[i] = i < cols ? row[j + i] : T{0};
        }
    }
}

// One block of the depth, [k0, k0 + depth), of all of C.  `left` holds the block's Aᵀ as tiles of
// tile_rows consecutive elements a step, where it was packed.
template <typename T>
struct Block {
    const Matmul<T>* p;
    std::size_t k0, depth;
    std::size_t rows;  // of a task
    T* left;
};

// Some steps at a time: rows of Aᵀ lie far apart, and few of them are to be kept in reach.
template <typename T>
void pack_left_task(const void* problem, std::size_t index, void*) {
    const Block<T>& block = *static_cast<const Block<T>*>(problem);
    const Matmul<T>& p = *block.p;
    const std::size_t i0 = index * block.rows;
    const std::size_t i1 = smaller(p.rows, i0 + block.rows);
    constexpr std::size_t reach = 32;
    for (std::size_t first = 0; first < block.depth; first += reach) {
        const std::size_t end = smaller(block.depth, first + reach);
        for (std::size_t i = i0; i < i1; i += tile_rows) {
            const std::size_t rows = smaller(tile_rows, i1 - i);
            T* to = block.left + i * block.depth + first * tile_rows;
            for (std::size_t k = first; k < end; ++k, to += tile_rows) {
                const T* from = p.a + (block.k0 + k) * p.rows + i;
                if (rows == tile_rows) {
                    __builtin_memcpy(to, from, tile_rows * sizeof(T));
                } else {
                    for (std::size_t r = 0; r < rows; ++r) to[r] = from[r];
                }
            }
        }
    }
}

// The part of B that a later task will read: rows of memory, asked for a few at a tile.  They lie
// too far apart for the machine to guess the next.
template <typename T>
struct Ahead {
    const T* first;
    std::size_t row, rows, length;
    std::size_t tiles, tile;  // of this task

    void fetch_some() {
        constexpr std::size_t line = pydis::alignment_bytes / sizeof(T);
        for (std::size_t i = rows * tile / tiles; i < rows * (tile + 1) / tiles; ++i) {
            for (std::size_t at = 0; at < length; at += line) {
                __builtin_prefetch(first + i * row + at, 0, 2);
            }
        }
        ++tile;
    }
};

// Rows [i0, i1) of one panel of C; `b` is the panel, with rows b_row elements apart.
template <typename T, int V>
void panel_of(const Block<T>& block, std::size_t i0, std::size_t i1, std::size_t j0, const T* b,
              std::size_t b_row, Ahead<T>& ahead) {
    const Matmul<T>& p = *block.p;
    const std::size_t k0 = block.k0, depth = block.depth;
    const std::size_t cols = smaller(V * Vector<T>::lanes, p.cols - j0);
    const std::size_t step = block.left ? tile_rows : p.transpose_a ? p.rows : 1;
    const Depth d{depth, step, b_row};
    const Finish<T> f{p.bias ? p.bias + j0 : nullptr, k0 == 0, k0 + depth == p.depth, p.activate,
                      p.slope};
    for (std::size_t i = i0; i < i1; i += tile_rows) {
        const std::size_t rows = smaller(tile_rows, i1 - i);
        const T* a[tile_rows];
        T* c[tile_rows];
        for (std::size_t r = 0; r < rows; ++r) {
            a[r] = block.left      ? block.left + i * depth + r
                   : p.transpose_a ? p.a + k0 * p.rows + i + r
                                   : p.a + (i + r) * p.depth + k0;
            c[r] = p.c + (i + r) * p.cols + j0;
        }
        ahead.fetch_some();
        for (std::size_t r = 0; r < rows && i + tile_rows + r < i1; ++r) {
            const T* next = c[r] + tile_rows * p.cols;
            for (int v = 0; v < V; ++v) __builtin_prefetch(next + v * Vector<T>::lanes, 1);
        }
        tile_of<T, V>(rows, a, b, d, c, cols, f);
    }
}

template <typename T>
constexpr std::size_t panels_size = depth_block * task_columns;

// What the task so many further on will read; it may belong to the next block of the depth.  Two
// on, for of two threads that take tasks in turn each then asks for its own.
template <typename T>
Ahead<T> ahead_of(const Block<T>& block, std::size_t index, std::size_t tiles) {
    constexpr std::size_t tasks_on = 2;
    const Matmul<T>& p = *block.p;
    const std::size_t across = pieces(p.cols, task_columns);
    const std::size_t count = pieces(p.rows, block.rows) * across;
    const std::size_t k0 = block.k0 + (index + tasks_on >= count ? depth_block : 0);
    const std::size_t j0 = (index + tasks_on) % across * task_columns;
    if (k0 >= p.depth) return {p.b, 0, 0, 0, 1, 0};
    const std::size_t depth = smaller(depth_block, p.depth - k0);
    const std::size_t cols = smaller(task_columns, p.cols - j0);
    if (p.transpose_b) return {p.b + j0 * p.depth + k0, p.depth, cols, depth, tiles, 0};
    return {p.b + k0 * p.cols + j0, p.cols, depth, cols, tiles, 0};
}

template <typename T>
void matmul_task(const void* problem, std::size_t index, void* scratch) {
    const Block<T>& block = *static_cast<const Block<T>*>(problem);
    const Matmul<T>& p = *block.p;
    constexpr std::size_t width = panel_width<T>;
    const std::size_t across = pieces(p.cols, task_columns);
    const std::size_t i0 = index / across * block.rows;
    const std::size_t i1 = smaller(p.rows, i0 + block.rows);
    const std::size_t first = index % across * task_columns;
    const std::size_t end = smaller(p.cols, first + task_columns);
    T* panels = static_cast<T*>(scratch);
    const bool in_place = !p.transpose_b && end % width == 0 && i1 - i0 <= repaid_rows;
    if (!in_place) pack_right(p, block.k0, block.depth, first, end, panels);
    const std::size_t tiles = pieces(i1 - i0, tile_rows) * pieces(end - first, width);
    Ahead<T> ahead = ahead_of(block, index, tiles);
    for (std::size_t j0 = first; j0 < end; j0 += width) {
        const T* b = in_place ? p.b + block.k0 * p.cols + j0 : panels + (j0 - first) * block.depth;
        const std::size_t b_row = in_place ? p.cols : width;
        if (j0 + Vector<T>::lanes < end) {
            panel_of<T, tile_vectors>(block, i0, i1, j0, b, b_row, ahead);
        } else {
            panel_of<T, 1>(block, i0, i1, j0, b, b_row, ahead);
        }
    }
}

template <typename T>
void matmul(const Matmul<T>* p, const Engine* engine) {
    if (p->rows * p->cols == 0) return;
    const std::size_t across = pieces(p->cols, task_columns);
    const bool few = pieces(p->rows, row_block) * across < enough_tasks;
    const std::size_t task_rows = few ? small_row_block : row_block;
    const std::size_t row_blocks = pieces(p->rows, task_rows);
    // A sum of no terms is one block of the depth, of length zero.
    for (std::size_t k0 = 0; k0 == 0 || k0 < p->depth; k0 += depth_block) {
        Block<T> block{p, k0, smaller(depth_block, p->depth - k0), task_rows, nullptr};
        if (p->transpose_a && p->cols > repaid_columns) {
            const std::size_t rows = pieces(p->rows, tile_rows) * tile_rows;
            block.left = static_cast<T*>(engine->workspace(rows * block.depth * sizeof(T)));
            engine->run(row_blocks, &pack_left_task<T>, &block, 0);
        }
        engine->run(row_blocks * across, &matmul_task<T>, &block, panels_size<T> * sizeof(T));
    }
}

}  // namespace
