#include "threads.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace pydis {

namespace {

// A worker that found nothing to do looks again before it sleeps: kernels of one training step
// follow each other faster than a sleeper wakes.  It looks without pause at first, and then leaves
// its processor to whoever wants it between two looks.
constexpr std::chrono::microseconds spin_time{60};
constexpr std::chrono::microseconds yield_time{1000};
constexpr std::size_t kept_workspace = std::size_t{64} << 20;

// Memory that only grows, so that a call neither allocates nor faults pages in.
class Block {
  public:
    void* at_least(std::size_t bytes) {
        if (bytes > size_) {
            data_.reset();
            size_ = 0;
            data_.reset(::operator new(bytes, std::align_val_t{alignment_bytes}));
            size_ = bytes;
        }
        return data_.get();
    }
    void shrink_to(std::size_t bytes) {
        if (size_ > bytes) data_.reset();
        if (data_ == nullptr) size_ = 0;
    }

  private:
    struct Release {
        void operator()(void* data) const {
            ::operator delete(data, std::align_val_t{alignment_bytes});
        }
    };
    std::unique_ptr<void, Release> data_;
    std::size_t size_ = 0;
};

thread_local Block own_scratch;
thread_local Block own_workspace;

struct Job {
    Task* task;
    const void* problem;
    std::size_t count;
    std::size_t most_helpers;
    std::atomic<std::size_t> next{0};

    void work(void* scratch) {
        for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
            task(problem, i, scratch);
        }
    }
};

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// Looks at a condition until it holds or the time is over; says whether it holds.
template <typename Condition>
bool spin(Condition holds) {
    const auto began = std::chrono::steady_clock::now();
    auto now = began;
    while (now < began + spin_time) {
        for (int i = 0; i < 64; ++i) {
            if (holds()) return true;
            pause();
        }
        now = std::chrono::steady_clock::now();
    }
    for (; now < began + yield_time; now = std::chrono::steady_clock::now()) {
        if (holds()) return true;
        std::this_thread::yield();
    }
    return holds();
}

// One job at a time.  A worker joins it under the mutex and leaves by counting itself out, so when
// the caller has withdrawn the job and the count is zero, nobody looks at it any more.
class Pool {
  public:
    // Whether this caller has the pool now.
    bool try_take() { return !taken_.exchange(true, std::memory_order_acquire); }
    void give_back() { taken_.store(false, std::memory_order_release); }

    void run(Job& job, std::size_t scratch_bytes) {
        prepare(job.most_helpers, scratch_bytes);
        publish(&job);
        job.work(scratch_.front().at_least(scratch_bytes));
        withdraw();
    }

  private:
    // The threads and the memory of a job, before anybody works on it.
    void prepare(std::size_t helpers, std::size_t scratch_bytes) {
        while (scratch_.size() <= helpers) scratch_.emplace_back();
        for (std::size_t i = 0; i <= helpers; ++i) scratch_[i].at_least(scratch_bytes);
        scratch_bytes_ = scratch_bytes;
        try {
            for (; workers_ < helpers; ++workers_) std::thread([this] { serve(); }).detach();
        } catch (const std::system_error&) {
            // The system gives no more threads: those that there are do the work.
        }
    }

    void publish(Job* job) {
        bool wake = false;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            job_ = job;
            joined_ = 0;
            version_.fetch_add(1, std::memory_order_relaxed);
            wake = sleepers_ > 0;
        }
        if (wake) published_.notify_all();
    }

    void withdraw() {
        std::unique_lock<std::mutex> lock(mutex_);
        job_ = nullptr;
        if (active_.load(std::memory_order_relaxed) == 0) return;
        lock.unlock();
        const auto done = [this] { return active_.load(std::memory_order_acquire) == 0; };
        if (spin(done)) return;
        lock.lock();
        finished_.wait(lock, done);
    }

    void serve() {
        std::size_t seen = 0;
        for (;;) {
            const auto changed = [&] { return version_.load(std::memory_order_acquire) != seen; };
            const bool awake = spin(changed);
            std::unique_lock<std::mutex> lock(mutex_);
            if (!awake) {
                ++sleepers_;
                published_.wait(lock, changed);
                --sleepers_;
            }
            seen = version_.load(std::memory_order_relaxed);
            if (job_ == nullptr || joined_ == job_->most_helpers) continue;
            Job& job = *job_;
            void* scratch = scratch_[++joined_].at_least(scratch_bytes_);
            active_.fetch_add(1, std::memory_order_relaxed);
            lock.unlock();
            job.work(scratch);
            lock.lock();
            if (active_.fetch_sub(1, std::memory_order_release) == 1) finished_.notify_all();
        }
    }

    std::atomic<bool> taken_{false};
    std::mutex mutex_;
    std::condition_variable published_;
    std::condition_variable finished_;
    std::atomic<std::size_t> version_{0};
    std::atomic<std::size_t> active_{0};
    Job* job_ = nullptr;
    std::size_t joined_ = 0;
    std::size_t sleepers_ = 0;
    std::size_t workers_ = 0;
    std::size_t scratch_bytes_ = 0;
    std::vector<Block> scratch_;
};

std::atomic<std::size_t> limit{1};
std::atomic<Pool*> the_pool{nullptr};

// Never destroyed: workers may still sleep in it when the process ends.  A forked child has none
// of its parent's threads, so it leaves the parent's pool alone and makes its own.
void renew_pool() { the_pool.store(new Pool, std::memory_order_release); }

// Made when the library is loaded: were it made by the first caller, a fork in that moment would
// leave the child waiting for a thread that it does not have.
[[maybe_unused]] const bool made = [] {
    renew_pool();
    return pthread_atfork(nullptr, nullptr, &renew_pool) == 0;
}();

Pool& pool() { return *the_pool.load(std::memory_order_acquire); }

void run(std::size_t count, Task* task, const void* problem, std::size_t scratch_bytes) {
    if (count == 0) return;
    Job job{task, problem, count, std::min(threads(), count) - 1};
    if (job.most_helpers > 0) {
        Pool& shared = pool();
        if (shared.try_take()) {
            struct Turn {
                Pool& pool;
                ~Turn() { pool.give_back(); }
            } const turn{shared};
            shared.run(job, scratch_bytes);
            return;
        }
    }
    job.work(own_scratch.at_least(scratch_bytes));
}

void* workspace(std::size_t bytes) { return own_workspace.at_least(bytes); }

constexpr Engine the_engine{&run, &workspace};

}  // namespace

const Engine& engine() { return the_engine; }

std::size_t threads() { return limit.load(std::memory_order_relaxed); }

void set_threads(std::size_t number) { limit.store(number, std::memory_order_relaxed); }

void trim_workspace() { own_workspace.shrink_to(kept_workspace); }

}  // namespace pydis
