// The Bernoulli's log-likelihood from logits, and its slope, each in one pass over the bits.
//
//     log p(x) = Σ_j (x_j l_j - softplus(l_j)),      ∂/∂l_j = x_j - sigmoid(l_j)
//
// A row is summed in groups of 1024 bits, each over sixteen lanes (sixteen.hpp), and the groups one
// after the other: no sum has a chain much longer than 64, and its bits depend on the row alone.
// A task is whole rows, as many as have 16384 bits together, and one where a row is longer.
#pragma once

#include "math.hpp"
#include "sixteen.hpp"
#include "sizes.hpp"
#include "table.hpp"

namespace {

using pydis::Bernoulli;

constexpr std::size_t bernoulli_group = 1024;
constexpr std::size_t bernoulli_task = 16384;

template <typename T>
inline Wide<T> bernoulli_term(Wide<T> x, Wide<T> logit) {
    return multiply_add<T>(x, logit, -softplus<T>(logit));
}

// The sum of up to 1024 terms; those beyond the end of the last sixteen are zero.
template <typename T>
T bernoulli_sum(const T* x, const T* logits, std::size_t count) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    Sixteen<T> sum;
    std::size_t j = 0;
    for (; j + sixteen <= count; j += sixteen) {
        for (std::size_t p = 0; p < sixteen_parts<T>; ++p) {
            const std::size_t at = j + p * lanes;
            sum.part[p] += bernoulli_term<T>(load(x + at), load(logits + at));
        }
    }
    for (std::size_t p = 0; p < sixteen_parts<T> && j + p * lanes < count; ++p) {
        const std::size_t at = j + p * lanes;
        T term[lanes];
        store(term, bernoulli_term<T>(load_some(x, at, count, false),
                                      load_some(logits, at, count, false)));
        sum.part[p] += load_some(term, 0, smaller(lanes, count - at), false);
    }
    return sum.total();
}

// How many rows make a task.
template <typename T>
std::size_t bernoulli_rows(const Bernoulli<T>& p) {
    return larger(1, bernoulli_task / larger(1, p.cols));
}

template <typename T>
void bernoulli_rows_task(const void* problem, std::size_t index, void*) {
    const Bernoulli<T>& p = *static_cast<const Bernoulli<T>*>(problem);
    const std::size_t first = index * bernoulli_rows(p);
    const std::size_t end = smaller(p.rows, first + bernoulli_rows(p));
    for (std::size_t i = first; i < end; ++i) {
        T total = 0;
        for (std::size_t j = 0; j < p.cols; j += bernoulli_group) {
            const std::size_t at = i * p.cols + j;
            total += bernoulli_sum(p.x + at, p.logits + at, smaller(bernoulli_group, p.cols - j));
        }
        p.made[i] = total;
    }
}

template <typename T>
void bernoulli(const Bernoulli<T>* p, const pydis::Engine* engine) {
    engine->run(pieces(p->rows, bernoulli_rows(*p)), &bernoulli_rows_task<T>, p, 0);
}

template <typename T>
void bernoulli_slope_task(const void* problem, std::size_t index, void*) {
    const Bernoulli<T>& p = *static_cast<const Bernoulli<T>*>(problem);
    constexpr std::size_t lanes = Vector<T>::lanes;
    const std::size_t first = index * bernoulli_rows(p);
    const std::size_t end = smaller(p.rows, first + bernoulli_rows(p));
    for (std::size_t i = first; i < end; ++i) {
        const T* x = p.x + i * p.cols;
        const T* logits = p.logits + i * p.cols;
        T* made = p.made + i * p.cols;
        for (std::size_t j = 0; j < p.cols; j += lanes) {
            const bool all = j + lanes <= p.cols;
            const Wide<T> slope =
                load_some(x, j, p.cols, all) - sigmoid<T>(load_some(logits, j, p.cols, all));
            store_some(made, j, p.cols, all, p.g[i] * slope);
        }
    }
}

template <typename T>
void bernoulli_slope(const Bernoulli<T>* p, const pydis::Engine* engine) {
    if (p->cols == 0) return;
    engine->run(pieces(p->rows, bernoulli_rows(*p)), &bernoulli_slope_task<T>, p, 0);
}

}  // namespace
