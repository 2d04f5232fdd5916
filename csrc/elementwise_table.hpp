// The plain data of elementwise functions, of sums over rows and of batch normalisation.
#pragma once

#include <cstddef>

namespace pydis {

enum class Function { exp, log, sigmoid, softplus, relu, leaky_relu, gate };

// z[i] = f(x[i]), for `gate` f(x[i], y[i]): x where y is above zero, elsewhere slope x.
template <typename T>
struct Map {
    Function function;
    const T* x;
    const T* y;  // of the gate, or null
    T* z;
    std::size_t count;
    T slope;
};

// sums[c] = Σ_n x[n, c] over the rows of x [rows, cols]; where `gate` is given, over the n with
// gate[n, c] above zero.
template <typename T>
struct RowSums {
    const T* x;
    const T* gate;
    T* sums;
    std::size_t rows;
    std::size_t cols;
};

// Batch normalisation of x [rows, cols] by channel, x̂ = (x - μ) r with r = 1/√(σ² + ε).
//   moments [2, cols]: μ and σ², the mean of (x - μ)²      made by batch_moments
//   y = a(w x̂ + b)                                          made by batch_norm
//   sums [2, cols]: Σ g and Σ g x̂                           made by batch_norm_sums
//   x_bar = w r (g - (Σ g + x̂ Σ g x̂) / rows)                made by batch_norm_x
// The activation multiplies by `slope` what is not above zero.
template <typename T>
struct BatchNorm {
    std::size_t rows;
    std::size_t cols;
    const T* x;
    const T* g;
    const T* w;
    const T* b;
    const T* moments;
    const T* sums;
    T* made;
    T epsilon;
    bool activate;
    T slope;
};

}  // namespace pydis
