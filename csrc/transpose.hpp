// Transposition of a matrix in squares of lanes x lanes, each inside the registers.
//
// Eklundh's method: for s = 1, 2, 4, ... exchange, in every pair of rows i and i + s, the lanes
// of i with bit s for the lanes of i + s without it.  After all bits the square is transposed.
#pragma once

#include <utility>

#include "vector.hpp"

namespace {

// Lane j of the lower and of the upper row of a pair, as an index into the two of them.
constexpr int lower_lane(int j, int s, int lanes) { return (j & s) ? lanes + j - s : j; }
constexpr int upper_lane(int j, int s, int lanes) { return (j & s) ? lanes + j : j + s; }

template <int S, typename V, int... J>
inline void exchange(V& lower, V& upper, std::integer_sequence<int, J...>) {
    constexpr int lanes = sizeof...(J);
    const V a = lower;
    const V b = upper;
    lower = __builtin_shufflevector(a, b, lower_lane(J, S, lanes)...);
    upper = __builtin_shufflevector(a, b, upper_lane(J, S, lanes)...);
}

template <typename T, int S = 1>
inline void transpose_square(typename Vector<T>::type* rows) {
    constexpr int lanes = Vector<T>::lanes;
    if constexpr (S < lanes) {
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) {
            if (i & S) continue;
            exchange<S>(rows[i], rows[i + S], std::make_integer_sequence<int, lanes>{});
        }
        transpose_square<T, 2 * S>(rows);
    }
}

// to[j * to_row + i] = from[i * from_row + j], for i < rows and j < cols.  Whole squares of `to`
// are written: zeros stand where i is from `rows` to the next multiple of the lanes (`to_row` is
// at least that multiple).
template <typename T>
void transpose(const T* from, std::size_t from_row, std::size_t rows, std::size_t cols, T* to,
               std::size_t to_row) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    for (std::size_t i0 = 0; i0 < to_row; i0 += lanes) {
        std::size_t j0 = 0;
        for (; i0 + lanes <= rows && j0 + lanes <= cols; j0 += lanes) {
            typename Vector<T>::type square[lanes];
#pragma GCC unroll 16
            for (std::size_t i = 0; i < lanes; ++i)
                square[i] = load(from + (i0 + i) * from_row + j0);
            transpose_square<T>(square);
#pragma GCC unroll 16
            for (std::size_t j = 0; j < lanes; ++j) store(to + (j0 + j) * to_row + i0, square[j]);
        }
        for (; j0 < cols; ++j0) {
            for (std::size_t i = i0; i < i0 + lanes; ++i) {
                to[j0 * to_row + i] = i < rows ? from[i * from_row + j0] : T{0};
            }
        }
    }
}

}  // namespace
