// conv2d and conv2d_x: correlations without patches.
//
// An input image, or a few small ones, or some rows of a large one, is copied into scratch with a
// border of zeros; it stays in the second cache.  There the pixels under one row of the filter are
// one run of memory, so a row of the left operand of tile.hpp is just the place where its runs
// begin.  The filters are the right operand, packed once in panels of a few vectors.
//
// conv2d is one such correlation.  conv2d_x is stride² of them: image pixels of equal remainder by
// the stride (a phase) lie under the same taps, and for each phase those taps, in reverse, make a
// small filter that passes over the maps in single steps.
//
// Rows of taps that fall outside the image are skipped.
#pragma once

#include "border.hpp"
#include "transpose.hpp"

namespace {

// The output pixels (row0 + step q, col0 + step r), q < rows and r < cols, and their taps:
// pixel (q, r) reads `segments` runs of `length` elements, from input pixel (top + in_step q,
// left + in_step r) downwards.
struct Phase {
    std::size_t row0, col0, rows, cols;
    std::size_t segments, taps;
    std::ptrdiff_t top, left;
    std::size_t first_row_tap, first_col_tap;
};

// A problem as correlations of one input.  `reversed` is conv2d_x.
template <typename T>
struct Correlation {
    const Conv<T>* p;
    const T* input;
    const T* mask;
    Image in;
    Image out;
    std::size_t in_step;
    std::size_t out_step;
    bool reversed;
    std::size_t panels;        // of the output channels
    std::size_t block_images;  // a task is so many images,
    std::size_t block_rows;    // or so many rows of one
    std::size_t row_blocks;
    Part whole;  // what all phases read of one image
    T* packed;
};

template <typename T>
constexpr std::size_t panel_width = tile_vectors * Vector<T>::lanes;

// The numbers q with first + step q in [from, to): where they begin and how many.
struct Range {
    std::size_t first, count;
};
inline Range steps_within(std::size_t first, std::size_t step, std::size_t count, std::size_t from,
                          std::size_t to) {
    const std::size_t a = from > first ? pieces(from - first, step) : 0;
    const std::size_t b = to > first ? smaller(count, pieces(to - first, step)) : 0;
    return {a, b > a ? b - a : 0};
}

// One axis of a phase: pixels of remainder `a`, of `size`, under taps a, a + s, … of `taps`.
struct Axis {
    std::size_t first, count, taps;
    std::ptrdiff_t start;
};
inline Axis axis_of(std::size_t a, std::size_t size, std::size_t taps, std::size_t s,
                    std::size_t pad) {
    const std::size_t q = pad > a ? pieces(pad - a, s) : 0;
    const std::size_t first = s * q + a - pad;
    const std::size_t used = taps > a ? pieces(taps - a, s) : 0;
    return {first, size > first ? pieces(size - first, s) : 0, used,
            signed_size(q) + 1 - signed_size(used)};
}

template <typename T>
Phase phase_of(const Correlation<T>& k, std::size_t index) {
    const Conv<T>& p = *k.p;
    if (!k.reversed) {
        const std::ptrdiff_t pad = signed_size(p.pad);
        return {0, 0, k.out.height, k.out.width, p.filter_height, p.filter_width, -pad, -pad, 0, 0};
    }
    const std::size_t a = index / p.stride;
    const std::size_t b = index % p.stride;
    const Axis rows = axis_of(a, p.height, p.filter_height, p.stride, p.pad);
    const Axis cols = axis_of(b, p.width, p.filter_width, p.stride, p.pad);
    return {rows.first, cols.first, rows.count, cols.count, rows.taps,
            cols.taps,  rows.start, cols.start, a,          b};
}

template <typename T>
std::size_t phases(const Correlation<T>& k) {
    return k.out_step * k.out_step;
}

// How many of `taps` taps lie before remainder `a` by the stride: in the phases 0, …, a - 1.
inline std::size_t taps_before(std::size_t a, std::size_t taps, std::size_t stride) {
    return taps / stride * a + smaller(taps % stride, a);
}

// Panels of the filters, phase by phase, each [panels, segments · taps · channels, width].
template <typename T>
std::size_t packed_before(const Correlation<T>& k, std::size_t phase) {
    const Conv<T>& p = *k.p;
    const std::size_t s = k.out_step;
    const std::size_t a = phase / s;
    const std::size_t rows = taps_before(a, p.filter_height, s);
    const std::size_t own = taps_before(a + 1, p.filter_height, s) - rows;
    const std::size_t before =
        a == s ? rows * p.filter_width
               : rows * p.filter_width + own * taps_before(phase % s, p.filter_width, s);
    return before * k.in.channels * k.panels * panel_width<T>;
}

template <typename T>
void pack_task(const void* problem, std::size_t index, void*) {
    const Correlation<T>& k = *static_cast<const Correlation<T>*>(problem);
    const Conv<T>& p = *k.p;
    constexpr std::size_t width = panel_width<T>;
    const Phase f = phase_of(k, index);
    T* to = k.packed + packed_before(k, index);
    for (std::size_t j0 = 0; j0 < k.out.channels; j0 += width) {
        const std::size_t cols = smaller(width, k.out.channels - j0);
        for (std::size_t u = 0; u < f.segments; ++u) {
            for (std::size_t v = 0; v < f.taps; ++v, to += k.in.channels * width) {
                if (k.reversed) {
                    const std::size_t row = f.first_row_tap + (f.segments - 1 - u) * p.stride;
                    const std::size_t col = f.first_col_tap + (f.taps - 1 - v) * p.stride;
                    const T* from =
                        p.w + ((row * p.filter_width + col) * p.channels + j0) * p.outputs;
                    transpose(from, p.outputs, cols, p.outputs, to, width);
                    continue;
                }
                const T* from = p.w + (u * p.filter_width + v) * p.channels * p.outputs + j0;
                for (std::size_t c = 0; c < k.in.channels; ++c, from += p.outputs) {
                    for (std::size_t j = 0; j < cols; ++j) to[c * width + j] = from[j];
                    for (std::size_t j = cols; j < width; ++j) to[c * width + j] = T{0};
                }
            }
        }
    }
}

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
    const Finish<T> finish{k.p->bias ? k.p->bias + j0 : nullptr, true, true, k.p->activate,
                           k.p->slope};
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
void run_correlation(Correlation<T>& k, const Engine* engine) {
    k.panels = pieces(k.out.channels, panel_width<T>);
    k.whole = read_by(k, 0, k.out.height);
    choose_blocks(k);
    std::size_t most_rows = 0;
    for (std::size_t from = 0; from < k.out.height; from += k.block_rows) {
        const Part part = read_by(k, from, smaller(k.out.height, from + k.block_rows));
        most_rows = larger(most_rows, part.rows);
    }
    k.packed = static_cast<T*>(engine->workspace(packed_before(k, phases(k)) * sizeof(T)));
    engine->run(phases(k), &pack_task<T>, &k, 0);
    const std::size_t scratch = k.block_images * most_rows * k.whole.cols * k.in.channels;
    engine->run(pieces(k.p->images, k.block_images) * k.row_blocks, &correlate_task<T>, &k,
                scratch * sizeof(T));
}

template <typename T>
void conv2d(const Conv<T>* p, const Engine* engine) {
    const Image in{p->height, p->width, p->channels};
    const Image out{p->map_height, p->map_width, p->outputs};
    if (p->images * out.height * out.width * out.channels == 0) return;
    const std::size_t weights = p->filter_height * p->filter_width * in.channels * out.channels;
    if (is_odd(*p) || (p->pad > 0 && !all_finite(p->w, weights))) {
        return by_definition<Slot::map>(*p);
    }
    Correlation<T> k{p, p->x, p->x_mask, in, out, p->stride, 1, false, 0, 0, 0, 0, {}, nullptr};
    run_correlation(k, engine);
}

template <typename T>
void conv2d_x_dense(const Conv<T>* p, const Engine* engine) {
    const Image in{p->map_height, p->map_width, p->outputs};
    const Image out{p->height, p->width, p->channels};
    Correlation<T> k{p, p->g, p->g_mask, in, out, 1, p->stride, true, 0, 0, 0, 0, {}, nullptr};
    run_correlation(k, engine);
}

}  // namespace
