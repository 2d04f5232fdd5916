// conv2d and conv2d_x as correlations: which pixels lie under which taps, and the filters packed.
//
// conv2d is one correlation.  conv2d_x is stride² of them: image pixels of equal remainder by the
// stride (a phase) lie under the same taps, and for each phase those taps, in reverse, make a small
// filter that passes over the maps in single steps.
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

}  // namespace
