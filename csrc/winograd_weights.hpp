// conv2d_w of 4 x 4 filters in steps of two, by winograd.hpp.
//
// The two taps of a phase are two neighbouring sums too, of the map's pixels as a filter over the
// image's:  w0 = d0 g0 + d1 g1,  w1 = d1 g0 + d2 g1.  So tiles of 2 x 2 map pixels are spread like
// taps, the nine products have all tiles of all maps as their depth, and the sums are gathered
// once.
//
// A task is a row of phases and a group of images, cut by the shape; the groups are added in order.
#pragma once

#include "winograd.hpp"

namespace {

struct WeightProducts {
    const Conv<float>* p;
    Tiles tiles;
    std::size_t groups;
    std::size_t strips;  // spread at once
    float* partial;      // [groups, 4 phases, 9, channels, outputs]
};

constexpr std::size_t weight_groups = 4;
// Of a group, at least.  Fewer do not repay that the groups' sums are added and gathered, and leave
// sums of so few terms that the numbers spread with them weigh more.
constexpr std::size_t group_tiles = 128;
// More than in winograd_maps.hpp: the sums come and go once for each chunk.
constexpr std::size_t weight_tiles = 96;

// The tiles of a chunk that product (u, v) has a part in.  At an odd end of the maps a tile has one
// row or column of pixels, and those of u = 2 or v = 2 are zeros: columns are left out, and rows
// where the chunk is whole images.
inline Depth depth_of(const WeightProducts& q, Strips strips, std::size_t e) {
    const Conv<float>& p = *q.p;
    const std::size_t u = e / 3, v = e % 3, high = q.tiles.high, wide = q.tiles.wide;
    const std::size_t a = p.channels, b = p.outputs, count = strips.end - strips.first;
    const std::size_t cols = v == 2 ? p.map_width / 2 : wide;
    const std::size_t rows = u == 2 && count % high == 0 ? p.map_height / 2 : high;
    if (rows == high && cols == wide) return {count * wide, a, b};  // one run
    if (rows == high) return {cols, a, b, count, wide * a, wide * b};
    const std::size_t images = count / high, a_image = high * wide * a, b_image = high * wide * b;
    return {cols, a, b, rows, wide * a, wide * b, images, a_image, b_image};
}

// One chunk's products added to the sums [channels, outputs] of one of the nine.
inline void add_products(const Conv<float>& p, const float* pixels, const float* maps,
                         const Depth& d, bool first, float* sums) {
    constexpr std::size_t width = panel_width<float>;
    const Finish<float> finish{nullptr, first, false, false, 0.0f};
    for (std::size_t j0 = 0; j0 < p.outputs; j0 += width) {
        const std::size_t cols = smaller(width, p.outputs - j0);
        for (std::size_t i = 0; i < p.channels; i += tile_rows) {
            const std::size_t rows = smaller(tile_rows, p.channels - i);
            const float* a[tile_rows];
            float* c[tile_rows];
            for (std::size_t r = 0; r < rows; ++r) {
                a[r] = pixels + i + r;
                c[r] = sums + (i + r) * p.outputs + j0;
            }
            panel_tile(rows, a, maps + j0, d, c, cols, finish);
        }
    }
}

inline void weight_products_task(const void* problem, std::size_t index, void* scratch) {
    const WeightProducts& q = *static_cast<const WeightProducts*>(problem);
    const Conv<float>& p = *q.p;
    const std::size_t group = index / 2, row = index % 2;
    const std::size_t from = group * p.images / q.groups * q.tiles.high;
    const std::size_t to = (group + 1) * p.images / q.groups * q.tiles.high;
    const std::ptrdiff_t pad = signed_size(p.pad);
    const Grid map{0, 0, 1};
    const Image x_image{p.height, p.width, p.channels};
    const Image g_image{p.map_height, p.map_width, p.outputs};
    const std::size_t x_apart = apart_of(q.strips, q.tiles, p.channels);
    const std::size_t g_apart = apart_of(q.strips, q.tiles, p.outputs);
    const std::size_t size = p.channels * p.outputs;
    float* pixels = static_cast<float*>(scratch);
    float* maps = pixels + nine * x_apart;
    float* sums = q.partial + index * 2 * nine * size;
    for (std::size_t s = from; s < to; s += q.strips) {
        const Strips strips{s, smaller(to, s + q.strips)};
        const Strips next{strips.end, smaller(to, strips.end + q.strips)};
        spread_strips<2>(p.g, g_image, map, q.tiles, strips, maps, p.outputs, g_apart);
        for (std::size_t col = 0; col < 2; ++col) {
            const Grid image{signed_size(row) - pad, signed_size(col) - pad, 2};
            spread_strips<3>(p.x, x_image, image, q.tiles, strips, pixels, p.channels, x_apart);
            for (std::size_t e = 0; e < nine; ++e) {
                fetch_tiles(p.x, x_image, image, q.tiles, next, e);
                if (col == 0) fetch_tiles(p.g, g_image, map, q.tiles, next, e);
                add_products(p, pixels + e * x_apart, maps + e * g_apart, depth_of(q, strips, e),
                             s == from, sums + (col * nine + e) * size);
            }
        }
    }
}

// One channel of one phase: the groups added, gathered and stored as taps.
inline void gather_weights(const void* problem, std::size_t index, void*) {
    const WeightProducts& q = *static_cast<const WeightProducts*>(problem);
    const Conv<float>& p = *q.p;
    constexpr std::size_t lanes = Vector<float>::lanes;
    const std::size_t phase = index % 4, c = index / 4;
    const std::size_t size = p.channels * p.outputs;
    for (std::size_t o = 0; o < p.outputs; o += lanes) {
        const float* from = q.partial + phase * nine * size + c * p.outputs + o;
        Wide<float> m[nine], y[4];
        for (std::size_t e = 0; e < nine; ++e) {
            m[e] = load(from + e * size);
            for (std::size_t group = 1; group < q.groups; ++group) {
                m[e] += load(from + (group * 4 * nine + e) * size);
            }
        }
        gather(m, y);
        for (std::size_t t = 0; t < 4; ++t) {
            const std::size_t u = t / 2 * 2 + phase / 2, v = t % 2 * 2 + phase % 2;
            store(p.made + (u * 4 + v) * size + c * p.outputs + o, y[t] + Wide<float>{});
        }
    }
}

// False where this is not meant for it, or where a sum was not finite: then the direct way has to
// say what it is.
inline bool weigh_by_products(const Conv<float>& p, const Engine* engine) {
    const Tiles tiles = tiles_of(p.map_height, p.map_width);
    const std::size_t all = p.images * tiles.high * tiles.wide;
    if (all < group_tiles || !has_fewer_products(p)) return false;
    const std::size_t groups = smaller(p.images, smaller(weight_groups, all / group_tiles));
    WeightProducts q{&p, tiles, groups, larger(1, weight_tiles / tiles.wide), nullptr};
    if (q.strips > tiles.high) q.strips -= q.strips % tiles.high;  // whole images
    const std::size_t size = p.channels * p.outputs;
    const std::size_t tasks = 2 * q.groups;
    q.partial = static_cast<float*>(engine->workspace(2 * tasks * nine * size * sizeof(float)));
    const std::size_t scratch =
        nine * apart_of(q.strips, tiles, p.channels) + nine * apart_of(q.strips, tiles, p.outputs);
    engine->run(tasks, &weight_products_task, &q, scratch * sizeof(float));
    engine->run(4 * p.channels, &gather_weights, &q, 0);
    return all_finite(p.made, 16 * size);
}

inline bool weigh_by_products(const Conv<double>&, const Engine*) { return false; }

}  // namespace
