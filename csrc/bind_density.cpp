// The densities, as Python calls them.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bind.hpp"
#include "call.hpp"
#include "dispatch.hpp"

namespace pydis {

namespace {

bool is_double(const py::array& x) { return py::isinstance<py::array_t<double>>(x); }

template <typename T>
Bernoulli<T> bits_of(const char* op, const py::array& x, const py::array& logits) {
    check<T>(op, "x", x, 2);
    Bernoulli<T> p{};
    p.x = static_cast<const T*>(x.data());
    p.logits = checked<T>(op, "logits", logits, {x.shape(0), x.shape(1)});
    p.rows = size(x.shape(0));
    p.cols = size(x.shape(1));
    return p;
}

template <typename T>
py::array bernoulli_of(const py::array& x, const py::array& logits, Kernel<Bernoulli<T>> kernel) {
    constexpr const char* op = "bernoulli";
    Bernoulli<T> p = bits_of<T>(op, x, logits);
    py::array_t<T> made = make<T>(op, {x.shape(0)});
    p.made = made.mutable_data();
    call(kernel, p);
    return made;
}

template <typename T>
py::array bernoulli_slope_of(const py::array& g, const py::array& x, const py::array& logits,
                             Kernel<Bernoulli<T>> kernel) {
    constexpr const char* op = "bernoulli_slope";
    Bernoulli<T> p = bits_of<T>(op, x, logits);
    p.g = checked<T>(op, "g", g, {x.shape(0)});
    py::array_t<T> made = make<T>(op, {x.shape(0), x.shape(1)});
    p.made = made.mutable_data();
    call(kernel, p);
    return made;
}

template <typename T>
Pairwise<T> pairs_of(const char* op, const py::array& z, const py::array& mean,
                     const py::array& log_variance) {
    check<T>(op, "z", z, 2);
    check<T>(op, "mean", mean, 2);
    if (mean.shape(0) < 1 || mean.shape(1) != z.shape(1)) {
        throw py::value_error(std::string(op) + ": z of shape " + shape_of(z) +
                              " expected mean of shape (1 or more, " + std::to_string(z.shape(1)) +
                              "), got " + shape_of(mean));
    }
    Pairwise<T> p{};
    p.z = static_cast<const T*>(z.data());
    p.mean = static_cast<const T*>(mean.data());
    p.log_variance = checked<T>(op, "log_variance", log_variance, {mean.shape(0), mean.shape(1)});
    p.draws = size(z.shape(0));
    p.gaussians = size(mean.shape(0));
    p.dims = size(z.shape(1));
    return p;
}

template <typename T>
py::array pairwise_of(const py::array& z, const py::array& mean, const py::array& log_variance,
                      Kernel<Pairwise<T>> kernel) {
    constexpr const char* op = "pairwise_gaussian";
    Pairwise<T> p = pairs_of<T>(op, z, mean, log_variance);
    py::array_t<T> made = make<T>(op, {z.shape(0), 1 + z.shape(1)});
    p.made = made.mutable_data();
    call(kernel, p);
    return made;
}

template <typename T>
py::array pairwise_slopes_of(const py::array& g, const py::array& y, const py::array& z,
                             const py::array& mean, const py::array& log_variance,
                             Kernel<Pairwise<T>> kernel) {
    constexpr const char* op = "pairwise_gaussian_slopes";
    Pairwise<T> p = pairs_of<T>(op, z, mean, log_variance);
    p.g = checked<T>(op, "g", g, {z.shape(0), 1 + z.shape(1)});
    p.y = checked<T>(op, "y", y, {z.shape(0), 1 + z.shape(1)});
    py::array_t<T> made = make<T>(op, {z.shape(0) + 2 * mean.shape(0), z.shape(1)});
    p.made = made.mutable_data();
    call(kernel, p);
    return made;
}

}  // namespace

void bind_density(py::module_& m) {
    m.def(
        "bernoulli",
        [](const py::array& x, const py::array& logits) {
            const Kernels& k = kernels();
            return is_double(x) ? bernoulli_of<double>(x, logits, k.bernoulli_f64)
                                : bernoulli_of<float>(x, logits, k.bernoulli_f32);
        },
        py::arg("x").noconvert(), py::arg("logits").noconvert(),
        "The log-likelihood of each row of x [N, D] under its logits: [N].");
    m.def(
        "bernoulli_slope",
        [](const py::array& g, const py::array& x, const py::array& logits) {
            const Kernels& k = kernels();
            return is_double(x) ? bernoulli_slope_of<double>(g, x, logits, k.bernoulli_slope_f64)
                                : bernoulli_slope_of<float>(g, x, logits, k.bernoulli_slope_f32);
        },
        py::arg("g").noconvert(), py::arg("x").noconvert(), py::arg("logits").noconvert(),
        "g (x - sigmoid(logits)) with g [N] and the others [N, D].");
    m.def(
        "pairwise_gaussian",
        [](const py::array& z, const py::array& mean, const py::array& log_variance) {
            const Kernels& k = kernels();
            return is_double(z) ? pairwise_of<double>(z, mean, log_variance, k.pairwise_f64)
                                : pairwise_of<float>(z, mean, log_variance, k.pairwise_f32);
        },
        py::arg("z").noconvert(), py::arg("mean").noconvert(), py::arg("log_variance").noconvert(),
        "Draws z [M, D] under all Gaussians [N, D]: log sums of densities, jointly and by "
        "coordinate, [M, 1 + D].");
    m.def(
        "pairwise_gaussian_slopes",
        [](const py::array& g, const py::array& y, const py::array& z, const py::array& mean,
           const py::array& log_variance) {
            const Kernels& k = kernels();
            return is_double(z) ? pairwise_slopes_of<double>(g, y, z, mean, log_variance,
                                                             k.pairwise_slopes_f64)
                                : pairwise_slopes_of<float>(g, y, z, mean, log_variance,
                                                            k.pairwise_slopes_f32);
        },
        py::arg("g").noconvert(), py::arg("y").noconvert(), py::arg("z").noconvert(),
        py::arg("mean").noconvert(), py::arg("log_variance").noconvert(),
        "The slopes of pairwise_gaussian for the cotangent g of its result y: those in z, mean "
        "and log_variance, [M + 2 N, D].");
}

}  // namespace pydis
