// One step of Adam in one pass: θ, g, m and v are read once, θ', m' and v' written once.
//
// The formula by itself is a dozen passes over memory, because each of its operations writes an
// array that the next one reads.  Here a vector of weights goes through all of them in registers.
// Every weight is alone, so neither threads nor the width of a vector change a bit.  A task is the
// next 16384 weights of an array, which has fewer only at its end.
#pragma once

#include "sizes.hpp"
#include "table.hpp"
#include "vector.hpp"

namespace {

using pydis::Adam;
using pydis::Engine;

constexpr std::size_t adam_block = 16384;

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

template <typename T>
inline typename Vector<T>::type root_of(typename Vector<T>::type x) {
    typename Vector<T>::type y;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Vector<T>::lanes; ++i) y[i] = root(x[i]);
    return y;
}

template <typename T>
void adam_task(const void* problem, std::size_t index, void*) {
    const Adam<T>& p = *static_cast<const Adam<T>*>(problem);
    const std::size_t end = smaller(p.size, (index + 1) * adam_block);
    constexpr std::size_t lanes = Vector<T>::lanes;
    for (std::size_t i = index * adam_block; i < end; i += lanes) {
        const bool all = i + lanes <= end;
        const auto g = load_some(p.g, i, end, all);
        const auto m =
            multiply_add<T>(wide<T>(p.beta1), load_some(p.mean, i, end, all), p.rest1 * g);
        const auto v =
            multiply_add<T>(wide<T>(p.beta2), load_some(p.square, i, end, all), p.rest2 * (g * g));
        const auto step = p.rate * m / (root_of<T>(p.scale * v) + p.epsilon);
        store_some(p.new_mean, i, end, all, m);
        store_some(p.new_square, i, end, all, v);
        store_some(p.new_theta, i, end, all, load_some(p.theta, i, end, all) - step);
    }
}

template <typename T>
void adam(const Adam<T>* problem, const Engine* engine) {
    engine->run(pieces(problem->size, adam_block), &adam_task<T>, problem, 0);
}

}  // namespace
