// The slopes of pairwise.hpp for a cotangent g of its result y, with all pairs made once more.
//
//     w_ijd = g_i exp(s_ij - y_i) + g_id exp(t_ijd - y_id)      how much draw i owes to Gaussian j
//     z_id:        -Σ_j w gap / var
//     mean_jd:      Σ_i w gap / var
//     log var_jd:   ½ Σ_i w (gap² / var - 1)
//
// Sums over i are made by groups of draws, each in arrays of its own, and the groups are then added
// in order: the groups are cut by the number of draws alone.
#pragma once

#include "pairwise.hpp"

namespace {

constexpr std::size_t draw_groups = 16;
constexpr std::size_t least_group = 8;

template <typename T>
std::size_t draws_of_group(const Pairwise<T>& p) {
    return larger(least_group, pieces(p.draws, draw_groups));
}

// y where an exponent may be taken from it: where all were -∞, their slopes are 0.
template <typename T>
inline T finite_from_below(T y) {
    return y == static_cast<T>(-__builtin_inf()) ? T{0} : y;
}

// exp x, and 0 where that has not all of its digits any more: to multiply by such a number takes
// a processor a hundred times as long.
template <typename T>
inline Wide<T> share(Wide<T> x) {
    const Wide<T> y = exp<T>(x);
    return y < Format<T>::least_normal ? Wide<T>{} : y;
}

// The part g_i exp(s_ij - y_i) of the weights of draw i.
template <typename T>
void joint_weights(const Turned<T>& k, std::size_t i, T* s) {
    const Pairwise<T>& p = *k.p;
    constexpr std::size_t lanes = Vector<T>::lanes;
    for (std::size_t j = 0; j < k.padded; ++j) {
        s[j] = j < p.gaussians ? T{0} : static_cast<T>(-__builtin_inf());
    }
    for (std::size_t d = 0; d < p.dims; ++d) {
        for (std::size_t j = 0; j < k.padded; j += lanes) {
            const Pairs<T> pairs(k, p.z[i * p.dims + d], d * k.padded + j);
            store(s + j, load(s + j) + pairs.t);
        }
    }
    const T g = p.g[i * (1 + p.dims)];
    const T y = finite_from_below(p.y[i * (1 + p.dims)]);
    for (std::size_t j = 0; j < k.padded; j += lanes) {
        store(s + j, g * share<T>(load(s + j) - y));
    }
}

// What draw i adds to the sums of coordinate d; returns Σ_j w gap / var.
template <typename T>
T add_slopes(const Turned<T>& k, std::size_t i, std::size_t d, const T* joint, T* by_mean,
             T* by_log_variance) {
    const Pairwise<T>& p = *k.p;
    constexpr std::size_t lanes = Vector<T>::lanes;
    const T z = p.z[i * p.dims + d];
    const T g = p.g[i * (1 + p.dims) + 1 + d];
    const T y = finite_from_below(p.y[i * (1 + p.dims) + 1 + d]);
    Sixteen<T> sum;
    for (std::size_t j = 0; j < k.padded; j += sixteen) {
        for (std::size_t part = 0; part < sixteen_parts<T>; ++part) {
            const std::size_t at = j + part * lanes;
            const Pairs<T> pairs(k, z, d * k.padded + at);
            const Wide<T> w = multiply_add<T>(wide<T>(g), share<T>(pairs.t - y), load(joint + at));
            const Wide<T> moved = w * pairs.pull;
            store(by_mean + at, load(by_mean + at) + moved);
            const Wide<T> spread = multiply_add<T>(pairs.gap, pairs.pull, wide<T>(T{-1}));
            store(by_log_variance + at, multiply_add<T>(w, spread, load(by_log_variance + at)));
            if (at + lanes <= p.gaussians) {
                sum.part[part] += moved;
            } else if (at < p.gaussians) {
                // Beyond the last Gaussian moved is 0 or, where g is not finite, not a number.
                T some[lanes];
                store(some, moved);
                sum.part[part] += load_some(some, 0, p.gaussians - at, false);
            }
        }
    }
    return sum.total();
}

template <typename T>
void slopes_task(const void* problem, std::size_t group, void* scratch) {
    const Turned<T>& k = *static_cast<const Turned<T>*>(problem);
    const Pairwise<T>& p = *k.p;
    T* by_mean = k.sums + 2 * group * k.stride;
    T* by_log_variance = by_mean + k.stride;
    for (std::size_t at = 0; at < 2 * k.stride; ++at) by_mean[at] = T{0};
    T* joint = static_cast<T*>(scratch);
    const std::size_t first = group * draws_of_group(p);
    const std::size_t end = smaller(p.draws, first + draws_of_group(p));
    for (std::size_t i = first; i < end; ++i) {
        joint_weights(k, i, joint);
        for (std::size_t d = 0; d < p.dims; ++d) {
            const std::size_t row = d * k.padded;
            p.made[i * p.dims + d] =
                -add_slopes(k, i, d, joint, by_mean + row, by_log_variance + row);
        }
    }
}

// The sums of all groups for coordinate d, turned back.
template <typename T>
void gather_task(const void* problem, std::size_t d, void*) {
    const Turned<T>& k = *static_cast<const Turned<T>*>(problem);
    const Pairwise<T>& p = *k.p;
    T* mean = p.made + p.draws * p.dims + d;
    T* log_variance = mean + p.gaussians * p.dims;
    for (std::size_t j = 0; j < p.gaussians; ++j) {
        T by_mean = 0;
        T by_log_variance = 0;
        for (std::size_t group = 0; group < k.groups; ++group) {
            const T* from = k.sums + 2 * group * k.stride + d * k.padded + j;
            by_mean += from[0];
            by_log_variance += from[k.stride];
        }
        mean[j * p.dims] = by_mean;
        log_variance[j * p.dims] = T(0.5) * by_log_variance;
    }
}

template <typename T>
void pairwise_slopes(const Pairwise<T>* p, const Engine* engine) {
    const Turned<T> k = turned(p, engine, pieces(p->draws, draws_of_group(*p)));
    engine->run(k.groups, &slopes_task<T>, &k, k.padded * sizeof(T));
    engine->run(p->dims, &gather_task<T>, &k, 0);
}

}  // namespace
