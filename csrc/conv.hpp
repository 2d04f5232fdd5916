// conv2d, and conv2d_x where the image has more than a few channels.
//
// The filters are the right operand of tile.hpp, packed once in panels of a few vectors.  The rows
// of a tile are the same pixel of several images: they lie under the same taps, so the images are
// read where they are, and taps outside are just not taken.  Where there are too few images for
// that, or a mask has to be applied, bordered copies are correlated (correlate.hpp).  Both ways add
// the same terms in the same order.  What winograd_maps.hpp can do with fewer products goes there
// first.
#pragma once

#include "correlate.hpp"
#include "winograd_maps.hpp"

namespace {

// The taps of [0, taps) that are on an axis of `size` pixels, from pixel `start`.
inline Range taps_on(std::ptrdiff_t start, std::size_t taps, std::size_t size) {
    const std::size_t first = smaller(above_zero(-start), taps);
    const std::size_t end = smaller(above_zero(signed_size(size) - start), taps);
    return {first, end > first ? end - first : 0};
}

// One row of pixels of one phase and one panel, over the images [n0, n0 + images).
template <typename T, int V>
void across_row(const Correlation<T>& k, const Phase& f, std::size_t n0, std::size_t images,
                std::size_t q, const T* panel, std::size_t j0) {
    constexpr std::size_t width = panel_width<T>;
    const std::size_t c = k.in.channels;
    const std::size_t cols = smaller(V * Vector<T>::lanes, k.out.channels - j0);
    const Finish<T> finish{k.p->bias ? k.p->bias + j0 : nullptr,
                           true,
                           true,
                           k.p->activate,
                           k.p->slope,
                           k.p->made,
                           k.p->behind};
    const std::ptrdiff_t top = f.top + signed_size(k.in_step * q);
    const Range rows = taps_on(top, f.segments, k.in.height);
    const std::size_t h = f.row0 + k.out_step * q;
    const std::size_t in_size = k.in.height * k.in.width * c;
    const std::size_t out_size = k.out.height * k.out.width * k.out.channels;
    for (std::size_t r = 0; r < f.cols; ++r) {
        const std::ptrdiff_t left = f.left + signed_size(k.in_step * r);
        const Range taps = taps_on(left, f.taps, k.in.width);
        const bool none = rows.count * taps.count == 0;
        const std::size_t y = none ? 0 : above_zero(top + signed_size(rows.first));
        const std::size_t x = none ? 0 : above_zero(left + signed_size(taps.first));
        const std::size_t w = f.col0 + k.out_step * r;
        const T* a[tile_rows];
        T* to[tile_rows];
        for (std::size_t i = 0; i < images; ++i) {
            a[i] = k.input + (n0 + i) * in_size + (y * k.in.width + x) * c;
            to[i] = k.p->made + (n0 + i) * out_size + (h * k.out.width + w) * k.out.channels + j0;
        }
        const Depth d{taps.count * c, 1, width, rows.count, k.in.width * c, f.taps * c * width};
        const T* b = panel + (rows.first * f.taps + taps.first) * c * width;
        tile_of<T, V>(images, a, b, d, to, cols, finish);
    }
}

template <typename T>
void across_task(const void* problem, std::size_t index, void*) {
    const Correlation<T>& k = *static_cast<const Correlation<T>*>(problem);
    const std::size_t n0 = index / k.row_blocks * k.block_images;
    const std::size_t images = smaller(k.block_images, k.p->images - n0);
    const std::size_t from = index % k.row_blocks * k.block_rows;
    const std::size_t to = smaller(k.out.height, from + k.block_rows);
    for (std::size_t i = 0; i < phases(k); ++i) {
        const Phase f = phase_of(k, i);
        const Range q = steps_within(f.row0, k.out_step, f.rows, from, to);
        const T* panel = k.packed + packed_before(k, i);
        for (std::size_t j0 = 0; j0 < k.out.channels; j0 += panel_width<T>) {
            for (std::size_t row = q.first; row < q.first + q.count; ++row) {
                if (j0 + Vector<T>::lanes < k.out.channels) {
                    across_row<T, tile_vectors>(k, f, n0, images, row, panel, j0);
                } else {
                    across_row<T, 1>(k, f, n0, images, row, panel, j0);
                }
            }
            panel += f.segments * f.taps * k.in.channels * panel_width<T>;
        }
    }
}

template <typename T>
void run_correlation(Correlation<T>& k, const Engine* engine) {
    if (correlate_by_products(k, engine)) return;
    k.panels = pieces(k.out.channels, panel_width<T>);
    k.packed = static_cast<T*>(engine->workspace(packed_before(k, phases(k)) * sizeof(T)));
    engine->run(phases(k), &pack_task<T>, &k, 0);
    if (k.mask != nullptr || k.p->images < tile_rows) return correlate_copies(k, engine);
    const std::size_t groups = pieces(k.p->images, tile_rows);
    k.block_images = pieces(k.p->images, groups);
    k.block_rows = larger(k.out_step, pieces(k.out.height, 4));
    k.row_blocks = pieces(k.out.height, k.block_rows);
    engine->run(groups * k.row_blocks, &across_task<T>, &k, 0);
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
