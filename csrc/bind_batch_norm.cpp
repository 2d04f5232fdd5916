// Batch normalisation, as Python calls it: x and g are [N, C], what belongs to a channel is [C].
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bind.hpp"
#include "call.hpp"
#include "dispatch.hpp"

namespace pydis {

namespace {

// Its inputs by name; what a face does not take is absent.
struct Inputs {
    const py::array& x;
    Optional g{}, w{}, b{}, moments{}, sums{};
    double epsilon = 0;
    std::optional<double> slope{};
};

template <typename T>
py::array_t<T> made(const char* op, const Inputs& in, std::vector<py::ssize_t> shape,
                    Kernel<BatchNorm<T>> kernel) {
    check<T>(op, "x", in.x, 2);
    const py::ssize_t rows = in.x.shape(0);
    const py::ssize_t cols = in.x.shape(1);
    if (rows < 1) {
        throw py::value_error(std::string(op) + ": x must have rows, got shape " + shape_of(in.x));
    }
    BatchNorm<T> p{};
    p.rows = size(rows);
    p.cols = size(cols);
    p.x = static_cast<const T*>(in.x.data());
    p.g = checked<T>(op, "g", in.g, {rows, cols});
    p.w = checked<T>(op, "w", in.w, {cols});
    p.b = checked<T>(op, "b", in.b, {cols});
    p.moments = checked<T>(op, "moments", in.moments, {2, cols});
    p.sums = checked<T>(op, "sums", in.sums, {2, cols});
    p.epsilon = static_cast<T>(in.epsilon);
    p.activate = in.slope.has_value();
    p.slope = static_cast<T>(in.slope.value_or(0));
    py::array_t<T> result = make<T>(op, shape);
    p.made = result.mutable_data();
    if (cols > 0) call(kernel, p);
    return result;
}

py::array face(const char* op, const Inputs& in, bool each_row,
               void (*Kernels::*of_f32)(const BatchNorm<float>*, const Engine*),
               void (*Kernels::*of_f64)(const BatchNorm<double>*, const Engine*)) {
    const Kernels& k = kernels();
    const py::ssize_t cols = in.x.ndim() == 2 ? in.x.shape(1) : 0;
    const py::ssize_t rows = each_row && in.x.ndim() == 2 ? in.x.shape(0) : 2;
    if (py::isinstance<py::array_t<double>>(in.x)) {
        return made<double>(op, in, {rows, cols}, k.*of_f64);
    }
    return made<float>(op, in, {rows, cols}, k.*of_f32);
}

}  // namespace

void bind_batch_norm(py::module_& m) {
    m.def(
        "batch_moments",
        [](const py::array& x) {
            return face("batch_moments", {.x = x}, false, &Kernels::batch_moments_f32,
                        &Kernels::batch_moments_f64);
        },
        py::arg("x").noconvert(), "Mean and variance [2, C] of the channels of x [N, C].");
    m.def(
        "batch_norm",
        [](const py::array& x, const py::array& w, const py::array& b, const py::array& moments,
           double epsilon, std::optional<double> slope) {
            return face(
                "batch_norm",
                {.x = x, .w = w, .b = b, .moments = moments, .epsilon = epsilon, .slope = slope},
                true, &Kernels::batch_norm_f32, &Kernels::batch_norm_f64);
        },
        py::arg("x").noconvert(), py::arg("w").noconvert(), py::arg("b").noconvert(),
        py::arg("moments").noconvert(), py::arg("epsilon"), py::arg("slope") = py::none(),
        "w (x - mean) / sqrt(variance + epsilon) + b; what is not above zero times the slope.");
    m.def(
        "batch_norm_sums",
        [](const py::array& g, const py::array& x, const py::array& moments, double epsilon) {
            return face("batch_norm_sums", {.x = x, .g = g, .moments = moments, .epsilon = epsilon},
                        false, &Kernels::batch_norm_sums_f32, &Kernels::batch_norm_sums_f64);
        },
        py::arg("g").noconvert(), py::arg("x").noconvert(), py::arg("moments").noconvert(),
        py::arg("epsilon"), "Sums [2, C] of g and of g times the normalised x.");
    m.def(
        "batch_norm_x",
        [](const py::array& g, const py::array& x, const py::array& w, const py::array& moments,
           const py::array& sums, double epsilon) {
            return face(
                "batch_norm_x",
                {.x = x, .g = g, .w = w, .moments = moments, .sums = sums, .epsilon = epsilon},
                true, &Kernels::batch_norm_x_f32, &Kernels::batch_norm_x_f64);
        },
        py::arg("g").noconvert(), py::arg("x").noconvert(), py::arg("w").noconvert(),
        py::arg("moments").noconvert(), py::arg("sums").noconvert(), py::arg("epsilon"),
        "The cotangent of x for a cotangent g of w times the normalised x.");
}

}  // namespace pydis
