// Elementwise functions and sums over rows, as Python calls them.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bind.hpp"
#include "call.hpp"
#include "dispatch.hpp"

namespace pydis {

namespace {

template <typename T>
py::array map_of(const char* op, Function function, const py::array& x, const Optional& y,
                 double slope, Kernel<Map<T>> kernel) {
    check<T>(op, "x", x, x.ndim());
    const T* gate = checked<T>(op, "y", y, sizes_of(x));
    py::array_t<T> z = make<T>(op, sizes_of(x));
    call(kernel, Map<T>{function, static_cast<const T*>(x.data()), gate, z.mutable_data(),
                        size(x.size()), static_cast<T>(slope)});
    return z;
}

py::array map(const char* op, Function function, const py::array& x, const Optional& y,
              double slope) {
    const Kernels& k = kernels();
    if (py::isinstance<py::array_t<double>>(x)) {
        return map_of<double>(op, function, x, y, slope, k.map_f64);
    }
    return map_of<float>(op, function, x, y, slope, k.map_f32);
}

void def(py::module_& m, const char* name, Function function, const char* text) {
    m.def(
        name, [name, function](const py::array& x) { return map(name, function, x, {}, 0.0); },
        py::arg("x").noconvert(), text);
}

template <typename T>
py::array row_sums_of(const py::array& x, const Optional& gate, Kernel<RowSums<T>> kernel) {
    check<T>("row_sums", "x", x, 2);
    const T* mask = checked<T>("row_sums", "gate", gate, sizes_of(x));
    py::array_t<T> sums = make<T>("row_sums", {x.shape(1)});
    call(kernel, RowSums<T>{static_cast<const T*>(x.data()), mask, sums.mutable_data(),
                            size(x.shape(0)), size(x.shape(1))});
    return sums;
}

}  // namespace

void bind_elementwise(py::module_& m) {
    // NumPy's exp and log are as fast: these two are here to be measured.
    def(m, "exp", Function::exp, "exp x of each element.");
    def(m, "log", Function::log, "The natural logarithm of each element.");
    def(m, "sigmoid", Function::sigmoid, "1 / (1 + exp(-x)) of each element.");
    def(m, "softplus", Function::softplus, "log(1 + exp x) of each element.");
    def(m, "relu", Function::relu, "x where it is not below zero, else 0.");
    m.def(
        "leaky_relu",
        [](const py::array& x, double slope) {
            return map("leaky_relu", Function::leaky_relu, x, {}, slope);
        },
        py::arg("x").noconvert(), py::arg("slope"), "x where it is above zero, else slope x.");
    m.def(
        "gate",
        [](const py::array& x, const py::array& y, double slope) {
            return map("gate", Function::gate, x, y, slope);
        },
        py::arg("x").noconvert(), py::arg("y").noconvert(), py::arg("slope") = 0.0,
        "x where y is above zero, else slope x; without a slope 0, whatever x is.");
    m.def(
        "row_sums",
        [](const py::array& x, const Optional& gate) {
            const Kernels& k = kernels();
            if (py::isinstance<py::array_t<double>>(x)) {
                return row_sums_of<double>(x, gate, k.row_sums_f64);
            }
            return row_sums_of<float>(x, gate, k.row_sums_f32);
        },
        py::arg("x").noconvert(), py::arg("gate") = py::none(),
        "The sum of the rows of x [N, C]; with a gate [N, C], of what it is above zero for.");
}

}  // namespace pydis
