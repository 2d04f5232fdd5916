// conv2d_x where the image has few channels: too few for a panel of columns.
//
// All taps of all channels are then the columns of one matrix product, of the maps [pixels,
// outputs] and the filters as [outputs, taps · channels].  A pixel of the image is the sum of a few
// of these products: with h + p = s q + a and w + p = s r + b, those of map pixel (q - t, r - τ)
// and tap (a + s t, b + s τ).  Products are made one row of the maps at a time and kept as long as
// a row of the image may ask for them.
#pragma once

#include "conv.hpp"

namespace {

constexpr std::size_t thin_channels = 4;
constexpr std::size_t most_columns = 256;

template <typename T>
struct Thin {
    const Conv<T>* p;
    std::size_t columns;  // taps · channels
    std::size_t padded;   // the same in whole panels
    std::size_t kept;     // rows of products that a row of the image needs
    std::size_t before;   // pixels of zeros before a row of products,
    std::size_t row;      // and its pixels with those after it
    std::size_t runs;     // of stride · channels elements, in a row of the image with its border
    T* packed;
};

template <typename T, int V>
void products_of(const Thin<T>& k, const T* maps, std::size_t j0, T* products) {
    const std::size_t o = k.p->outputs;
    const Depth d{o, 1, k.padded};
    const Finish<T> finish{nullptr, true, true, false, T{0}};
    for (std::size_t i = 0; i < k.p->map_width; i += tile_rows) {
        const std::size_t rows = smaller(tile_rows, k.p->map_width - i);
        const T* a[tile_rows];
        T* c[tile_rows];
        for (std::size_t r = 0; r < rows; ++r) {
            a[r] = maps + (i + r) * o;
            c[r] = products + (i + r) * k.padded + j0;
        }
        tile_of<T, V>(rows, a, k.packed + j0, d, c, V * Vector<T>::lanes, finish);
    }
}

template <typename T>
void product_row(const Thin<T>& k, std::size_t n, std::size_t i, T* opened, T* products) {
    const Conv<T>& p = *k.p;
    const std::size_t size = p.map_height * p.map_width * p.outputs;
    const T* maps = p.g + n * size + i * p.map_width * p.outputs;
    if (p.g_mask != nullptr) {
        const Image map{p.map_height, p.map_width, p.outputs};
        const Part row{signed_size(i), 0, 1, p.map_width};
        copy_part(p.g + n * size, p.g_mask + n * size, map, row, opened);
        maps = opened;
    }
    constexpr std::size_t lanes = Vector<T>::lanes;
    std::size_t j0 = 0;
    for (; j0 + lanes < k.columns; j0 += tile_vectors * lanes) {
        products_of<T, tile_vectors>(k, maps, j0, products);
    }
    if (j0 < k.columns) products_of<T, 1>(k, maps, j0, products);
}

// One term of a row of the image: adds `count` elements of each product to each run.
template <std::size_t fixed, typename T>
void add_runs(const T* products, std::size_t padded, std::size_t runs, std::size_t run,
              std::size_t count, T* to) {
    if (fixed != 0) run = count = fixed;
    for (std::size_t r = 0; r < runs; ++r, products += padded, to += run) {
        for (std::size_t i = 0; i < count; ++i) to[i] += products[i];
    }
}

// Row h of the image, with its border, from the rows of products in the ring.
template <typename T>
void gather_row(const Thin<T>& k, std::size_t h, const T* ring, T* line) {
    const Conv<T>& p = *k.p;
    const std::size_t s = p.stride;
    const std::size_t q = (h + p.pad) / s;
    const std::size_t run = s * p.channels;
    for (std::size_t i = 0; i < k.runs * run; ++i) line[i] = T{0};
    for (std::size_t u = (h + p.pad) % s, t = 0; u < p.filter_height; u += s, ++t) {
        if (q < t || q - t >= p.map_height) continue;
        const T* row = ring + (q - t) % k.kept * k.row * k.padded;
        for (std::size_t v = 0, tau = 0; v < p.filter_width; v += s, ++tau) {
            const T* products =
                row + (k.before - tau) * k.padded + (u * p.filter_width + v) * p.channels;
            const std::size_t count = smaller(s, p.filter_width - v) * p.channels;
            if (run == 2 && count == 2) {
                add_runs<2>(products, k.padded, k.runs, run, count, line);
            } else {
                add_runs<0>(products, k.padded, k.runs, run, count, line);
            }
        }
    }
}

// Bias and activation of a row of the image.
template <std::size_t fixed, typename T>
void finish_row(const Conv<T>& p, const T* from, T* to) {
    const std::size_t channels = fixed != 0 ? fixed : p.channels;
    const T slope = p.activate ? p.slope : T{1};
    for (std::size_t c = 0; c < channels; ++c) {
        const T bias = p.bias ? p.bias[c] : T{0};
        for (std::size_t i = c; i < p.width * channels; i += channels) {
            const T x = from[i] + bias;
            to[i] = x < T{0} ? (slope == T{0} ? T{0} : slope * x) : x;
        }
    }
}

template <typename T>
void thin_task(const void* problem, std::size_t n, void* scratch) {
    const Thin<T>& k = *static_cast<const Thin<T>*>(problem);
    const Conv<T>& p = *k.p;
    const std::size_t row = k.row * k.padded;
    T* ring = static_cast<T*>(scratch);
    T* line = ring + k.kept * row;
    T* opened = line + k.runs * p.stride * p.channels;
    for (std::size_t i = 0; i < k.kept * row; ++i) ring[i] = T{0};
    const std::size_t width = p.width * p.channels;
    T* to = p.made + n * p.height * width;
    std::size_t made = 0;
    for (std::size_t h = 0; h < p.height; ++h, to += width) {
        const std::size_t needed = smaller(p.map_height, (h + p.pad) / p.stride + 1);
        for (; made < needed; ++made) {
            product_row(k, n, made, opened, ring + made % k.kept * row + k.before * k.padded);
        }
        gather_row(k, h, ring, line);
        const T* from = line + p.pad * p.channels;
        if (p.bias == nullptr && !p.activate) {
            __builtin_memcpy(to, from, width * sizeof(T));
        } else if (p.channels == 1) {
            finish_row<1>(p, from, to);
        } else {
            finish_row<0>(p, from, to);
        }
    }
}

template <typename T>
void conv2d_x(const Conv<T>* p, const Engine* engine) {
    const std::size_t columns = p->filter_height * p->filter_width * p->channels;
    if (p->images * p->height * p->width * p->channels == 0) return;
    if (is_odd(*p)) return by_definition<Slot::image>(*p);
    if (p->channels > thin_channels || columns > most_columns || p->behind != nullptr) {
        if (!all_finite(p->w, columns * p->outputs)) return by_definition<Slot::image>(*p);
        return conv2d_x_dense(p, engine);
    }
    Thin<T> k{p, columns, pieces(columns, panel_width<T>) * panel_width<T>, 0, 0, 0, 0, nullptr};
    k.kept = pieces(p->filter_height, p->stride);
    k.before = pieces(p->filter_width, p->stride) - 1;
    k.runs = pieces(p->width + p->pad, p->stride);
    k.row = k.before + larger(p->map_width, k.runs);
    k.packed = static_cast<T*>(engine->workspace(k.padded * p->outputs * sizeof(T)));
    transpose(p->w, p->outputs, columns, p->outputs, k.packed, k.padded);
    const std::size_t scratch =
        k.kept * k.row * k.padded + k.runs * p->stride * p->channels + p->map_width * p->outputs;
    engine->run(p->images, &thin_task<T>, &k, scratch * sizeof(T));
}

}  // namespace
