// conv2d_w: the filters' own correlation, w[u, v, c, o] = Σ x[n, s i + u - p, s j + v - p, c]
// g[n, i, j, o], a matrix product whose depth are all pixels of all maps.
//
// A row of the result is a place (u, v, c) under the filter: its left operands are one element of
// the image for each pixel, and the right operands the pixel's g, which lies as it should.  Where
// the channels fill a tile, its rows are channels under one tap, and the pixels for which that tap
// is on the image are taken from the images themselves; else from bordered copies.
//
// The images, or bands of rows of large ones, are cut in at most eight groups, by the shape alone:
// not by what this instruction set copies.  Each group sums into filters of its own; these are then
// added in pairs.  What winograd_weights.hpp can do with fewer products goes there first.
#pragma once

#include "border.hpp"
#include "row_sums.hpp"
#include "winograd_weights.hpp"

namespace {

constexpr std::size_t most_groups = 8;
// Few enough pixels for the second cache, enough to repay the sums' way to memory and back.
constexpr std::size_t chunk_pixels = 256;

template <typename T>
struct Weights {
    const Conv<T>* p;
    std::size_t rows;  // U V C
    std::size_t groups;
    std::size_t bands;      // an image is cut in so many
    std::size_t band_rows;  // of so many map rows
    std::size_t images;     // or so many images are taken at once
    bool in_place;          // the images need no copy,
    bool copy_g;            // nor the maps
    std::size_t x_cols;     // pixels of a row of the images, or of their copies
    std::size_t x_size;     // elements of the largest copy of an image
    std::size_t g_row;      // elements of a pixel of g, in whole panels if copied
    T* partial;
};

// Some pixels: map rows [from, to) of some images.  `origin` is the element of x that tap (0, 0) of
// map pixel (0, 0) would have in an image that begins at zero, to be taken off.
template <typename T>
struct Chunk {
    const T* x;
    const T* g;  // row `from` of the maps
    std::size_t origin;
    std::size_t x_image, g_image;
    std::size_t images;
    std::size_t from, to;
    bool first;
};

// A place under the filter.
struct Place {
    std::size_t u, v, c;
};

// The places from k0 on, `count` of them, by some pixels of a chunk, added to the group's filters.
template <typename T>
void weigh(const Weights<T>& k, const Chunk<T>& chunk, std::size_t k0, std::size_t count,
           Place place, Pixels i, Pixels j, T* filters) {
    const Conv<T>& p = *k.p;
    constexpr std::size_t width = panel_width<T>;
    const bool none = i.end == i.first || j.end == j.first;
    const Depth d{j.end - j.first,
                  p.stride * p.channels,
                  k.g_row,
                  i.end - i.first,
                  p.stride * k.x_cols * p.channels,
                  p.map_width * k.g_row,
                  chunk.images,
                  chunk.x_image,
                  chunk.g_image};
    const T* right = chunk.g + ((i.first - chunk.from) * p.map_width + j.first) * k.g_row;
    const Finish<T> finish{nullptr, chunk.first, true, false, T{0}};
    for (std::size_t end = k0 + count; k0 < end; k0 += tile_rows) {
        const std::size_t rows = smaller(tile_rows, end - k0);
        const T* a[tile_rows];
        T* c[tile_rows];
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t row = p.stride * i.first + place.u;
            const std::size_t col = p.stride * j.first + place.v;
            const std::size_t at = (row * k.x_cols + col) * p.channels + place.c;
            a[r] = none ? chunk.x : chunk.x + (at - chunk.origin);
            c[r] = filters + (k0 + r) * p.outputs;
            if (++place.c < p.channels) continue;
            place.c = 0;
            if (++place.v < p.filter_width) continue;
            place.v = 0;
            ++place.u;
        }
        for (std::size_t j0 = 0; j0 < p.outputs; j0 += width) {
            T* to[tile_rows];
            for (std::size_t r = 0; r < rows; ++r) to[r] = c[r] + j0;
            const std::size_t cols = smaller(width, p.outputs - j0);
            panel_tile(rows, a, right + j0, d, to, cols, finish);
        }
    }
}

// In place, all channels under one tap at a time, by the pixels for which it is on the image.
// Meanwhile the rows that follow in memory are fetched: the first tap of the next chunk would wait.
template <typename T>
void weigh_chunk(const Weights<T>& k, const Chunk<T>& chunk, T* filters) {
    const Conv<T>& p = *k.p;
    const Pixels rows{chunk.from, chunk.to}, cols{0, p.map_width};
    if (!k.in_place) return weigh(k, chunk, 0, k.rows, Place{0, 0, 0}, rows, cols, filters);
    const std::size_t row = p.stride * k.x_cols * p.channels;
    const T* x = chunk.x + (chunk.images - 1) * chunk.x_image + chunk.to * row;
    const T* end = p.x + p.images * p.height * p.width * p.channels;
    const std::size_t next =
        smaller(above_zero(end - x), chunk.images * (chunk.to - chunk.from) * row);
    std::size_t k0 = 0;
    for (std::size_t u = 0; u < p.filter_height; ++u) {
        const Pixels i = pixels_on(u, p.height, p.stride, p.pad, rows);
        for (std::size_t v = 0; v < p.filter_width; ++v, k0 += p.channels) {
            fetch(x, next, k0 / p.channels, k.rows / p.channels);
            const Pixels j = pixels_on(v, p.width, p.stride, p.pad, cols);
            weigh(k, chunk, k0, p.channels, Place{u, v, 0}, i, j, filters);
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
                    p.stride * (i1 - i0 - 1) + p.filter_height, k.x_cols};
    const std::size_t x_size = p.height * p.width * p.channels;
    const std::size_t g_size = p.map_height * p.map_width * p.outputs;
    const std::size_t pixels = (i1 - i0) * p.map_width;
    T* g_copy = scratch + k.images * k.x_size;
    for (std::size_t n = n0; n < n1; ++n) {
        if (!k.in_place) {
            copy_part(p.x + n * x_size, p.x_mask ? p.x_mask + n * x_size : nullptr, image, part,
                      scratch + (n - n0) * k.x_size);
        }
        if (!k.copy_g) continue;
        T* to = g_copy + (n - n0) * pixels * k.g_row;
        std::size_t at = n * g_size + i0 * p.map_width * p.outputs;
        for (std::size_t i = 0; i < pixels; ++i, to += k.g_row, at += p.outputs) {
            for (std::size_t o = 0; o < p.outputs; ++o) to[o] = open(p.g, p.g_mask, at + o);
            for (std::size_t o = p.outputs; o < k.g_row; ++o) to[o] = T{0};
        }
    }
    const T* g = k.copy_g ? g_copy : p.g + n0 * g_size + i0 * p.map_width * p.outputs;
    const T* x = k.in_place ? p.x + n0 * x_size : scratch;
    const std::size_t x_image = k.in_place ? x_size : k.x_size;
    const std::size_t g_image = k.copy_g ? pixels * k.g_row : g_size;
    const std::size_t origin = (k.in_place ? p.pad * k.x_cols + p.pad : p.stride * i0 * k.x_cols);
    const std::size_t rows = smaller(i1 - i0, larger(1, chunk_pixels / p.map_width));
    const std::size_t images = pieces(chunk_pixels, rows * p.map_width);
    for (std::size_t n = n0; n < n1; n += images) {
        for (std::size_t i = i0; i < i1; i += rows) {
            const Chunk<T> chunk{x + (n - n0) * x_image,
                                 g + (n - n0) * g_image + (i - i0) * p.map_width * k.g_row,
                                 origin * p.channels,
                                 x_image,
                                 g_image,
                                 smaller(images, n1 - n),
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
    add_in_tree(k.partial + from, k.groups, size, to - from);
    for (std::size_t i = from; i < to; ++i) k.p->made[i] = k.partial[i];
}

template <typename T>
void conv2d_w(const Conv<T>* p, const Engine* engine) {
    const std::size_t rows = p->filter_height * p->filter_width * p->channels;
    const std::size_t size = rows * p->outputs;
    const std::size_t pixels = p->map_height * p->map_width;
    if (size == 0) return;
    if (p->images * pixels == 0 || is_odd(*p)) return by_definition<Slot::filter>(*p);
    if (weigh_by_products(*p, engine)) return;
    Weights<T> k{};
    k.p = p;
    k.rows = rows;
    k.in_place = p->x_mask == nullptr && p->channels >= tile_rows;
    k.copy_g = p->g_mask != nullptr || p->outputs % panel_width<T> != 0;
    k.g_row = k.copy_g ? pieces(p->outputs, panel_width<T>) * panel_width<T> : p->outputs;
    const std::size_t reach = p->stride * (p->map_width - 1) + p->filter_width;
    constexpr std::size_t widest = 128 / sizeof(T);  // panel, of all instruction sets
    const auto elements = [&](std::size_t map_rows) {
        const std::size_t x_rows = p->stride * (map_rows - 1) + p->filter_height;
        const std::size_t g_row = pieces(p->outputs, widest) * widest;
        return x_rows * reach * p->channels + map_rows * p->map_width * g_row;
    };
    k.band_rows = p->map_height;
    while (k.band_rows > 1 && elements(k.band_rows) * sizeof(T) > pydis::cache_bytes) {
        k.band_rows = pieces(k.band_rows, 2);
    }
    const std::size_t x_rows = p->stride * (k.band_rows - 1) + p->filter_height;
    k.x_cols = k.in_place ? p->width : reach;
    k.x_size = k.in_place ? 0 : x_rows * reach * p->channels;
    const std::size_t g_size = k.copy_g ? k.band_rows * p->map_width * k.g_row : 0;
    const std::size_t bytes = (k.x_size + g_size) * sizeof(T);  // of the copies of a band
    k.bands = pieces(p->map_height, k.band_rows);
    k.groups = smaller(most_groups, p->images * k.bands);
    const std::size_t fitting = larger(1, pydis::cache_bytes / larger(1, bytes));
    const std::size_t enough = larger(1, pieces(chunk_pixels, pixels));
    k.images = k.bands > 1 ? 1 : smaller(fitting, enough);
    k.partial = static_cast<T*>(engine->workspace(k.groups * size * sizeof(T)));
    engine->run(k.groups, &weigh_task<T>, &k, k.images * bytes);
    engine->run(pieces(size, sum_chunk), &sum_task<T>, &k, 0);
    // Zeros of a copy's border times an infinity of g: only the loops can tell.  They add in their
    // own order, so whether they run may not depend on what this instruction set copies.
    if (p->pad > 0 && !all_finite(p->made, size)) by_definition<Slot::filter>(*p);
}

}  // namespace
