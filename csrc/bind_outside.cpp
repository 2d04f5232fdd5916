// The update of the weights and the images of the data, as Python calls them.
#include <pybind11/stl.h>

#include <bit>
#include <tuple>

#include "arrays.hpp"
#include "bind.hpp"
#include "call.hpp"
#include "dispatch.hpp"

namespace pydis {

namespace {

using Three = std::tuple<py::array, py::array, py::array>;

template <typename T>
Three adam_of(const py::array& theta, const py::array& g, const py::array& mean,
              const py::array& square, double rate, double scale, double beta1, double beta2,
              double epsilon, Kernel<Adam<T>> kernel) {
    constexpr const char* op = "adam";
    const std::vector<py::ssize_t> shape{theta.shape(), theta.shape() + theta.ndim()};
    check<T>(op, "theta", theta, theta.ndim());
    Adam<T> p{};
    p.theta = static_cast<const T*>(theta.data());
    p.g = checked<T>(op, "g", g, shape);
    p.mean = checked<T>(op, "mean", mean, shape);
    p.square = checked<T>(op, "square", square, shape);
    py::array_t<T> new_theta = make<T>(op, shape);
    py::array_t<T> new_mean = make<T>(op, shape);
    py::array_t<T> new_square = make<T>(op, shape);
    p.new_theta = new_theta.mutable_data();
    p.new_mean = new_mean.mutable_data();
    p.new_square = new_square.mutable_data();
    p.size = size(theta.size());
    p.rate = static_cast<T>(rate);
    p.scale = static_cast<T>(scale);
    p.beta1 = static_cast<T>(beta1);
    p.rest1 = static_cast<T>(1 - beta1);
    p.beta2 = static_cast<T>(beta2);
    p.rest2 = static_cast<T>(1 - beta2);
    p.epsilon = static_cast<T>(epsilon);
    call(kernel, p);
    return {new_theta, new_mean, new_square};
}

py::array fill_outlines(const py::array& outlines, const py::array& which, const py::array& centre,
                        py::ssize_t subpixels) {
    constexpr const char* op = "fill_outlines";
    constexpr py::ssize_t most_vertices = 1024;  // as in fill.hpp
    constexpr py::ssize_t side = 64;
    check<double>(op, "outlines", outlines, 3, doubles);
    check<std::int64_t>(op, "which", which, 1, integers);
    const py::ssize_t images = which.shape(0);
    if (outlines.shape(1) != 2 || outlines.shape(2) < 1 || outlines.shape(2) > most_vertices) {
        throw py::value_error(std::string(op) +
                              ": outlines must have shape (any, 2, 1 to 1024), got " +
                              shape_of(outlines));
    }
    if (subpixels < 2 || subpixels > 1 << 20 || !std::has_single_bit(size(subpixels))) {
        throw py::value_error(std::string(op) +
                              ": subpixels must be a power of two from 2 to 2^20, got " +
                              std::to_string(subpixels));
    }
    const auto* index = static_cast<const std::int64_t*>(which.data());
    for (py::ssize_t i = 0; i < images; ++i) {
        if (index[i] < 0 || index[i] >= outlines.shape(0)) {
            throw py::value_error(std::string(op) + ": which must be in 0.." +
                                  std::to_string(outlines.shape(0) - 1) + ", got " +
                                  std::to_string(index[i]));
        }
    }
    Outlines p{};
    p.outlines = static_cast<const double*>(outlines.data());
    p.which = index;
    p.centre = checked<double>(op, "centre", centre, {images, 2}, doubles);
    py::array_t<std::uint8_t> made = make<std::uint8_t>(op, {images, side, side});
    p.made = made.mutable_data();
    p.images = size(images);
    p.vertices = size(outlines.shape(2));
    p.subpixel_bits = std::countr_zero(size(subpixels));
    call(kernels().fill_outlines, p);
    return made;
}

}  // namespace

void bind_outside(py::module_& m) {
    m.def(
        "adam",
        [](const py::array& theta, const py::array& g, const py::array& mean,
           const py::array& square, double rate, double scale, double beta1, double beta2,
           double epsilon) -> Three {
            const Kernels& k = kernels();
            if (py::isinstance<py::array_t<double>>(theta)) {
                return adam_of<double>(theta, g, mean, square, rate, scale, beta1, beta2, epsilon,
                                       k.adam_f64);
            }
            return adam_of<float>(theta, g, mean, square, rate, scale, beta1, beta2, epsilon,
                                  k.adam_f32);
        },
        py::arg("theta").noconvert(), py::arg("g").noconvert(), py::arg("mean").noconvert(),
        py::arg("square").noconvert(), py::arg("rate"), py::arg("scale"), py::arg("beta1"),
        py::arg("beta2"), py::arg("epsilon"),
        "One step of Adam: the new theta, mean and square, where theta moves by "
        "rate mean / (sqrt(scale square) + epsilon).");
    m.def("fill_outlines", &fill_outlines, py::arg("outlines").noconvert(),
          py::arg("which").noconvert(), py::arg("centre").noconvert(), py::arg("subpixels"),
          "Outline number which[n] moved to centre[n] and filled: zeros and ones [N, 64, 64].");
}

}  // namespace pydis
