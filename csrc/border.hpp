// What convolutions share: parts of images with a border of zeros, and the loops that define them.
#pragma once

#include <cstdint>

#include "table.hpp"
#include "tile.hpp"

namespace {

using pydis::Conv;
using pydis::Engine;

// Rows [top, top + rows) and columns [left, left + cols) of an image, which may reach beyond it.
struct Part {
    std::ptrdiff_t top;
    std::ptrdiff_t left;
    std::size_t rows;
    std::size_t cols;
};

struct Image {
    std::size_t height;
    std::size_t width;
    std::size_t channels;
};

inline std::ptrdiff_t signed_size(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }
inline std::size_t above_zero(std::ptrdiff_t n) { return n > 0 ? static_cast<std::size_t>(n) : 0; }

// Whether a part lies within its image.
inline bool within(const Part& p, const Image& image) {
    return p.top >= 0 && p.left >= 0 && p.top + signed_size(p.rows) <= signed_size(image.height) &&
           p.left + signed_size(p.cols) <= signed_size(image.width);
}

// The map pixels of [first, end) for which tap `u` is on an axis of `size` pixels.
struct Pixels {
    std::size_t first, end;
};
inline Pixels pixels_on(std::size_t u, std::size_t size, std::size_t stride, std::size_t pad,
                        Pixels all) {
    const std::size_t reach = size + pad;
    const std::size_t on = pad > u ? pieces(pad - u, stride) : 0;
    const std::size_t off = reach > u ? pieces(reach - u, stride) : 0;
    const std::size_t first = smaller(all.end, larger(all.first, on));
    return {first, larger(first, smaller(all.end, off))};
}

// Copies a part of an image, with zeros for what is outside it or closed by the mask.
template <typename T>
void copy_part(const T* from, const T* mask, const Image& image, const Part& part, T* to) {
    const std::size_t c = image.channels;
    const std::size_t before = smaller(above_zero(-part.left), part.cols);
    const std::size_t first = above_zero(part.left);
    const std::size_t end = smaller(image.width, above_zero(part.left + signed_size(part.cols)));
    const std::size_t inside = end > first ? (end - first) * c : 0;
    for (std::size_t r = 0; r < part.rows; ++r, to += part.cols * c) {
        const std::ptrdiff_t row = part.top + signed_size(r);
        const bool outside = row < 0 || row >= signed_size(image.height) || inside == 0;
        std::size_t at = 0;
        if (!outside) {
            const std::size_t start = (static_cast<std::size_t>(row) * image.width + first) * c;
            for (; at < before * c; ++at) to[at] = T{0};
            if (mask == nullptr) {
                __builtin_memcpy(to + at, from + start, inside * sizeof(T));
            } else {
                for (std::size_t i = 0; i < inside; ++i) {
                    to[at + i] = mask[start + i] > T{0} ? from[start + i] : T{0};
                }
            }
            at += inside;
        }
        for (; at < part.cols * c; ++at) to[at] = T{0};
    }
}

// Asks for part i of n of the elements [from, from + size), which will be read soon.
template <typename T>
void fetch(const T* from, std::size_t size, std::size_t i, std::size_t n) {
    constexpr std::size_t line = 64 / sizeof(T);
    const std::size_t lines = pieces(size, line);
    for (std::size_t at = lines * i / n; at < lines * (i + 1) / n; ++at) {
        __builtin_prefetch(from + at * line, 0, 2);
    }
}

// x - x is zero for numbers alone.
template <typename T>
bool all_finite(const T* x, std::size_t n) {
    T sum{};
    for (std::size_t i = 0; i < n; ++i) sum += x[i] - x[i];
    return sum == T{0};
}

template <typename T>
T open(const T* x, const T* mask, std::size_t i) {
    return mask == nullptr || mask[i] > T{0} ? x[i] : T{0};
}

// The taps of [0, taps) that are on an axis of `size` pixels, for map pixel i.
inline Pixels taps_at(std::size_t i, std::size_t size, std::size_t taps, std::size_t stride,
                      std::size_t pad) {
    const std::size_t at = stride * i;
    const std::size_t first = pad > at ? pad - at : 0;
    const std::size_t end = size + pad > at ? smaller(taps, size + pad - at) : 0;
    return {first, larger(first, end)};
}

// Calls visit(image pixel, map pixel, tap) for every tap of every pixel that is on its image.  Taps
// outside cost nothing: a border may be far wider than the image.
template <typename T, typename Visit>
void each_tap(const Conv<T>& p, Visit visit) {
    for (std::size_t n = 0; n < p.images; ++n) {
        for (std::size_t i = 0; i < p.map_height; ++i) {
            const Pixels us = taps_at(i, p.height, p.filter_height, p.stride, p.pad);
            if (us.first == us.end) continue;
            for (std::size_t j = 0; j < p.map_width; ++j) {
                const Pixels vs = taps_at(j, p.width, p.filter_width, p.stride, p.pad);
                for (std::size_t u = us.first; u < us.end; ++u) {
                    for (std::size_t v = vs.first; v < vs.end; ++v) {
                        const std::size_t h = p.stride * i + u - p.pad;
                        const std::size_t w = p.stride * j + v - p.pad;
                        visit((n * p.height + h) * p.width + w,
                              (n * p.map_height + i) * p.map_width + j, u * p.filter_width + v);
                    }
                }
            }
        }
    }
}

// Geometry that nobody trains with: a border of whole filters, strides over most of the image, and
// arrays without channels, whose other sizes no memory bounds.
template <typename T>
bool is_odd(const Conv<T>& p) {
    return p.pad >= smaller(p.filter_height, p.filter_width) || p.stride > 16 || p.channels == 0 ||
           p.outputs == 0;
}

// The kernels multiply the border's zeros too, and 0 times infinity is not a number.  Where an
// infinity may meet the border, these loops over the taps inside the image are taken instead.
enum class Slot { image, filter, map };

template <Slot made, typename T>
void by_definition(const Conv<T>& p) {
    const std::size_t c = p.channels;
    const std::size_t o = p.outputs;
    const std::size_t taps = p.filter_height * p.filter_width;
    const std::size_t channels = made == Slot::image ? c : o;
    const std::size_t size = made == Slot::image ? p.images * p.height * p.width * c
                             : made == Slot::map ? p.images * p.map_height * p.map_width * o
                                                 : taps * c * o;
    for (std::size_t i = 0; i < size; ++i) p.made[i] = T{0};
    const auto add = [&](std::size_t image, std::size_t map, std::size_t tap) {
        for (std::size_t a = 0; a < c; ++a) {
            for (std::size_t b = 0; b < o; ++b) {
                const std::size_t x = image * c + a;
                const std::size_t w = (tap * c + a) * o + b;
                const std::size_t g = map * o + b;
                if constexpr (made == Slot::image) {
                    p.made[x] = multiply_add(p.w[w], open(p.g, p.g_mask, g), p.made[x]);
                } else if constexpr (made == Slot::map) {
                    p.made[g] = multiply_add(open(p.x, p.x_mask, x), p.w[w], p.made[g]);
                } else {
                    const T left = open(p.x, p.x_mask, x);
                    p.made[w] = multiply_add(left, open(p.g, p.g_mask, g), p.made[w]);
                }
            }
        }
    };
    if (c > 0 && o > 0) each_tap(p, add);
    for (std::size_t i = 0; i < size; ++i) {
        p.made[i] += T{0};  // no -0, as in tile.hpp
        if (p.bias != nullptr) p.made[i] += p.bias[i % channels];
        if (p.activate && p.made[i] < T{0}) {
            p.made[i] = p.slope == T{0} ? T{0} : p.slope * p.made[i];
        }
        if (p.behind != nullptr && !(p.behind[i] > T{0})) {
            p.made[i] = p.slope == T{0} ? T{0} : p.slope * p.made[i];
        }
    }
}

}  // namespace
