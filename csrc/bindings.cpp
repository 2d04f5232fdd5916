// The module pydis._core: the only file that knows of Python.  It checks, takes plain pointers
// and sizes, lets go of the interpreter lock, and calls a kernel.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "scratch.hpp"

namespace py = pybind11;

namespace {

std::string shape_of(const py::array& x) { return py::str(x.attr("shape")).cast<std::string>(); }

// A kernel takes the array as it lies in memory.  Nothing is converted or copied on the way.
template <typename T>
void check_matrix(const char* name, const py::array& x) {
    const std::string what = std::string("matmul: ") + name + " must be ";
    if (Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_) {
        // A subclass may mean more than its memory says: a masked array does.
        throw py::type_error(what + "a plain numpy.ndarray, got the subclass " +
                             py::str(py::type::of(x)).cast<std::string>());
    }
    if (!py::isinstance<py::array_t<T>>(x)) {
        throw py::type_error(what +
                             "float32 or float64 in native byte order, and both alike, got " +
                             py::str(x.dtype()).cast<std::string>());
    }
    if (x.ndim() != 2) {
        throw py::value_error(what + "a matrix, got shape " + shape_of(x));
    }
    if (!(x.flags() & py::array::c_style)) {
        throw py::value_error(what + "C-contiguous (see numpy.ascontiguousarray), got shape " +
                              shape_of(x) + " with strides " +
                              py::str(x.attr("strides")).cast<std::string>());
    }
    if (reinterpret_cast<std::uintptr_t>(x.data()) % alignof(T) != 0) {
        throw py::value_error(what + "aligned for its type, got a misaligned array of shape " +
                              shape_of(x));
    }
}

template <typename T>
py::array matmul_of(const py::array& a, const py::array& b, bool transpose_a, bool transpose_b,
                    void (*kernel)(const pydis::Matmul<T>*, void*)) {
    check_matrix<T>("a", a);
    check_matrix<T>("b", b);
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
    constexpr py::ssize_t most = std::numeric_limits<py::ssize_t>::max() / py::ssize_t{sizeof(T)};
    if (cols != 0 && rows > most / cols) {
        throw py::value_error("matmul: the product of shapes " + shape_of(a) + " and " +
                              shape_of(b) + " has more elements than memory can address");
    }
    py::array_t<T> c({rows, cols});
    const pydis::Matmul<T> problem{static_cast<const T*>(a.data()),
                                   static_cast<const T*>(b.data()),
                                   c.mutable_data(),
                                   static_cast<std::size_t>(rows),
                                   static_cast<std::size_t>(cols),
                                   static_cast<std::size_t>(depth),
                                   transpose_a,
                                   transpose_b};
    void* scratch = pydis::thread_scratch();
    {
        const py::gil_scoped_release unlocked;
        kernel(&problem, scratch);
    }
    return c;
}

py::array matmul(const py::array& a, const py::array& b, bool transpose_a, bool transpose_b) {
    const pydis::Kernels& k = pydis::kernels();
    if (py::isinstance<py::array_t<double>>(a)) {
        return matmul_of<double>(a, b, transpose_a, transpose_b, k.matmul_f64);
    }
    return matmul_of<float>(a, b, transpose_a, transpose_b, k.matmul_f32);
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const pydis::Kernels* each : pydis::available_kernels()) names.emplace_back(each->name);
    return names;
}

std::map<std::string, std::string> build_info() {
    std::map<std::string, std::string> info{
        {"build_type", PYDIS_BUILD_TYPE},
        {"compiler", PYDIS_COMPILER},
        {"cxx_flags", PYDIS_CXX_FLAGS},
        {"cxx_standard", std::to_string(__cplusplus)},
        {"pybind11", PYDIS_PYBIND11_VERSION},
        {"version", PYDIS_VERSION},
        {"flags_baseline", pydis::kernels_baseline.flags},
    };
#if defined(PYDIS_HAS_AVX2)
    info["flags_avx2"] = pydis::kernels_avx2.flags;
#endif
#if defined(PYDIS_HAS_AVX512)
    info["flags_avx512"] = pydis::kernels_avx512.flags;
#endif
    return info;
}

void obey_environment() {
    const char* name = std::getenv("PYDIS_ISA");
    if (name == nullptr || *name == '\0') return;
    try {
        pydis::use_kernels(name);
    } catch (const std::invalid_argument& error) {
        throw py::import_error(std::string("PYDIS_ISA: ") + error.what());
    }
}

}  // namespace

PYBIND11_MODULE(_core, m) {
    m.doc() = "The compiled kernels of pydis.";
    obey_environment();
    m.def("matmul", &matmul, py::arg("a").noconvert(), py::arg("b").noconvert(),
          py::arg("transpose_a") = false, py::arg("transpose_b") = false,
          "The product op(a) op(b) of two matrices, each transposed or not.");
    m.def("build_info", &build_info, "How this module was built.");
    m.def("instruction_sets", &instruction_sets,
          "The instruction sets that were built and that this machine can run, best last.");
    m.def(
        "instruction_set", [] { return std::string(pydis::kernels().name); },
        "The instruction set in use.");
    m.def("use_instruction_set", &pydis::use_kernels, py::arg("name"),
          "Use one of instruction_sets() from now on, in every thread.");
}
