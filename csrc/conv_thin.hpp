// conv2d_x where the image has few channels: too few for a panel of columns.
//
// All taps of all channels are then the columns of one matrix product, of the maps [pixels,
// outputs] and the filters as [outputs, taps · channels].  Its rows are spread: the taps of a map's
// pixel in one row of the filter fall on one run of the image, and are added there.
#pragma once

#include "conv.hpp"

namespace {

constexpr std::size_t thin_channels = 4;
constexpr std::size_t most_columns = 256;

template <typename T>
struct Thin {
    const Conv<T>* p;
    std::size_t columns;  // taps · channels
    std::size_t padded;   // the same in whole vectors
    std::size_t image_row;
    std::size_t image_rows;
    T* packed;
};

// Adds rows of V·C products of one row of the filter, stride · C elements apart.
template <typename T>
void spread(const T* products, std::size_t pixels, std::size_t columns, std::size_t run,
            std::size_t step, T* row) {
    for (std::size_t j = 0; j < pixels; ++j, products += columns, row += step) {
        for (std::size_t i = 0; i < run; ++i) row[i] += products[i];
    }
}

// The same with a run known to the compiler.
template <std::size_t run, typename T>
void spread_run(const T* products, std::size_t pixels, std::size_t columns, std::size_t step,
                T* row) {
    for (std::size_t j = 0; j < pixels; ++j, products += columns, row += step) {
        T sum[run];
        for (std::size_t i = 0; i < run; ++i) sum[i] = row[i] + products[i];
        for (std::size_t i = 0; i < run; ++i) row[i] = sum[i];
    }
}

template <typename T, int V>
void products_of(const Thin<T>& k, const T* maps, std::size_t pixels, std::size_t j0,
                 const T* panel, T* products) {
    const std::size_t o = k.p->outputs;
    const Depth d{o, 1, k.padded};
    const Finish<T> finish{nullptr, true, true, false, T{0}};
    for (std::size_t i = 0; i < pixels; i += tile_rows) {
        const std::size_t rows = smaller(tile_rows, pixels - i);
        const T* a[tile_rows];
        T* c[tile_rows];
        for (std::size_t r = 0; r < rows; ++r) {
            a[r] = maps + (i + r) * o;
            c[r] = products + (i + r) * k.padded + j0;
        }
        tile_of<T, V>(rows, a, panel + j0, d, c, V * Vector<T>::lanes, finish);
    }
}

template <typename T>
void thin_task(const void* problem, std::size_t n, void* scratch) {
    const Thin<T>& k = *static_cast<const Thin<T>*>(problem);
    const Conv<T>& p = *k.p;
    constexpr std::size_t lanes = Vector<T>::lanes;
    const Image map{p.map_height, p.map_width, p.outputs};
    T* image = static_cast<T*>(scratch);
    T* products = image + k.image_rows * k.image_row;
    T* opened = products + p.map_width * k.padded;
    for (std::size_t i = 0; i < k.image_rows * k.image_row; ++i) image[i] = T{0};
    const std::size_t map_size = p.map_height * p.map_width * p.outputs;
    for (std::size_t i = 0; i < p.map_height; ++i) {
        const T* maps = p.g + n * map_size + i * p.map_width * p.outputs;
        if (p.g_mask != nullptr) {
            const Part row{signed_size(i), 0, 1, p.map_width};
            copy_part(p.g + n * map_size, p.g_mask + n * map_size, map, row, opened);
            maps = opened;
        }
        std::size_t j0 = 0;
        for (; j0 + lanes < k.columns; j0 += tile_vectors * lanes) {
            products_of<T, tile_vectors>(k, maps, p.map_width, j0, k.packed, products);
        }
        if (j0 < k.columns) products_of<T, 1>(k, maps, p.map_width, j0, k.packed, products);
        const std::size_t run = p.filter_width * p.channels;
        const std::size_t step = p.stride * p.channels;
        for (std::size_t u = 0; u < p.filter_height; ++u) {
            T* row = image + (p.stride * i + u) * k.image_row;
            const T* from = products + u * run;
            if (run == 4) {
                spread_run<4>(from, p.map_width, k.padded, step, row);
            } else {
                spread(from, p.map_width, k.padded, run, step, row);
            }
        }
    }
    const std::size_t width = p.width * p.channels;
    T* to = p.made + n * p.height * width;
    for (std::size_t h = 0; h < p.height; ++h, to += width) {
        const T* from = image + (h + p.pad) * k.image_row + p.pad * p.channels;
        for (std::size_t i = 0; i < width; ++i) {
            const T x = p.bias ? from[i] + p.bias[i % p.channels] : from[i];
            to[i] = p.activate && x < T{0} ? (p.slope == T{0} ? T{0} : p.slope * x) : x;
        }
    }
}

template <typename T>
void conv2d_x(const Conv<T>* p, const Engine* engine) {
    const std::size_t columns = p->filter_height * p->filter_width * p->channels;
    if (p->images * p->height * p->width * p->channels == 0) return;
    if (is_odd(*p)) return by_definition<Slot::image>(*p);
    if (p->channels > thin_channels || columns > most_columns) {
        if (!all_finite(p->w, columns * p->outputs)) return by_definition<Slot::image>(*p);
        return conv2d_x_dense(p, engine);
    }
    constexpr std::size_t width = panel_width<T>;
    Thin<T> k{p, columns, pieces(columns, width) * width, 0, 0, nullptr};
    k.image_row =
        larger(p->stride * p->map_width + p->filter_width, p->width + p->pad) * p->channels;
    k.image_rows = larger(p->stride * p->map_height + p->filter_height, p->height + p->pad);
    k.packed = static_cast<T*>(engine->workspace(k.padded * p->outputs * sizeof(T)));
    transpose(p->w, p->outputs, columns, p->outputs, k.packed, k.padded);
    const std::size_t scratch = k.image_rows * k.image_row + p->map_width * (k.padded + p->outputs);
    engine->run(p->images, &thin_task<T>, &k, scratch * sizeof(T));
}

}  // namespace
