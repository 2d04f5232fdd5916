// The problems of the densities: what a model of images asks of its distributions.
#pragma once

#include <cstddef>

namespace pydis {

// Bits x and logits l, both [rows, cols].
//   log p of each row:  made [rows]        = Σ_j (x l - log(1 + exp l)),
//   and its slope in l:  made [rows, cols] = g (x - 1 / (1 + exp(-l)))  with g [rows].
template <typename T>
struct Bernoulli {
    const T* x;
    const T* logits;
    const T* g;
    T* made;
    std::size_t rows;
    std::size_t cols;
};

// The draws z [draws, dims] under every Gaussian j of mean, log_variance [gaussians, dims].  With
//   t_ijd = log N(z_id; mean_jd, exp log_variance_jd)  and  s_ij = Σ_d t_ijd
// y [draws, 1 + dims] holds log Σ_j exp s_ij, and then log Σ_j exp t_ijd for every d.
// Its slopes for the cotangent g of y are those in z, in mean and in log_variance, one after the
// other: made [draws + 2 gaussians, dims].
template <typename T>
struct Pairwise {
    const T* z;
    const T* mean;
    const T* log_variance;
    const T* g;
    const T* y;
    T* made;
    std::size_t draws;
    std::size_t gaussians;
    std::size_t dims;
};

}  // namespace pydis
