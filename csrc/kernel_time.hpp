// What kernels have taken so far, by a clock around each: a call's time without what Python, the
// checks and the new arrays take.  Calls that overlap, from several threads, count each in full.
#pragma once

#include <atomic>
#include <chrono>

namespace pydis {

using Clock = std::chrono::steady_clock;

inline std::atomic<Clock::rep> kernel_ticks{0};

// Counts from here to the end of the scope.
class KernelTime {
  public:
    KernelTime() = default;
    KernelTime(const KernelTime&) = delete;
    KernelTime& operator=(const KernelTime&) = delete;
    ~KernelTime() {
        kernel_ticks.fetch_add((Clock::now() - began_).count(), std::memory_order_relaxed);
    }

  private:
    Clock::time_point began_ = Clock::now();
};

inline double kernel_seconds() {
    const Clock::duration all{kernel_ticks.load(std::memory_order_relaxed)};
    return std::chrono::duration<double>(all).count();
}

}  // namespace pydis
