// Polygons as images of 64 x 64 pixels, by the even-odd rule and in whole numbers.
//
// A pixel is inside if the outline crosses its row an odd number of times at or to the left of its
// centre.  So each row is one word of 64 bits, and an edge that crosses the row at column c turns
// over all bits from c on.  Vertices are rounded to parts of a pixel first, and from there on all
// is exact: the bits of an image depend on nothing else.  A task is the next 16 images.
#pragma once

#include "sizes.hpp"
#include "table.hpp"

namespace {

using pydis::Outlines;

constexpr std::int32_t side = 64;
constexpr std::size_t fill_block = 16;
constexpr std::size_t most_vertices = 1024;

// Vertices farther out than this, in pixels, count as lying here, so that no product overflows.
constexpr double farthest = 128;

// floor(parts x + 1/2).
inline std::int32_t rounded(double x, std::int32_t parts) {
    x = x > -farthest ? (x < farthest ? x : farthest) : -farthest;
    const double up = static_cast<double>(parts) * x + 0.5;
    const std::int32_t whole = static_cast<std::int32_t>(up);
    return whole - (up < static_cast<double>(whole));
}

// ⌊a / b⌋ for b of either sign.
inline std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
    return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}

// Turns over, in every row that the edge crosses, the bits from the crossing on.  A row is crossed
// if its centre lies between the ends, a centre at the lower end included.
inline void cross(std::int64_t x0, std::int64_t y0, std::int64_t x1, std::int64_t y1,
                  std::int64_t above, std::int64_t below, int bits, std::uint64_t* rows) {
    const std::int64_t parts = std::int64_t{1} << bits;
    const std::int64_t half = parts / 2;
    const std::int64_t dx = x1 - x0;
    const std::int64_t dy = y1 - y0;
    for (std::int64_t row = above > 0 ? above : 0; row < below && row < side; ++row) {
        // The crossing is at x0 + (centre - y0) dx / dy, its column the first whose centre is not
        // left of that: a quotient rounded up, which is one rounded down with its sign changed.
        const std::int64_t across = (half - x0) * dy - (parts * row + half - y0) * dx;
        const std::int64_t column = -floor_quotient(across, parts * dy);
        if (column < side) rows[row] ^= ~std::uint64_t{0} << (column > 0 ? column : 0);
    }
}

inline void fill_one(const Outlines& p, std::size_t image, std::int32_t* points) {
    const double* outline = p.outlines + 2 * p.vertices * static_cast<std::size_t>(p.which[image]);
    const std::int32_t parts = 1 << p.subpixel_bits;
    std::int32_t* x = points;
    std::int32_t* y = points + most_vertices;
    std::int32_t* below = points + 2 * most_vertices;  // the first row with its centre below y
    for (std::size_t i = 0; i < p.vertices; ++i) {
        x[i] = rounded(p.centre[2 * image] + outline[i], parts);
        y[i] = rounded(p.centre[2 * image + 1] + outline[p.vertices + i], parts);
        below[i] = (y[i] + parts / 2) >> p.subpixel_bits;
    }
    std::uint64_t rows[side] = {};
    for (std::size_t i = 0; i + 1 < p.vertices; ++i) {
        if (below[i] < below[i + 1]) {
            cross(x[i], y[i], x[i + 1], y[i + 1], below[i], below[i + 1], p.subpixel_bits, rows);
        } else if (below[i] > below[i + 1]) {
            cross(x[i], y[i], x[i + 1], y[i + 1], below[i + 1], below[i], p.subpixel_bits, rows);
        }
    }
    std::uint8_t* to = p.made + side * side * image;
    for (std::size_t row = 0; row < side; ++row) {
        for (std::size_t c = 0; c < side; ++c) {
            to[side * row + c] = static_cast<std::uint8_t>(rows[row] >> c & 1);
        }
    }
}

inline void fill_task(const void* problem, std::size_t index, void* scratch) {
    const Outlines& p = *static_cast<const Outlines*>(problem);
    const std::size_t end = smaller(p.images, (index + 1) * fill_block);
    for (std::size_t i = index * fill_block; i < end; ++i) {
        fill_one(p, i, static_cast<std::int32_t*>(scratch));
    }
}

void fill_outlines(const Outlines* problem, const pydis::Engine* engine) {
    engine->run(pieces(problem->images, fill_block), &fill_task, problem,
                3 * most_vertices * sizeof(std::int32_t));
}

}  // namespace
