// What peak.hpp is given: plain data, as in table.hpp.
#pragma once

#include <cstddef>

namespace pydis {

// Each of `tasks` independent tasks takes x to factor x + term in every chain, `steps` times.
template <typename T>
struct Peak {
    std::size_t tasks;
    std::size_t steps;
    T factor;
    T term;
    T* made;  // [tasks], the sum of a task's chains
};

}  // namespace pydis
