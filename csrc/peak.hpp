// The arithmetic peak: multiplications and additions that touch nothing but registers.
//
// A chain x = factor x + term must wait for its own last step, four or five cycles, so twelve of
// them advance by turns: enough for two units that begin a step every cycle, few enough for sixteen
// registers.  Where the machine fuses the two operations a step is one instruction, else two.  What
// a kernel reaches is to be read beside this.
#pragma once

#include "peak_table.hpp"
#include "vector.hpp"

namespace {

using pydis::Peak;

constexpr std::size_t chains = 12;

template <typename T>
void peak_task(const void* problem, std::size_t index, void*) {
    const Peak<T>& p = *static_cast<const Peak<T>*>(problem);
    const Wide<T> factor = wide<T>(p.factor);
    const Wide<T> term = wide<T>(p.term);
    Wide<T> x[chains];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < chains; ++i) x[i] = wide<T>(static_cast<T>(i));
    for (std::size_t step = 0; step < p.steps; ++step) {
#pragma GCC unroll 16
        for (std::size_t i = 0; i < chains; ++i) x[i] = multiply_add<T>(factor, x[i], term);
    }
    T sum{};
    for (std::size_t i = 0; i < chains; ++i) {
        for (std::size_t lane = 0; lane < Vector<T>::lanes; ++lane) sum += x[i][lane];
    }
    p.made[index] = sum;
}

// Returns how many operations were done; the caller holds the clock.
template <typename T>
double peak(const Peak<T>* p, const pydis::Engine* engine) {
    engine->run(p->tasks, &peak_task<T>, p, 0);
    constexpr double step = 2.0 * chains * Vector<T>::lanes;
    return step * static_cast<double>(p->steps) * static_cast<double>(p->tasks);
}

}  // namespace
