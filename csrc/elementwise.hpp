// Functions of one element at a time, over chunks of an array: each chunk is a task.
//
// The chunk is a fixed number of elements, small enough for its input and output to stay in the
// first cache.  Elements are independent, so chunks and vectors may be cut anywhere.
#pragma once

#include "math.hpp"
#include "table.hpp"

namespace {

using pydis::Engine;
using pydis::Function;
using pydis::Map;

constexpr std::size_t chunk = 8192;

template <typename T, Function function>
inline Wide<T> value(Wide<T> x, Wide<T> y, T slope) {
    if constexpr (function == Function::exp) return exp<T>(x);
    if constexpr (function == Function::log) return log<T>(x);
    if constexpr (function == Function::sigmoid) return sigmoid<T>(x);
    if constexpr (function == Function::softplus) return softplus<T>(x);
    if constexpr (function == Function::relu) return x < Wide<T>{} ? Wide<T>{} : x;
    if constexpr (function == Function::leaky_relu) return x > Wide<T>{} ? x : slope * x;
    // Shut by zero and by what is not a number; without a slope it lets 0 through, whatever comes.
    return pass<T>(x, y, slope);
}

template <typename T, Function function>
void map_chunk(const void* problem, std::size_t index, void*) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    const Map<T>& p = *static_cast<const Map<T>*>(problem);
    const std::size_t begin = index * chunk;
    const std::size_t count = p.count - begin < chunk ? p.count - begin : chunk;
    const T* x = p.x + begin;
    const T* y = function == Function::gate ? p.y + begin : x;
    T* z = p.z + begin;
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        store(z + i, value<T, function>(load(x + i), load(y + i), p.slope));
    }
    if (i < count) {
        const Wide<T> last = value<T, function>(load_some(x, i, count, false),
                                                load_some(y, i, count, false), p.slope);
        store_some(z, i, count, false, last);
    }
}

template <typename T>
void map(const Map<T>* problem, const Engine* engine) {
    pydis::Task* task = nullptr;
    switch (problem->function) {
        case Function::exp:
            task = &map_chunk<T, Function::exp>;
            break;
        case Function::log:
            task = &map_chunk<T, Function::log>;
            break;
        case Function::sigmoid:
            task = &map_chunk<T, Function::sigmoid>;
            break;
        case Function::softplus:
            task = &map_chunk<T, Function::softplus>;
            break;
        case Function::relu:
            task = &map_chunk<T, Function::relu>;
            break;
        case Function::leaky_relu:
            task = &map_chunk<T, Function::leaky_relu>;
            break;
        case Function::gate:
            task = &map_chunk<T, Function::gate>;
            break;
    }
    engine->run((problem->count + chunk - 1) / chunk, task, problem, 0);
}

}  // namespace
