// Correlations of bordered copies: the general way.
//
// An input image, or a few small ones, or some rows of a large one, is copied into scratch with a
// border of zeros; it stays in the second cache.  There the pixels under one row of the filter are
// one run of memory, so a row of the left operand of tile.hpp is just the place where its runs
// begin: no patch is copied.  Rows of taps that fall outside the image are skipped.
#pragma once

#include "phases.hpp"

namespace {

// What the output rows [from, to) read of an image, by all phases together.
template <typename T>
Part read_by(const Correlation<T>& k, std::size_t from, std::size_t to) {
    std::ptrdiff_t top = PTRDIFF_MAX, left = PTRDIFF_MAX, bottom = PTRDIFF_MIN, right = PTRDIFF_MIN;
    for (std::size_t i = 0; i < phases(k); ++i) {
        const Phase f = phase_of(k, i);
        const Range q = steps_within(f.row0, k.out_step, f.rows, from, to);
        if (q.count == 0 || f.cols == 0 || f.segments * f.taps == 0) continue;
        const std::ptrdiff_t first = f.top + signed_size(k.in_step * q.first);
        const std::ptrdiff_t end = first + signed_size(k.in_step * (q.count - 1) + f.segments);
        const std::ptrdiff_t side = f.left + signed_size(k.in_step * (f.cols - 1) + f.taps);
        top = first < top ? first : top;
        bottom = end > bottom ? end : bottom;
        left = f.left < left ? f.left : left;
        right = side > right ? side : right;
    }
    if (bottom <= top) return {0, 0, 0, 0};
    return {top, left, static_cast<std::size_t>(bottom - top),
            static_cast<std::size_t>(right - left)};
}

// Where a block of input lies: rows `row` elements apart, images `image` apart; `at` is the
// element of input pixel (0, 0), which may be outside.
template <typename T>
struct Source {
    const T* data;
    std::ptrdiff_t at;
    std::size_t row;
    std::size_t image;
};

// The output pixels of one phase and one panel, over the images and rows of a block.
template <typename T, int V>
void correlate(const Correlation<T>& k, const Phase& f, const Source<T>& source, std::size_t n0,
               std::size_t n1, Range q, const T* panel, std::size_t j0) {
    constexpr std::size_t width = panel_width<T>;
    const std::size_t cols = smaller(V * Vector<T>::lanes, k.out.channels - j0);
    const std::size_t run = f.taps * k.in.channels;
    const Finish<T> finish{k.p->bias ? k.p->bias + j0 : nullptr,
                           true,
                           true,
                           k.p->activate,
                           k.p->slope,
                           k.p->made,
                           k.p->behind};
    std::size_t n = n0, row = 0, col = 0;
    for (std::size_t left = (n1 - n0) * q.count * f.cols; left > 0;) {
        const std::size_t rows = smaller(tile_rows, left);
        left -= rows;
        const T* a[tile_rows];
        T* c[tile_rows];
        std::size_t lowest = row, highest = row;
        for (std::size_t r = 0; r < rows; ++r) {
            const std::ptrdiff_t y = f.top + signed_size(k.in_step * (q.first + row));
            const std::ptrdiff_t x = f.left + signed_size(k.in_step * col);
            a[r] = source.data + (source.at + signed_size((n - n0) * source.image) +
                                  y * signed_size(source.row) + x * signed_size(k.in.channels));
            const std::size_t h = f.row0 + k.out_step * (q.first + row);
            const std::size_t w = f.col0 + k.out_step * col;
            c[r] = k.p->made + ((n * k.out.height + h) * k.out.width + w) * k.out.channels + j0;
            lowest = smaller(lowest, row);
            highest = larger(highest, row);
            if (++col < f.cols) continue;
            col = 0;
            if (++row < q.count) continue;
            row = 0;
            ++n;
        }
        const std::ptrdiff_t top = f.top + signed_size(k.in_step * (q.first + lowest));
        const std::ptrdiff_t bottom = f.top + signed_size(k.in_step * (q.first + highest));
        const std::size_t first = smaller(above_zero(-bottom), f.segments);
        const std::size_t end = smaller(f.segments, above_zero(signed_size(k.in.height) - top));
        for (std::size_t r = 0; r < rows; ++r) a[r] += first * source.row;
        const Depth d{run, 1, width, end > first ? end - first : 0, source.row, run * width};
        tile_of<T, V>(rows, a, panel + first * run * width, d, c, cols, finish);
    }
}

template <typename T>
void correlate_task(const void* problem, std::size_t index, void* scratch) {
    const Correlation<T>& k = *static_cast<const Correlation<T>*>(problem);
    const std::size_t n0 = index / k.row_blocks * k.block_images;
    const std::size_t n1 = smaller(k.p->images, n0 + k.block_images);
    const std::size_t from = index % k.row_blocks * k.block_rows;
    const std::size_t to = smaller(k.out.height, from + k.block_rows);
    const Part part = read_by(k, from, to);
    const std::size_t c = k.in.channels;
    const std::size_t image = k.in.height * k.in.width * c;
    Source<T> source{k.input + n0 * image, 0, k.in.width * c, image};
    if (k.mask != nullptr || !within(part, k.in)) {
        T* copy = static_cast<T*>(scratch);
        source = {copy, 0, part.cols * c, part.rows * part.cols * c};
        source.at = -(part.top * signed_size(part.cols) + part.left) * signed_size(c);
        for (std::size_t n = n0; n < n1; ++n, copy += source.image) {
            const T* mask = k.mask ? k.mask + n * image : nullptr;
            copy_part(k.input + n * image, mask, k.in, part, copy);
        }
    }
    for (std::size_t i = 0; i < phases(k); ++i) {
        const Phase f = phase_of(k, i);
        const Range q = steps_within(f.row0, k.out_step, f.rows, from, to);
        if (q.count == 0 || f.cols == 0) continue;
        const T* panel = k.packed + packed_before(k, i);
        constexpr std::size_t width = panel_width<T>;
        for (std::size_t j0 = 0; j0 < k.out.channels; j0 += width) {
            if (j0 + Vector<T>::lanes < k.out.channels) {
                correlate<T, tile_vectors>(k, f, source, n0, n1, q, panel, j0);
            } else {
                correlate<T, 1>(k, f, source, n0, n1, q, panel, j0);
            }
            panel += f.segments * f.taps * c * width;
        }
    }
}

// Cuts the work by its shape: whole images while a few fit the cache, else rows of one.
template <typename T>
void choose_blocks(Correlation<T>& k) {
    k.block_rows = k.out.height;
    const auto bytes = [&k] {
        const Part part = read_by(k, 0, k.block_rows);
        const std::size_t inner = k.block_rows < k.out.height ? 2 : 0;  // a block further down
        return (part.rows + inner) * k.whole.cols * k.in.channels * sizeof(T);
    };
    while (bytes() > pydis::cache_bytes && k.block_rows > k.out_step) {
        k.block_rows = larger(k.out_step, pieces(k.block_rows, 2));
    }
    k.row_blocks = pieces(k.out.height, k.block_rows);
    const std::size_t fitting = larger(1, pydis::cache_bytes / larger(1, bytes()));
    k.block_images = k.row_blocks > 1 ? 1 : smaller(fitting, pieces(k.p->images, 16));
}

template <typename T>
void correlate_copies(Correlation<T>& k, const Engine* engine) {
    k.whole = read_by(k, 0, k.out.height);
    choose_blocks(k);
    std::size_t most_rows = 0;
    for (std::size_t from = 0; from < k.out.height; from += k.block_rows) {
        const Part part = read_by(k, from, smaller(k.out.height, from + k.block_rows));
        most_rows = larger(most_rows, part.rows);
    }
    const std::size_t scratch = k.block_images * most_rows * k.whole.cols * k.in.channels;
    engine->run(pieces(k.p->images, k.block_images) * k.row_blocks, &correlate_task<T>, &k,
                scratch * sizeof(T));
}

}  // namespace
