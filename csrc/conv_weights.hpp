// conv2d_w: the filters' own correlation, w[u, v, c, o] = Σ x[n, s i + u - p, s j + v - p, c]
// g[n, i, j, o], a matrix product whose depth are all pixels of all maps.
//
// A row of the result is a place (u, v, c) under the filter: its left operands are one element of
// the bordered image for each pixel, and the right operands the pixel's g, which lies as it should.
// The images are cut in at most eight groups by their number alone.  Each group sums into filters
// of its own; these are then added in pairs.
#pragma once

#include "border.hpp"

namespace {

constexpr std::size_t most_groups = 8;
constexpr std::size_t chunk_pixels =
    128;  // few enough for the first cache, enough to repay the sums' way to memory

template <typename T>
struct Weights {
    const Conv<T>* p;
    std::size_t rows;  // U V C
    std::size_t groups;
    std::size_t bands;      // an image is cut in so many
    std::size_t band_rows;  // of so many map rows
    std::size_t images;     // or so many images are taken at once
    Part part;              // the largest
    bool copy_g;
    std::size_t g_row;  // elements of one pixel of g, padded to whole vectors if copied
    T* partial;
};

// Some pixels: map rows [from, to) of some images, of a block whose first map row is `top`.
template <typename T>
struct Chunk {
    const T* x;  // the block's bordered images
    const T* g;  // row `from` of the maps
    std::size_t x_image, g_image;
    std::size_t images;
    std::size_t top, from, to;
    bool first;
};

// Places [k0, k0 + rows) by all pixels of a chunk, added to the group's filters.
template <typename T, int V>
void weigh(const Weights<T>& k, const Chunk<T>& chunk, std::size_t k0, std::size_t rows,
           std::size_t j0, T* filters) {
    const Conv<T>& p = *k.p;
    const std::size_t run = p.filter_width * p.channels;
    // Map rows whose taps are on the image, for the first and the last row of the filter here.
    const std::size_t u0 = k0 / run;
    const std::size_t u1 = (k0 + rows - 1) / run;
    const std::size_t reach = p.height + p.pad;
    const std::size_t on = p.pad > u1 ? pieces(p.pad - u1, p.stride) : 0;
    const std::size_t off = reach > u0 ? pieces(reach - u0, p.stride) : 0;
    const std::size_t from = smaller(chunk.to, larger(chunk.from, on));
    const std::size_t to = larger(from, smaller(chunk.to, off));
    const std::size_t x_row = k.part.cols * p.channels;
    const T* a[tile_rows];
    T* c[tile_rows];
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t u = (k0 + r) / run;
        a[r] = chunk.x + ((from - chunk.top) * p.stride + u) * x_row + (k0 + r) % run;
        c[r] = filters + (k0 + r) * p.outputs + j0;
    }
    const Depth d{p.map_width,  p.stride * p.channels, k.g_row,
                  to - from,    p.stride * x_row,      p.map_width * k.g_row,
                  chunk.images, chunk.x_image,         chunk.g_image};
    const std::size_t cols = smaller(V * Vector<T>::lanes, p.outputs - j0);
    const T* right = chunk.g + (from - chunk.from) * p.map_width * k.g_row + j0;
    const Finish<T> finish{nullptr, chunk.first, true, false, T{0}};
    tile_of<T, V>(rows, a, right, d, c, cols, finish);
}

template <typename T>
void weigh_chunk(const Weights<T>& k, const Chunk<T>& chunk, T* filters) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    for (std::size_t j0 = 0; j0 < k.p->outputs; j0 += tile_vectors * lanes) {
        for (std::size_t k0 = 0; k0 < k.rows; k0 += tile_rows) {
            const std::size_t rows = smaller(tile_rows, k.rows - k0);
            if (j0 + lanes < k.p->outputs) {
                weigh<T, tile_vectors>(k, chunk, k0, rows, j0, filters);
            } else {
                weigh<T, 1>(k, chunk, k0, rows, j0, filters);
            }
        }
    }
}

// One block: images [n0, n1), map rows [i0, i1).
template <typename T>
void weigh_block(const Weights<T>& k, std::size_t n0, std::size_t n1, std::size_t i0,
                 std::size_t i1, bool first, T* filters, T* scratch) {
    const Conv<T>& p = *k.p;
    const Image image{p.height, p.width, p.channels};
    const std::ptrdiff_t pad = signed_size(p.pad);
    const Part part{signed_size(p.stride * i0) - pad, -pad,
                    p.stride * (i1 - i0 - 1) + p.filter_height, k.part.cols};
    const std::size_t x_size = p.height * p.width * p.channels;
    const std::size_t g_size = p.map_height * p.map_width * p.outputs;
    const std::size_t x_image = part.rows * part.cols * p.channels;
    const std::size_t pixels = (i1 - i0) * p.map_width;
    T* g_copy = scratch + k.images * k.part.rows * k.part.cols * p.channels;
    for (std::size_t n = n0; n < n1; ++n) {
        copy_part(p.x + n * x_size, p.x_mask ? p.x_mask + n * x_size : nullptr, image, part,
                  scratch + (n - n0) * x_image);
        if (!k.copy_g) continue;
        T* to = g_copy + (n - n0) * pixels * k.g_row;
        std::size_t at = n * g_size + i0 * p.map_width * p.outputs;
        for (std::size_t i = 0; i < pixels; ++i, to += k.g_row, at += p.outputs) {
            for (std::size_t o = 0; o < p.outputs; ++o) to[o] = open(p.g, p.g_mask, at + o);
            for (std::size_t o = p.outputs; o < k.g_row; ++o) to[o] = T{0};
        }
    }
    const T* g = k.copy_g ? g_copy : p.g + n0 * g_size + i0 * p.map_width * p.outputs;
    const std::size_t g_image = k.copy_g ? pixels * k.g_row : g_size;
    // Pixels enough for the first cache, from some rows or from some images.
    const std::size_t rows = smaller(i1 - i0, larger(1, chunk_pixels / p.map_width));
    const std::size_t images = larger(1, chunk_pixels / (rows * p.map_width));
    for (std::size_t n = n0; n < n1; n += images) {
        for (std::size_t i = i0; i < i1; i += rows) {
            const Chunk<T> chunk{scratch + (n - n0) * x_image,
                                 g + (n - n0) * g_image + (i - i0) * p.map_width * k.g_row,
                                 x_image,
                                 g_image,
                                 smaller(images, n1 - n),
                                 i0,
                                 i,
                                 smaller(i1, i + rows),
                                 first && n == n0 && i == i0};
            weigh_chunk(k, chunk, filters);
        }
    }
}

// The units, images or bands of one, are dealt to the groups in order and as evenly as can be.
template <typename T>
void weigh_task(const void* problem, std::size_t group, void* scratch) {
    const Weights<T>& k = *static_cast<const Weights<T>*>(problem);
    const Conv<T>& p = *k.p;
    const std::size_t units = p.images * k.bands;
    const std::size_t begin = group * units / k.groups;
    const std::size_t end = (group + 1) * units / k.groups;
    T* filters = k.partial + group * k.rows * p.outputs;
    for (std::size_t unit = begin; unit < end;) {
        const std::size_t n0 = unit / k.bands;
        const std::size_t n1 = k.bands > 1 ? n0 + 1 : smaller(end, n0 + k.images);
        const std::size_t i0 = unit % k.bands * k.band_rows;
        const std::size_t i1 = smaller(p.map_height, i0 + k.band_rows);
        weigh_block(k, n0, n1, i0, i1, unit == begin, filters, static_cast<T*>(scratch));
        unit += k.bands > 1 ? 1 : n1 - n0;
    }
}

constexpr std::size_t sum_chunk = 4096;

// A chunk of the filters: the groups added in pairs, then the pairs, …
template <typename T>
void sum_task(const void* problem, std::size_t index, void*) {
    const Weights<T>& k = *static_cast<const Weights<T>*>(problem);
    const std::size_t size = k.rows * k.p->outputs;
    const std::size_t from = index * sum_chunk;
    const std::size_t to = smaller(size, from + sum_chunk);
    for (std::size_t gap = 1; gap < k.groups; gap *= 2) {
        for (std::size_t group = 0; group + gap < k.groups; group += 2 * gap) {
            T* sum = k.partial + group * size;
            const T* other = sum + gap * size;
            for (std::size_t i = from; i < to; ++i) sum[i] += other[i];
        }
    }
    for (std::size_t i = from; i < to; ++i) k.p->made[i] = k.partial[i];
}

template <typename T>
void conv2d_w(const Conv<T>* p, const Engine* engine) {
    const std::size_t rows = p->filter_height * p->filter_width * p->channels;
    const std::size_t size = rows * p->outputs;
    const std::size_t pixels = p->map_height * p->map_width;
    if (size == 0) return;
    if (p->images * pixels == 0 || is_odd(*p)) return by_definition<Slot::filter>(*p);
    constexpr std::size_t width = tile_vectors * Vector<T>::lanes;
    const std::size_t x_cols = p->stride * (p->map_width - 1) + p->filter_width;
    const bool copy_g = p->g_mask != nullptr || p->outputs % width != 0;
    const std::size_t g_row = copy_g ? pieces(p->outputs, width) * width : p->outputs;
    const auto bytes = [&](std::size_t map_rows) {
        const std::size_t x_rows = p->stride * (map_rows - 1) + p->filter_height;
        const std::size_t g = copy_g ? map_rows * p->map_width * g_row : 0;
        return (x_rows * x_cols * p->channels + g) * sizeof(T);
    };
    std::size_t band_rows = p->map_height;
    while (band_rows > 1 && bytes(band_rows) > pydis::cache_bytes) {
        band_rows = pieces(band_rows, 2);
    }
    const std::size_t bands = pieces(p->map_height, band_rows);
    const std::size_t groups = smaller(most_groups, p->images * bands);
    const std::size_t fitting = larger(1, pydis::cache_bytes / larger(1, bytes(band_rows)));
    const std::size_t images =
        bands > 1 ? 1 : smaller(fitting, larger(1, pieces(chunk_pixels, pixels)));
    const Part part{0, 0, p->stride * (band_rows - 1) + p->filter_height, x_cols};
    Weights<T> k{p, rows, groups, bands, band_rows, images, part, copy_g, g_row, nullptr};
    k.partial = static_cast<T*>(engine->workspace(groups * size * sizeof(T)));
    engine->run(groups, &weigh_task<T>, &k, images * bytes(band_rows));
    engine->run(pieces(size, sum_chunk), &sum_task<T>, &k, 0);
    // Zeros of the border times an infinity of g: only the loops can tell.
    if (p->pad > 0 && !all_finite(p->made, size)) by_definition<Slot::filter>(*p);
}

}  // namespace
