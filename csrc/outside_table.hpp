// The problems that stand outside of every graph: the update of weights, the images of a data set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pydis {

// One step of Adam for `size` weights:
//   m' = beta1 m + rest1 g,  v' = beta2 v + rest2 g²,  θ' = θ - rate m' / (√(scale v') + epsilon).
template <typename T>
struct Adam {
    const T* theta;
    const T* g;
    const T* mean;
    const T* square;
    T* new_theta;
    T* new_mean;
    T* new_square;
    std::size_t size;
    T rate;
    T scale;
    T beta1;
    T rest1;
    T beta2;
    T rest2;
    T epsilon;
};

// `images` images of 64 x 64 pixels, each a closed outline moved to its place and filled.
//   outlines [any, 2, vertices]: the x of all vertices, then their y; the last vertex is the first.
//   which [images] < any;  centre [images, 2] in pixels;  made [images, 64, 64] of zeros and ones.
struct Outlines {
    const double* outlines;
    const std::int64_t* which;
    const double* centre;
    std::uint8_t* made;
    std::size_t images;
    std::size_t vertices;
    int subpixel_bits;  // vertices are rounded to multiples of 1 / 2^subpixel_bits
};

}  // namespace pydis
