// conv2d and conv2d_x of 4 x 4 filters in steps of two, by winograd.hpp.
//
// conv2d reads four phases of its image and adds what they give: the depth of its nine products is
// the channels of all four.  conv2d_x makes four phases of its image, each from the maps.
#pragma once

#include "winograd.hpp"

namespace {

// One correlation as nine products.  What is read are `parts` grids of `in`, the depth of the
// products; what is made are `phases(k)` grids of `out`.
struct Products {
    const Correlation<float>* k;
    Tiles tiles;
    std::size_t parts;
    std::size_t depth;   // parts times the channels of `in`
    std::size_t strips;  // of a task
    float* filters;      // [phases, nine, panels, depth, panel width]
    float* odd;          // for each task, not zero where a sum was not finite
};

// Of one phase.
inline std::size_t filters_size(const Products& q) {
    return nine * q.k->panels * q.depth * panel_width<float>;
}

// Grid number `part` that phase f reads.
inline Grid grid_of(const Products& q, const Phase& f, std::size_t part) {
    if (q.k->reversed) return {f.top, f.left, 1};
    return {f.top + signed_size(part / 2), f.left + signed_size(part % 2), 2};
}

// The 2 x 2 taps that a phase and a part meet, spread: a panel of their output channels a task.
inline void spread_filters(const void* problem, std::size_t index, void* scratch) {
    const Products& q = *static_cast<const Products*>(problem);
    const Correlation<float>& k = *q.k;
    const Conv<float>& p = *k.p;
    constexpr std::size_t width = panel_width<float>, lanes = Vector<float>::lanes;
    const std::size_t a = index / k.panels, panel = index % k.panels, j0 = panel * width;
    const std::size_t cols = smaller(width, k.out.channels - j0), depth = k.in.channels;
    float* rows = static_cast<float*>(scratch);  // [4, depth, width]
    for (std::size_t t = 0; t < 4; ++t, rows += depth * width) {
        const std::size_t u = k.reversed ? 1 - t / 2 : t / 2, v = k.reversed ? 1 - t % 2 : t % 2;
        const std::size_t place = (2 * u + a / 2) * 4 + 2 * v + a % 2;
        const float* tap = p.w + place * p.channels * p.outputs;
        if (k.reversed) {
            transpose(tap + j0 * p.outputs, p.outputs, cols, depth, rows, width);
            continue;
        }
        for (std::size_t c = 0; c < depth; ++c) {
            __builtin_memcpy(rows + c * width, tap + c * p.outputs + j0, cols * sizeof(float));
        }
    }
    const std::size_t phase = k.reversed ? a : 0, part = k.reversed ? 0 : a;
    float* to = q.filters + phase * filters_size(q) + (panel * q.depth + part * depth) * width;
    rows = static_cast<float*>(scratch);
    for (std::size_t c = 0; c < depth; ++c, rows += width, to += width) {
        for (std::size_t j = 0; j < cols; j += lanes) {
            Wide<float> g[4], spread[nine];
            for (std::size_t t = 0; t < 4; ++t) g[t] = load(rows + t * depth * width + j);
            spread_taps(g, spread);
            for (std::size_t e = 0; e < nine; ++e) {
                store(to + e * k.panels * q.depth * width + j, spread[e]);
            }
        }
    }
}

// The tiles of a chunk of which product (u, v) is wanted: at an odd end of a phase a tile has one
// row or column of pixels, which the products of u = 2 or v = 2 have no part in.
inline std::size_t wanted(const Products& q, const Phase& f, Strips strips, std::size_t e,
                          std::size_t* which) {
    const std::size_t u = e / 3, v = e % 3;
    std::size_t count = 0, tile = 0;
    for (std::size_t s = strips.first; s < strips.end; ++s) {
        const bool row = s % q.tiles.high * 2 + u / 2 < f.rows;
        for (std::size_t j = 0; j < q.tiles.wide; ++j, ++tile) {
            if (row && 2 * j + v / 2 < f.cols) which[count++] = tile;
        }
    }
    return count;
}

// One of the nine products, of `count` tiles of a chunk.
inline void multiply(const Products& q, const float* spread, const float* filters,
                     const std::size_t* which, std::size_t count, float* sums) {
    constexpr std::size_t width = panel_width<float>;
    const std::size_t outputs = q.k->out.channels;
    const Finish<float> finish{nullptr, true, false, false, 0.0f};
    const Depth d{q.depth, 1, width};
    for (std::size_t j0 = 0; j0 < outputs; j0 += width, filters += q.depth * width) {
        const std::size_t cols = smaller(width, outputs - j0);
        for (std::size_t t = 0; t < count; t += tile_rows) {
            const std::size_t rows = smaller(tile_rows, count - t);
            const float* a[tile_rows];
            float* c[tile_rows];
            for (std::size_t r = 0; r < rows; ++r) {
                a[r] = spread + which[t + r] * q.depth;
                c[r] = sums + which[t + r] * outputs + j0;
            }
            panel_tile(rows, a, filters, d, c, cols, finish);
        }
    }
}

// The sums of tile (i, j) gathered, finished and stored; returns zero if they all were finite.
inline Wide<float> finish_tile(const Correlation<float>& k, const Phase& f, std::size_t n,
                               std::size_t i, std::size_t j, const float* sums, std::size_t apart) {
    const Conv<float>& p = *k.p;
    constexpr std::size_t lanes = Vector<float>::lanes;
    const std::size_t channels = k.out.channels;
    std::size_t at[4];
    bool on[4];
#pragma GCC unroll 4
    for (std::size_t t = 0; t < 4; ++t) {
        const std::size_t row = 2 * i + t / 2, col = 2 * j + t % 2;
        const std::size_t h = f.row0 + k.out_step * row, w = f.col0 + k.out_step * col;
        on[t] = row < f.rows && col < f.cols;
        at[t] = ((n * k.out.height + h) * k.out.width + w) * channels;
    }
    Wide<float> odd{};
    for (std::size_t c = 0; c < channels; c += lanes) {
        Wide<float> m[nine], y[4];
#pragma GCC unroll 9
        for (std::size_t e = 0; e < nine; ++e) m[e] = load(sums + e * apart + c);
        gather(m, y);
#pragma GCC unroll 4
        for (std::size_t t = 0; t < 4; ++t) {
            if (!on[t]) continue;
            Wide<float> sum = y[t] + Wide<float>{};              // no -0, as in tile.hpp
            odd = multiply_add<float>(sum, Wide<float>{}, odd);  // zero but for what is not finite
            if (p.bias != nullptr) sum += load(p.bias + c);
            if (p.activate) sum = bend<float>(sum, p.slope);
            if (p.behind != nullptr) sum = pass<float>(sum, load(p.behind + at[t] + c), p.slope);
            store(p.made + at[t] + c, sum);
        }
    }
    return odd;
}

inline std::size_t spread_apart(const Products& q) { return apart_of(q.strips, q.tiles, q.depth); }
inline std::size_t sums_apart(const Products& q) {
    return apart_of(q.strips, q.tiles, q.k->out.channels);
}

inline Strips strips_of(const Products& q, std::size_t task) {
    const std::size_t all = q.k->p->images * q.tiles.high;
    return {smaller(all, task * q.strips), smaller(all, (task + 1) * q.strips)};
}

// Two threads take tasks in turn: the one after next is likely this thread's own.
constexpr std::size_t tasks_ahead = 2;

// Asks for part e of what a phase stores and what it reads behind, and of what the next task reads.
inline void fetch_for(const Products& q, const Phase& f, Strips strips, Strips next,
                      std::size_t e) {
    const Correlation<float>& k = *q.k;
    const Grid made{signed_size(f.row0), signed_size(f.col0), k.out_step};
    fetch_tiles(k.p->made, k.out, made, q.tiles, strips, e);
    if (k.p->behind != nullptr) fetch_tiles(k.p->behind, k.out, made, q.tiles, strips, e);
    for (std::size_t part = 0; part < q.parts; ++part) {
        fetch_tiles(k.input, k.in, grid_of(q, f, part), q.tiles, next, e);
    }
}

inline void products_task(const void* problem, std::size_t index, void* scratch) {
    const Products& q = *static_cast<const Products*>(problem);
    const Correlation<float>& k = *q.k;
    const Strips strips = strips_of(q, index);
    float* spread = static_cast<float*>(scratch);
    float* sums = spread + nine * spread_apart(q);
    auto* which = reinterpret_cast<std::size_t*>(sums + nine * sums_apart(q));
    const Strips next = strips_of(q, index + tasks_ahead);
    Wide<float> odd{};
    for (std::size_t phase = 0; phase < phases(k); ++phase) {
        const Phase f = phase_of(k, phase);
        for (std::size_t part = 0; part < q.parts; ++part) {
            spread_strips<3>(k.input, k.in, grid_of(q, f, part), q.tiles, strips,
                             spread + part * k.in.channels, q.depth, spread_apart(q));
        }
        const float* filters = q.filters + phase * filters_size(q);
        for (std::size_t e = 0; e < nine; ++e) {
            fetch_for(q, f, strips, next, e);
            multiply(q, spread + e * spread_apart(q), filters + e * filters_size(q) / nine, which,
                     wanted(q, f, strips, e, which), sums + e * sums_apart(q));
        }
        const float* from = sums;
        for (std::size_t s = strips.first; s < strips.end; ++s) {
            for (std::size_t j = 0; j < q.tiles.wide; ++j, from += k.out.channels) {
                odd +=
                    finish_tile(k, f, s / q.tiles.high, s % q.tiles.high, j, from, sums_apart(q));
            }
        }
    }
    float sum = 0;
    for (std::size_t i = 0; i < Vector<float>::lanes; ++i) sum += odd[i];
    q.odd[index] = sum;
}

// False where this is not meant for it, or where a sum was not finite: then the direct way has to
// say what it is.
inline bool correlate_by_products(Correlation<float>& k, const Engine* engine) {
    if (!has_fewer_products(*k.p)) return false;
    k.panels = pieces(k.out.channels, panel_width<float>);
    const std::size_t step = k.out_step;
    const Tiles tiles = tiles_of(pieces(k.out.height, step), pieces(k.out.width, step));
    const std::size_t parts = k.reversed ? 1 : 4;
    Products q{&k,      tiles,  parts, parts * k.in.channels, larger(1, chunk_tiles / tiles.wide),
               nullptr, nullptr};
    const std::size_t tasks = pieces(k.p->images * tiles.high, q.strips);
    const std::size_t filters = phases(k) * filters_size(q);
    q.filters = static_cast<float*>(engine->workspace((filters + tasks) * sizeof(float)));
    q.odd = q.filters + filters;
    engine->run(4 * k.panels, &spread_filters, &q,
                4 * k.in.channels * panel_width<float> * sizeof(float));
    const std::size_t which = q.strips * tiles.wide * sizeof(std::size_t);
    engine->run(tasks, &products_task, &q,
                nine * (spread_apart(q) + sums_apart(q)) * sizeof(float) + which);
    for (std::size_t i = 0; i < tasks; ++i) {
        if (q.odd[i] != 0.0f) return false;
    }
    return true;
}

inline bool correlate_by_products(Correlation<double>&, const Engine*) { return false; }

}  // namespace
