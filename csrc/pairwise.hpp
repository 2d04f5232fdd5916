// Every draw under every Gaussian, without an array of all pairs:
//
//     t_ijd = log N(z_id; mean_jd, var_jd) = -½ [(z_id - mean_jd)² / var_jd + log var_jd + log 2π]
//     log Σ_j exp t_ijd  for every coordinate d,  and  log Σ_j exp Σ_d t_ijd  for all together.
//
// The Gaussians are turned first, so that a coordinate of all of them is one run of memory and the
// sum over j goes through vectors.  One draw at a time is then held against all Gaussians.  As in
// the definition the largest exponent is taken out of each sum.  The runs are filled up to a
// multiple of sixteen with Gaussians under which nothing is possible: their t is -∞.
#pragma once

#include "math.hpp"
#include "sixteen.hpp"
#include "sizes.hpp"
#include "table.hpp"

namespace {

using pydis::Engine;
using pydis::Pairwise;

constexpr std::size_t pairwise_draws = 4;  // of one task
constexpr double log_two_pi = 1.8378770664093454836;

// The Gaussians by coordinate, and what is added up: rows of `padded` numbers.
template <typename T>
struct Turned {
    const Pairwise<T>* p;
    T* mean;
    T* precision;  // 1 / var
    T* constant;   // log var + log 2π
    std::size_t padded;
    T* sums;  // of the slopes only: two arrays for each group of draws
    std::size_t groups;
    std::size_t stride;  // from one array to the next
};

template <typename T>
void turn_task(const void* problem, std::size_t d, void*) {
    const Turned<T>& k = *static_cast<const Turned<T>*>(problem);
    constexpr std::size_t lanes = Vector<T>::lanes;
    const std::size_t row = d * k.padded;
    for (std::size_t j = 0; j < k.padded; ++j) {
        const bool real = j < k.p->gaussians;
        const std::size_t from = j * k.p->dims + d;
        k.mean[row + j] = real ? k.p->mean[from] : T{0};
        k.precision[row + j] = real ? -k.p->log_variance[from] : T{0};
        k.constant[row + j] = real ? k.p->log_variance[from] + static_cast<T>(log_two_pi)
                                   : static_cast<T>(__builtin_inf());
    }
    for (std::size_t j = 0; j < k.padded; j += lanes) {
        store(k.precision + row + j, exp<T>(load(k.precision + row + j)));
    }
}

// Rows that lie a multiple of 4096 bytes apart share a line of the first cache, and a load waits
// for a store that it takes for its own: arrays begin a little later than that.
constexpr std::size_t stagger = 9 * sixteen;

// The workspace of turned Gaussians, and of `groups` pairs of sums.
template <typename T>
Turned<T> turned(const Pairwise<T>* p, const Engine* engine, std::size_t groups) {
    const std::size_t padded = pieces(p->gaussians, sixteen) * sixteen;
    const std::size_t stride = p->dims * padded + stagger;
    T* space = static_cast<T*>(engine->workspace((3 + 2 * groups) * stride * sizeof(T)));
    const Turned<T> k{p,      space, space + stride, space + 2 * stride, padded, space + 3 * stride,
                      groups, stride};
    engine->run(p->dims, &turn_task<T>, &k, 0);
    return k;
}

// One vector of pairs: how far the draw is from the mean, that by the variance, and t.
template <typename T>
struct Pairs {
    Wide<T> gap, pull, t;

    Pairs(const Turned<T>& k, T z, std::size_t at) {
        gap = z - load(k.mean + at);
        pull = gap * load(k.precision + at);
        t = T(-0.5) * multiply_add<T>(gap, pull, load(k.constant + at));
    }
};

// log Σ exp of a row of exponents: NaN if one is, and -∞ if all are.
template <typename T>
T log_sum_exp(const T* row, std::size_t padded, T largest) {
    const T shift = largest - largest == T{0} ? largest : T{0};
    Sixteen<T> sum;
    for (std::size_t j = 0; j < padded; j += sixteen) {
        for (std::size_t p = 0; p < sixteen_parts<T>; ++p) {
            const Wide<T> exponent = load(row + j + p * Vector<T>::lanes) - shift;
            sum.part[p] = exp<T>(exponent, sum.part[p]);
        }
    }
    return log<T>(wide<T>(sum.total()))[0] + shift;
}

template <typename T>
void pairwise_task(const void* problem, std::size_t index, void* scratch) {
    const Turned<T>& k = *static_cast<const Turned<T>*>(problem);
    const Pairwise<T>& p = *k.p;
    constexpr std::size_t lanes = Vector<T>::lanes;
    T* t = static_cast<T*>(scratch);
    T* s = t + k.padded;
    const std::size_t end = smaller(p.draws, (index + 1) * pairwise_draws);
    for (std::size_t i = index * pairwise_draws; i < end; ++i) {
        T* y = p.made + i * (1 + p.dims);
        for (std::size_t j = 0; j < k.padded; ++j) {
            s[j] = j < p.gaussians ? T{0} : static_cast<T>(-__builtin_inf());
        }
        Sixteen<T> most_of_all;
        for (auto& part : most_of_all.part) part = wide<T>(static_cast<T>(-__builtin_inf()));
        const Sixteen<T> least = most_of_all;
        for (std::size_t d = 0; d < p.dims; ++d) {
            Sixteen<T> most = least;
            for (std::size_t j = 0; j < k.padded; j += sixteen) {
                for (std::size_t part = 0; part < sixteen_parts<T>; ++part) {
                    const std::size_t at = j + part * lanes;
                    const Pairs<T> pairs(k, p.z[i * p.dims + d], d * k.padded + at);
                    most.keep_larger(part, pairs.t);
                    store(t + at, pairs.t);
                    store(s + at, load(s + at) + pairs.t);
                }
            }
            y[1 + d] = log_sum_exp(t, k.padded, most.largest());
        }
        for (std::size_t j = 0; j < k.padded; j += lanes) {
            most_of_all.keep_larger(j / lanes % sixteen_parts<T>, load(s + j));
        }
        y[0] = log_sum_exp(s, k.padded, most_of_all.largest());
    }
}

template <typename T>
void pairwise(const Pairwise<T>* p, const Engine* engine) {
    const Turned<T> k = turned(p, engine, 0);
    engine->run(pieces(p->draws, pairwise_draws), &pairwise_task<T>, &k, 2 * k.padded * sizeof(T));
}

}  // namespace
