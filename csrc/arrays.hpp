// Checks of the arrays that come from Python.  A kernel takes an array as it lies in memory:
// nothing is converted or copied on the way.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace pydis {

namespace py = pybind11;

using Optional = std::optional<py::array>;

inline std::string shape_of(const py::array& x) {
    return py::str(x.attr("shape")).cast<std::string>();
}

// What an argument may be; one of two where the first argument decided which.
constexpr const char* floats = "float32 or float64 in native byte order, and all alike";
constexpr const char* doubles = "float64 in native byte order";
constexpr const char* integers = "int64 in native byte order";

// Raises TypeError or ValueError unless x is a plain, contiguous, aligned array of T with `axes`
// axes.
template <typename T>
void check(const char* op, const char* name, const py::array& x, py::ssize_t axes,
           const char* types = floats) {
    const std::string what = std::string(op) + ": " + name + " must ";
    if (Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_) {
        // A subclass may mean more than its memory says: a masked array does.
        throw py::type_error(what + "be a plain numpy.ndarray, got the subclass " +
                             py::str(py::type::of(x)).cast<std::string>());
    }
    if (!py::isinstance<py::array_t<T>>(x)) {
        throw py::type_error(what + "be " + types + ", got " +
                             py::str(x.dtype()).cast<std::string>());
    }
    if (x.ndim() != axes) {
        throw py::value_error(what + "have " + std::to_string(axes) + " axes, got shape " +
                              shape_of(x));
    }
    if (!(x.flags() & py::array::c_style)) {
        throw py::value_error(what + "be C-contiguous (see numpy.ascontiguousarray), got shape " +
                              shape_of(x) + " with strides " +
                              py::str(x.attr("strides")).cast<std::string>());
    }
    if (reinterpret_cast<std::uintptr_t>(x.data()) % alignof(T) != 0) {
        throw py::value_error(what + "be aligned for its type, got a misaligned array of shape " +
                              shape_of(x));
    }
}

// The data of an optional array of the given shape, or null.
template <typename T>
const T* checked(const char* op, const char* name, const Optional& x,
                 const std::vector<py::ssize_t>& shape, const char* types = floats) {
    if (!x) return nullptr;
    check<T>(op, name, *x, static_cast<py::ssize_t>(shape.size()), types);
    std::string expected;
    bool equal = true;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        equal = equal && x->shape(static_cast<py::ssize_t>(i)) == shape[i];
        if (i > 0) expected += ", ";
        expected += std::to_string(shape[i]);
    }
    if (!equal) {
        throw py::value_error(std::string(op) + ": " + name + " must have shape (" + expected +
                              "), got " + shape_of(*x));
    }
    return static_cast<const T*>(x->data());
}

// A new array.  Raises ValueError where it would have more bytes than memory can address.
template <typename T>
py::array_t<T> make(const char* op, const std::vector<py::ssize_t>& shape) {
    py::ssize_t most = std::numeric_limits<py::ssize_t>::max() / py::ssize_t{sizeof(T)};
    for (const py::ssize_t n : shape) {
        if (n > most) {
            std::string sizes;
            for (const py::ssize_t each : shape) sizes.append(" ").append(std::to_string(each));
            throw py::value_error(std::string(op) + ": a result of sizes" + sizes +
                                  " has more elements than memory can address");
        }
        if (n > 0) most /= n;
    }
    return py::array_t<T>(shape);
}

inline std::vector<py::ssize_t> sizes_of(const py::array& x) {
    return {x.shape(), x.shape() + x.ndim()};
}

inline std::size_t size(py::ssize_t n) { return static_cast<std::size_t>(n); }

}  // namespace pydis
