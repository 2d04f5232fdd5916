// Sums over sixteen lanes, in as many registers as these need: element i goes to lane i mod 16,
// and the lanes are added in a tree.  So a sum has the same bits at every width of a vector.
#pragma once

#include "vector.hpp"

namespace {

constexpr std::size_t sixteen = 16;

template <typename T>
constexpr std::size_t sixteen_parts = sixteen / Vector<T>::lanes;

template <typename T>
struct Sixteen {
    typename Vector<T>::type part[sixteen_parts<T>] = {};

    T total() const {
        T lane[sixteen];
        for (std::size_t p = 0; p < sixteen_parts<T>; ++p)
            store(lane + p * Vector<T>::lanes, part[p]);
        for (std::size_t width = sixteen / 2; width > 0; width /= 2) {
            for (std::size_t i = 0; i < width; ++i) lane[i] += lane[i + width];
        }
        return lane[0];
    }

    // The largest of the numbers that are numbers; -∞ if there are none.
    void keep_larger(std::size_t p, typename Vector<T>::type x) {
        part[p] = x > part[p] ? x : part[p];
    }
    T largest() const {
        T lane[sixteen];
        for (std::size_t p = 0; p < sixteen_parts<T>; ++p)
            store(lane + p * Vector<T>::lanes, part[p]);
        T found = lane[0];
        for (std::size_t i = 1; i < sixteen; ++i) found = lane[i] > found ? lane[i] : found;
        return found;
    }
};

}  // namespace
