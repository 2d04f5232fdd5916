// Filters of 4 x 4 that move in steps of two, with fewer products than terms: Winograd's minimal
// filtering, F(2 x 2, 2 x 2).
//
// The taps of equal remainders by the step, a phase, are a filter of two taps that moves in single
// steps over the pixels of that phase.  Two neighbouring sums of such a filter,
//
//     y0 = d0 g0 + d1 g1,        y1 = d1 g0 + d2 g1,
//
// take three products for four:
//
//     m0 = (d0 - d1) g0,   m1 = d1 (g0 + g1),   m2 = (d1 - d2) g1;     y0 = m0 + m1,  y1 = m1 - m2.
//
// In both directions that is nine for sixteen: 3 x 3 pixels d are spread to nine numbers, 2 x 2
// taps g too, and the nine products, summed over channels, are gathered to 2 x 2 sums y.  Each of
// the nine is a matrix product of its own, by tile.hpp.
//
// The roundings are of the products of all numbers that were spread together, not of a sum's own
// terms.  So this is for float alone: what is verified in double takes each sum as it is written.
#pragma once

#include "phases.hpp"

namespace {

constexpr std::size_t nine = 9;
constexpr std::size_t line_floats = pydis::alignment_bytes / sizeof(float);
// Few enough tiles for the second cache to hold what they are spread to.
constexpr std::size_t chunk_tiles = 32;

// Bᵀ d B of 3 x 3 pixels.
inline void spread_pixels(const Wide<float>* d, Wide<float>* to) {
    Wide<float> t[nine];
#pragma GCC unroll 3
    for (std::size_t r = 0; r < 3; ++r) {
        t[3 * r] = d[3 * r] - d[3 * r + 1];
        t[3 * r + 1] = d[3 * r + 1];
        t[3 * r + 2] = d[3 * r + 1] - d[3 * r + 2];
    }
#pragma GCC unroll 3
    for (std::size_t v = 0; v < 3; ++v) {
        to[v] = t[v] - t[3 + v];
        to[3 + v] = t[3 + v];
        to[6 + v] = t[3 + v] - t[6 + v];
    }
}

// G g Gᵀ of 2 x 2 taps.
inline void spread_taps(const Wide<float>* g, Wide<float>* to) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < 3; ++v) {
        const Wide<float> above = v == 0 ? g[0] : v == 1 ? g[0] + g[1] : g[1];
        const Wide<float> below = v == 0 ? g[2] : v == 1 ? g[2] + g[3] : g[3];
        to[v] = above;
        to[3 + v] = above + below;
        to[6 + v] = below;
    }
}

// Aᵀ m A, the 2 x 2 sums.
inline void gather(const Wide<float>* m, Wide<float>* y) {
    Wide<float> t[6];
#pragma GCC unroll 3
    for (std::size_t v = 0; v < 3; ++v) {
        t[v] = m[v] + m[3 + v];
        t[3 + v] = m[3 + v] - m[6 + v];
    }
    y[0] = t[0] + t[1];
    y[1] = t[1] - t[2];
    y[2] = t[3] + t[4];
    y[3] = t[4] - t[5];
}

// Tiles of 2 x 2 map pixels, `high` x `wide` of them cover a map.  A strip is a row of tiles of one
// image; strips are numbered through all images.
struct Tiles {
    std::size_t high, wide;
};
inline Tiles tiles_of(std::size_t rows, std::size_t cols) {
    return {pieces(rows, 2), pieces(cols, 2)};
}

// Strips [first, end).
struct Strips {
    std::size_t first, end;
};

// The tiles of `strips` strips, and a line: nine arrays a power of two apart would share the sets
// of a cache.
inline std::size_t apart_of(std::size_t strips, Tiles tiles, std::size_t channels) {
    return strips * tiles.wide * channels + line_floats;
}

// Where the pixels of a phase lie in an image: pixel (i, j) at (top + step i, left + step j), or
// outside.
struct Grid {
    std::ptrdiff_t top, left;
    std::size_t step;
};

// The `size` x `size` pixels of tile (i, j), spread, for all channels; nine arrays, `apart` apart.
template <std::size_t size>
void spread_tile(const float* image, const Image& in, const Grid& grid, std::size_t i,
                 std::size_t j, float* to, std::size_t apart) {
    constexpr std::size_t pixels = size * size;
    const std::ptrdiff_t y = grid.top + signed_size(2 * grid.step * i);
    const std::ptrdiff_t x = grid.left + signed_size(2 * grid.step * j);
    const std::ptrdiff_t height = signed_size(in.height), width = signed_size(in.width);
    std::ptrdiff_t at[pixels];
    bool on[pixels], all = true;
#pragma GCC unroll 9
    for (std::size_t t = 0; t < pixels; ++t) {
        const std::ptrdiff_t row = y + signed_size(grid.step * (t / size));
        const std::ptrdiff_t col = x + signed_size(grid.step * (t % size));
        on[t] = row >= 0 && row < height && col >= 0 && col < width;
        all = all && on[t];
        at[t] = (row * width + col) * signed_size(in.channels);
    }
    for (std::size_t c = 0; c < in.channels; c += Vector<float>::lanes) {
        Wide<float> d[pixels], spread[nine];
        if (all) {
#pragma GCC unroll 9
            for (std::size_t t = 0; t < pixels; ++t) d[t] = load(image + at[t] + c);
        } else {
            for (std::size_t t = 0; t < pixels; ++t) {
                d[t] = on[t] ? load(image + at[t] + c) : Wide<float>{};
            }
        }
        if constexpr (size == 3) {
            spread_pixels(d, spread);
        } else {
            spread_taps(d, spread);
        }
#pragma GCC unroll 9
        for (std::size_t e = 0; e < nine; ++e) store(to + e * apart + c, spread[e]);
    }
}

// All tiles of some strips: tile t of the chunk at to + t row.
template <std::size_t size>
void spread_strips(const float* images, const Image& in, const Grid& grid, Tiles tiles,
                   Strips strips, float* to, std::size_t row, std::size_t apart) {
    for (std::size_t s = strips.first; s < strips.end; ++s) {
        const float* image = images + s / tiles.high * in.height * in.width * in.channels;
        for (std::size_t j = 0; j < tiles.wide; ++j, to += row) {
            spread_tile<size>(image, in, grid, s % tiles.high, j, to, apart);
        }
    }
}

// Asks for part e of nine of the pixels that are new in each tile of some strips: while products
// are computed, what is spread or stored next is on its way.
inline void fetch_tiles(const float* images, const Image& in, const Grid& grid, Tiles tiles,
                        Strips strips, std::size_t e) {
    const std::size_t count = (strips.end - strips.first) * tiles.wide;
    for (std::size_t t = count * e / nine; t < count * (e + 1) / nine; ++t) {
        const std::size_t s = strips.first + t / tiles.wide;
        const float* image = images + s / tiles.high * in.height * in.width * in.channels;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t row = grid.step * (s % tiles.high * 2 + i / 2);
            const std::size_t col = grid.step * (t % tiles.wide * 2 + i % 2);
            const std::size_t y = above_zero(grid.top + signed_size(row));
            const std::size_t x = above_zero(grid.left + signed_size(col));
            if (y >= in.height || x >= in.width) continue;
            const float* pixel = image + (y * in.width + x) * in.channels;
            for (std::size_t c = 0; c < in.channels; c += line_floats) {
                __builtin_prefetch(pixel + c, 0, 2);
            }
        }
    }
}

// The terms of all sums along one axis of the maps: taps off the image are none.
inline std::size_t terms_along(std::size_t size, std::size_t map_size, std::size_t pad) {
    std::size_t terms = 0;
    for (std::size_t i = 0; i < map_size; ++i) {
        const Pixels taps = taps_at(i, size, 4, 2, pad);
        terms += taps.end - taps.first;
    }
    return terms;
}

// Whether these files are meant for a problem, by the shape of an image and never by how many there
// are.  Channels come in whole vectors of every instruction set, and enough of them to repay the
// spreading.  Products are three for two pixels and two for an odd one, of each of two phases and
// in both directions; there must be a quarter less of them than terms.  And a strip of a very wide
// map would not fit the second cache.
inline bool has_fewer_products(const Conv<float>& p) {
    constexpr std::size_t widest = 16, least = 32, most_wide = 128;
    if (p.filter_height != 4 || p.filter_width != 4 || p.stride != 2 || p.pad >= 4) return false;
    if (p.x_mask != nullptr || p.g_mask != nullptr) return false;
    if (p.channels % widest != 0 || p.outputs % widest != 0) return false;
    if (p.channels < least || p.outputs < least || p.map_width > 2 * most_wide) return false;
    const std::size_t products = 4 * pieces(3 * p.map_height, 2) * pieces(3 * p.map_width, 2);
    const std::size_t terms =
        terms_along(p.height, p.map_height, p.pad) * terms_along(p.width, p.map_width, p.pad);
    return 4 * products <= 3 * terms;
}

}  // namespace
