// The arithmetic peak, as Python calls it.
#include <utility>

#include "arrays.hpp"
#include "bind.hpp"
#include "dispatch.hpp"
#include "threads.hpp"
#include "unlocked.hpp"

namespace pydis {

namespace {

using Peaked = std::pair<double, py::array>;

template <typename T>
Peaked peak_of(py::ssize_t steps, py::ssize_t tasks,
               double (*kernel)(const Peak<T>*, const Engine*)) {
    py::array_t<T> made = make<T>("peak", {tasks});
    const Peak<T> problem{size(tasks), size(steps), T{0.5}, T{1}, made.mutable_data()};
    double operations = 0;
    {
        const Unlocked unlocked;
        operations = kernel(&problem, &engine());
    }
    return {operations, made};
}

Peaked peak(py::ssize_t steps, py::ssize_t tasks, bool double_precision) {
    constexpr py::ssize_t most = py::ssize_t{1} << 40;
    if (steps < 0 || tasks < 0 || steps > most || tasks > py::ssize_t{1} << 20) {
        throw py::value_error("peak: expected 0 to 2^40 steps and 0 to 2^20 tasks, got " +
                              std::to_string(steps) + " and " + std::to_string(tasks));
    }
    const Kernels& k = kernels();
    return double_precision ? peak_of<double>(steps, tasks, k.peak_f64)
                            : peak_of<float>(steps, tasks, k.peak_f32);
}

}  // namespace

void bind_peak(py::module_& m) {
    m.def("peak", &peak, py::arg("steps"), py::arg("tasks") = 1,
          py::arg("double_precision") = false,
          "Takes x to x/2 + 1 so many steps in twelve vectors of registers, in so many tasks: the "
          "number of operations, and the sum of each task's numbers.");
}

}  // namespace pydis
