// The matrix product and the three faces of convolution, as Python calls them.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bind.hpp"
#include "call.hpp"
#include "dispatch.hpp"

namespace pydis {

namespace {

using Slope = std::optional<double>;

template <typename T>
py::array matmul_of(const py::array& a, const py::array& b, bool transpose_a, bool transpose_b,
                    const Optional& bias, Slope slope, Kernel<Matmul<T>> kernel) {
    check<T>("matmul", "a", a, 2);
    check<T>("matmul", "b", b, 2);
    const py::ssize_t rows = a.shape(transpose_a ? 1 : 0);
    const py::ssize_t depth = a.shape(transpose_a ? 0 : 1);
    const py::ssize_t cols = b.shape(transpose_b ? 0 : 1);
    if (b.shape(transpose_b ? 1 : 0) != depth) {
        const std::string expected = transpose_b ? "(N, " + std::to_string(depth) + ")"
                                                 : "(" + std::to_string(depth) + ", N)";
        throw py::value_error("matmul: a" + std::string(transpose_a ? "ᵀ" : "") + " b" +
                              (transpose_b ? "ᵀ" : "") + " with a of shape " + shape_of(a) +
                              " expected b of shape " + expected + ", got " + shape_of(b));
    }
    const T* added = checked<T>("matmul", "bias", bias, {cols});
    py::array_t<T> c = make<T>("matmul", {rows, cols});
    call(kernel, Matmul<T>{static_cast<const T*>(a.data()), static_cast<const T*>(b.data()), added,
                           c.mutable_data(), size(rows), size(cols), size(depth), transpose_a,
                           transpose_b, slope.has_value(), static_cast<T>(slope.value_or(0))});
    return c;
}

py::array matmul(const py::array& a, const py::array& b, bool transpose_a, bool transpose_b,
                 const Optional& bias, Slope slope) {
    const Kernels& k = kernels();
    if (py::isinstance<py::array_t<double>>(a)) {
        return matmul_of<double>(a, b, transpose_a, transpose_b, bias, slope, k.matmul_f64);
    }
    return matmul_of<float>(a, b, transpose_a, transpose_b, bias, slope, k.matmul_f32);
}

// The sizes of a convolution: the same rule for the three faces.
struct Sizes {
    py::ssize_t height, width, filter_height, filter_width, stride, pad;
    py::ssize_t map_height, map_width;

    Sizes(const char* op, py::ssize_t h, py::ssize_t w, py::ssize_t u, py::ssize_t v, py::ssize_t s,
          py::ssize_t p)
        : height(h), width(w), filter_height(u), filter_width(v), stride(s), pad(p) {
        constexpr py::ssize_t most = std::numeric_limits<py::ssize_t>::max() / 4;
        if (s < 1 || p < 0 || u < 1 || v < 1 || h < 0 || w < 0) {
            throw py::value_error(what(op) +
                                  "expected stride >= 1, pad >= 0, a filter of at "
                                  "least 1x1 and an image of at least 0x0");
        }
        if (s > most || p > most || u > most || v > most || h > most || w > most) {
            throw py::value_error(what(op) + "too large to be counted");
        }
        if (h + 2 * p < u || w + 2 * p < v) {
            throw py::value_error(what(op) + "the filter does not fit the image");
        }
        map_height = (h + 2 * p - u) / s + 1;
        map_width = (w + 2 * p - v) / s + 1;
    }

    std::string what(const char* op) const {
        return std::string(op) + ": image " + std::to_string(height) + "x" + std::to_string(width) +
               ", filter " + std::to_string(filter_height) + "x" + std::to_string(filter_width) +
               ", stride " + std::to_string(stride) + ", pad " + std::to_string(pad) + ": ";
    }

    void expect_maps(const char* op, const py::array& g) const {
        if (g.shape(1) == map_height && g.shape(2) == map_width) return;
        throw py::value_error(what(op) + "makes maps of " + std::to_string(map_height) + "x" +
                              std::to_string(map_width) + ", got g of shape " + shape_of(g));
    }
};

void expect_equal(const char* op, const char* what, py::ssize_t a, py::ssize_t b) {
    if (a == b) return;
    throw py::value_error(std::string(op) + ": " + what + ": " + std::to_string(a) + " and " +
                          std::to_string(b));
}

template <typename T>
Conv<T> problem(const Sizes& s, py::ssize_t images, py::ssize_t channels, py::ssize_t outputs,
                Slope slope) {
    Conv<T> p{};
    p.images = size(images);
    p.height = size(s.height);
    p.width = size(s.width);
    p.channels = size(channels);
    p.filter_height = size(s.filter_height);
    p.filter_width = size(s.filter_width);
    p.outputs = size(outputs);
    p.map_height = size(s.map_height);
    p.map_width = size(s.map_width);
    p.stride = size(s.stride);
    p.pad = size(s.pad);
    p.activate = slope.has_value();
    p.slope = static_cast<T>(slope.value_or(0));
    return p;
}

// The gate of what is made; its slope takes the place of the activation's.
template <typename T>
void put_behind(const char* op, Conv<T>& p, const Optional& behind,
                const std::vector<py::ssize_t>& shape) {
    p.behind = checked<T>(op, "behind", behind, shape);
    if (p.behind != nullptr) p.activate = false;
}

template <typename T>
py::array conv2d_of(const py::array& x, const py::array& w, py::ssize_t stride, py::ssize_t pad,
                    const Optional& bias, Slope slope, const Optional& mask, const Optional& behind,
                    Kernel<Conv<T>> kernel) {
    constexpr const char* op = "conv2d";
    check<T>(op, "x", x, 4);
    check<T>(op, "w", w, 4);
    const Sizes s(op, x.shape(1), x.shape(2), w.shape(0), w.shape(1), stride, pad);
    expect_equal(op, "channels of x and of w", x.shape(3), w.shape(2));
    Conv<T> p = problem<T>(s, x.shape(0), x.shape(3), w.shape(3), slope);
    p.x = static_cast<const T*>(x.data());
    p.w = static_cast<const T*>(w.data());
    p.x_mask = checked<T>(op, "mask", mask, sizes_of(x));
    p.bias = checked<T>(op, "bias", bias, {w.shape(3)});
    py::array_t<T> g = make<T>(op, {x.shape(0), s.map_height, s.map_width, w.shape(3)});
    p.made = g.mutable_data();
    put_behind(op, p, behind, sizes_of(g));
    call(kernel, p);
    return g;
}

template <typename T>
py::array conv2d_x_of(const py::array& g, const py::array& w, py::ssize_t height, py::ssize_t width,
                      py::ssize_t stride, py::ssize_t pad, const Optional& bias, Slope slope,
                      const Optional& mask, const Optional& behind, Kernel<Conv<T>> kernel) {
    constexpr const char* op = "conv2d_x";
    check<T>(op, "g", g, 4);
    check<T>(op, "w", w, 4);
    const Sizes s(op, height, width, w.shape(0), w.shape(1), stride, pad);
    s.expect_maps(op, g);
    expect_equal(op, "outputs of g and of w", g.shape(3), w.shape(3));
    Conv<T> p = problem<T>(s, g.shape(0), w.shape(2), g.shape(3), slope);
    p.g = static_cast<const T*>(g.data());
    p.w = static_cast<const T*>(w.data());
    p.g_mask = checked<T>(op, "mask", mask, sizes_of(g));
    p.bias = checked<T>(op, "bias", bias, {w.shape(2)});
    py::array_t<T> x = make<T>(op, {g.shape(0), height, width, w.shape(2)});
    p.made = x.mutable_data();
    put_behind(op, p, behind, sizes_of(x));
    call(kernel, p);
    return x;
}

template <typename T>
py::array conv2d_w_of(const py::array& x, const py::array& g, py::ssize_t filter_height,
                      py::ssize_t filter_width, py::ssize_t stride, py::ssize_t pad,
                      const Optional& x_mask, const Optional& g_mask, Kernel<Conv<T>> kernel) {
    constexpr const char* op = "conv2d_w";
    check<T>(op, "x", x, 4);
    check<T>(op, "g", g, 4);
    const Sizes s(op, x.shape(1), x.shape(2), filter_height, filter_width, stride, pad);
    s.expect_maps(op, g);
    expect_equal(op, "images of x and of g", x.shape(0), g.shape(0));
    Conv<T> p = problem<T>(s, x.shape(0), x.shape(3), g.shape(3), std::nullopt);
    p.x = static_cast<const T*>(x.data());
    p.g = static_cast<const T*>(g.data());
    p.x_mask = checked<T>(op, "x_mask", x_mask, sizes_of(x));
    p.g_mask = checked<T>(op, "g_mask", g_mask, sizes_of(g));
    py::array_t<T> w = make<T>(op, {filter_height, filter_width, x.shape(3), g.shape(3)});
    p.made = w.mutable_data();
    call(kernel, p);
    return w;
}

}  // namespace

void bind_linear(py::module_& m) {
    m.def("matmul", &matmul, py::arg("a").noconvert(), py::arg("b").noconvert(),
          py::arg("transpose_a") = false, py::arg("transpose_b") = false,
          py::arg("bias") = py::none(), py::arg("slope") = py::none(),
          "op(a) op(b) + bias of two matrices, each transposed or not; what is below zero times "
          "the slope.");
    m.def(
        "conv2d",
        [](const py::array& x, const py::array& w, py::ssize_t stride, py::ssize_t pad,
           const Optional& bias, Slope slope, const Optional& mask, const Optional& behind) {
            const Kernels& k = kernels();
            if (py::isinstance<py::array_t<double>>(x)) {
                return conv2d_of<double>(x, w, stride, pad, bias, slope, mask, behind,
                                         k.conv2d_f64);
            }
            return conv2d_of<float>(x, w, stride, pad, bias, slope, mask, behind, k.conv2d_f32);
        },
        py::arg("x").noconvert(), py::arg("w").noconvert(), py::arg("stride").noconvert(),
        py::arg("pad").noconvert(), py::arg("bias") = py::none(), py::arg("slope") = py::none(),
        py::arg("mask") = py::none(), py::arg("behind") = py::none(),
        "Images x [N, H, W, C] under filters w [U, V, C, O]: maps [N, I, J, O].");
    m.def(
        "conv2d_x",
        [](const py::array& g, const py::array& w, py::ssize_t height, py::ssize_t width,
           py::ssize_t stride, py::ssize_t pad, const Optional& bias, Slope slope,
           const Optional& mask, const Optional& behind) {
            const Kernels& k = kernels();
            if (py::isinstance<py::array_t<double>>(g)) {
                return conv2d_x_of<double>(g, w, height, width, stride, pad, bias, slope, mask,
                                           behind, k.conv2d_x_f64);
            }
            return conv2d_x_of<float>(g, w, height, width, stride, pad, bias, slope, mask, behind,
                                      k.conv2d_x_f32);
        },
        py::arg("g").noconvert(), py::arg("w").noconvert(), py::arg("height").noconvert(),
        py::arg("width").noconvert(), py::arg("stride").noconvert(), py::arg("pad").noconvert(),
        py::arg("bias") = py::none(), py::arg("slope") = py::none(), py::arg("mask") = py::none(),
        py::arg("behind") = py::none(), "Maps g [N, I, J, O] spread over images [N, H, W, C].");
    m.def(
        "conv2d_w",
        [](const py::array& x, const py::array& g, py::ssize_t filter_height,
           py::ssize_t filter_width, py::ssize_t stride, py::ssize_t pad, const Optional& x_mask,
           const Optional& g_mask) {
            const Kernels& k = kernels();
            if (py::isinstance<py::array_t<double>>(x)) {
                return conv2d_w_of<double>(x, g, filter_height, filter_width, stride, pad, x_mask,
                                           g_mask, k.conv2d_w_f64);
            }
            return conv2d_w_of<float>(x, g, filter_height, filter_width, stride, pad, x_mask,
                                      g_mask, k.conv2d_w_f32);
        },
        py::arg("x").noconvert(), py::arg("g").noconvert(), py::arg("filter_height").noconvert(),
        py::arg("filter_width").noconvert(), py::arg("stride").noconvert(),
        py::arg("pad").noconvert(), py::arg("x_mask") = py::none(), py::arg("g_mask") = py::none(),
        "Images x correlated with maps g: filters [U, V, C, O].");
}

}  // namespace pydis
