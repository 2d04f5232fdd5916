// The memory of NumPy arrays, by NumPy's own hook (NEP 49): a handler, which is a capsule of plain
// functions, is in force for a context (contextvars), and every array remembers the one it was made
// with.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "bind.hpp"
#include "memory.hpp"
#include "unlocked.hpp"

namespace py = pybind11;

namespace pydis {

namespace {

// PyDataMem_Handler, version 1, of numpy/ndarraytypes.h.
struct Handler {
    char name[127];
    std::uint8_t version;
    void* context;
    void* (*allocate)(void*, std::size_t);
    void* (*allocate_zeros)(void*, std::size_t, std::size_t);
    void* (*reallocate)(void*, void*, std::size_t);
    void (*release)(void*, void*, std::size_t);
};

Handler the_handler{
    .name = "pydis",
    .version = 1,
    .context = nullptr,
    .allocate = [](void*, std::size_t bytes) { return allocate(bytes); },
    .allocate_zeros = [](void*, std::size_t count,
                         std::size_t size) { return allocate_zeros(count, size); },
    .reallocate = [](void*, void* data, std::size_t bytes) { return reallocate(data, bytes); },
    // The size that NumPy tells is not always that of the block.
    .release = [](void*, void* data, std::size_t) { release(data); },
};

// Lives for ever: so may arrays that were made with it.
py::handle handler() {
    static PyObject* const capsule = PyCapsule_New(&the_handler, "mem_handler", nullptr);
    if (capsule == nullptr) throw py::error_already_set();
    return capsule;
}

// PyDataMem_SetHandler has this place in NumPy's table of functions, whose order never changes.
constexpr std::size_t set_handler_place = 304;

py::object set_handler(const py::object& wanted) {
    const py::object table = py::module_::import("numpy._core.multiarray").attr("_ARRAY_API");
    auto* const functions = static_cast<void**>(PyCapsule_GetPointer(table.ptr(), nullptr));
    if (functions == nullptr) throw py::error_already_set();
    const auto set = reinterpret_cast<PyObject* (*)(PyObject*)>(functions[set_handler_place]);
    PyObject* const before = set(wanted.is_none() ? nullptr : wanted.ptr());
    if (before == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(before);
}

std::map<std::string, std::size_t> statistics() {
    const MemoryStatistics now = memory_statistics();
    return {{"in_use", now.in_use}, {"most", now.most}, {"kept", now.kept},
            {"bound", now.bound},   {"hits", now.hits}, {"misses", now.misses}};
}

}  // namespace

void bind_memory(py::module_& m) {
    m.def(
        "memory_handler", [] { return py::reinterpret_borrow<py::object>(handler()); },
        "The handler that gives arrays kept memory, for set_memory_handler.");
    m.def("set_memory_handler", &set_handler, py::arg("handler"),
          "In this context, make arrays with this handler, or with NumPy's own for None; returns "
          "the one before.");
    m.def("memory_statistics", &statistics,
          "Bytes in use, the most there were, bytes kept and their bound; how often a kept block "
          "was there (hits) and how often not (misses).");
    m.def(
        "keep_memory",
        [](py::ssize_t bytes) {
            if (bytes < 0) {
                throw py::value_error("keep_memory: expected a number of bytes, got " +
                                      std::to_string(bytes));
            }
            const Unlocked unlocked;
            keep_memory(static_cast<std::size_t>(bytes));
        },
        py::arg("bytes").noconvert(), "Keep at most so many bytes, in the whole process.");
}

}  // namespace pydis
