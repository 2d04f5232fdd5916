// The kernels and their pool without Python: many callers, other numbers of threads amid calls,
// forks.  Ends with status 0 if every result has the bits of one thread.
//
//     core_pool [rounds]                                    under a sanitizer, or plain
//     core_pool plant overflow | undefined | leak | race    a fault that a sanitizer must report
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace {

using Array = std::vector<float>;

Array pseudo_random(std::size_t size, unsigned seed) {
    Array x(size);
    for (float& each : x) {
        seed = seed * 1664525u + 1013904223u;
        each = static_cast<float>(seed >> 8) / static_cast<float>(1 << 23) - 1.0f;
    }
    return x;
}

constexpr std::size_t rows = 150, depth = 200, cols = 90;

void multiply(const pydis::Kernels& kernels, const Array& a, const Array& b, Array& c) {
    pydis::Matmul<float> p{};
    p.a = a.data();
    p.b = b.data();
    p.c = c.data();
    p.rows = rows;
    p.cols = cols;
    p.depth = depth;
    kernels.matmul_f32(&p, &pydis::engine());
}

// Convolutions of 12 x 12 images by 4 x 4 filters in steps of two.  Those with many channels take
// fewer products.
struct Sizes {
    std::size_t images, channels, outputs;
    std::size_t x() const { return images * 12 * 12 * channels; }
    std::size_t g() const { return images * 6 * 6 * outputs; }
    std::size_t w() const { return 4 * 4 * channels * outputs; }
};
constexpr Sizes narrow{9, 8, 16}, wide{15, 32, 32};

pydis::Conv<float> convolution(const Sizes& sizes) {
    pydis::Conv<float> p{};
    p.images = sizes.images;
    p.height = p.width = 12;
    p.channels = sizes.channels;
    p.filter_height = p.filter_width = 4;
    p.outputs = sizes.outputs;
    p.map_height = p.map_width = 6;
    p.stride = 2;
    p.pad = 1;
    return p;
}

// The filters of maps g of images x: a sum of groups in a fixed tree.
void weigh(const pydis::Kernels& kernels, const Sizes& sizes, const Array& x, const Array& g,
           Array& w) {
    pydis::Conv<float> p = convolution(sizes);
    p.x = x.data();
    p.g = g.data();
    p.made = w.data();
    kernels.conv2d_w_f32(&p, &pydis::engine());
}

// The maps of images x by filters w.
void correlate(const pydis::Kernels& kernels, const Sizes& sizes, const Array& x, const Array& w,
               Array& g) {
    pydis::Conv<float> p = convolution(sizes);
    p.x = x.data();
    p.w = w.data();
    p.made = g.data();
    kernels.conv2d_f32(&p, &pydis::engine());
}

struct Problems {
    Array a = pseudo_random(rows * depth, 1);
    Array b = pseudo_random(depth * cols, 2);
    Array x = pseudo_random(narrow.x(), 3);
    Array g = pseudo_random(narrow.g(), 4);
    Array wide_x = pseudo_random(wide.x(), 5);
    Array wide_g = pseudo_random(wide.g(), 6);
};

// The results, in memory that later calls use again: a child of a process whose other threads
// allocate would hang in the sanitizers' allocators, which not every version makes safe to fork.
struct Results {
    Array c = Array(rows * cols);
    Array w = Array(narrow.w());
    Array wide_w = Array(wide.w());
    Array wide_g = Array(wide.g());

    void solve(const Problems& problems, const pydis::Kernels& kernels) {
        multiply(kernels, problems.a, problems.b, c);
        weigh(kernels, narrow, problems.x, problems.g, w);
        weigh(kernels, wide, problems.wide_x, problems.wide_g, wide_w);
        correlate(kernels, wide, problems.wide_x, wide_w, wide_g);
        pydis::trim_workspace();
    }
};

bool equal(const Array& x, const Array& y) {
    return std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
}

bool equal(const Results& x, const Results& y) {
    return equal(x.c, y.c) && equal(x.w, y.w) && equal(x.wide_w, y.wide_w) &&
           equal(x.wide_g, y.wide_g);
}

// One child, which solves the same problem on threads of its own; a child that hangs is ended.
bool child_agrees(const Problems& problems, const pydis::Kernels& kernels, const Results& alone) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
#if defined(__SANITIZE_THREAD__)  // which knows of no threads in a child but the first
        pydis::set_threads(1);
#endif
        Results results;
        results.solve(problems, kernels);
        _exit(equal(results, alone) ? 0 : 1);
    }
    int status = -1;
    const bool ended = child > 0 && waitpid(child, &status, 0) == child;
    if (status != 0) std::fprintf(stderr, "a child ended with wait status %d\n", status);
    return ended && status == 0;
}

bool hammer(const pydis::Kernels& kernels, int rounds) {
    const int children = 1 + rounds / 10;
    const Problems problems;
    Results alone;
    pydis::set_threads(1);
    alone.solve(problems, kernels);
    std::atomic<int> wrong{0};
    std::atomic<int> ready{0};
    std::atomic<bool> over{false};
    pydis::set_threads(6);  // makes the pool's threads
    Results(alone).solve(problems, kernels);
    pydis::set_threads(1);  // so that each caller has its scratch before the first fork
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller) {
        callers.emplace_back([&] {
            Results results;
            for (int round = 0; round < rounds || !over; ++round) {
                results.solve(problems, kernels);
                if (!equal(results, alone)) ++wrong;
                if (round == 0) ++ready;
            }
        });
    }
    while (ready < 6) std::this_thread::yield();
    std::thread changer([&] {
        for (std::size_t round = 0; !over; ++round) {
            pydis::set_threads(1 + round % 6);
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
    });
    for (int child = 0; child < children; ++child) {
        if (!child_agrees(problems, kernels, alone)) ++wrong;
    }
    over = true;
    for (std::thread& caller : callers) caller.join();
    changer.join();
    std::printf("%s: 6 threads of at least %d calls, %d children, %d wrong\n", kernels.name, rounds,
                children, wrong.load());
    return wrong == 0;
}

// Faults: each is correct C++ but for one thing, and where it can be, that is within a kernel.
int plant(const std::string& fault) {
    const Problems problems;
    const pydis::Kernels& kernels = pydis::kernels();
    Array c(rows * cols);
    if (fault == "overflow") {  // a kernel writes past its result
        c.resize(c.size() - 1);
        c.shrink_to_fit();
        multiply(kernels, problems.a, problems.b, c);
    } else if (fault == "race") {  // two kernels write one result
        std::thread other([&] { multiply(kernels, problems.a, problems.b, c); });
        multiply(kernels, problems.a, problems.b, c);
        other.join();
    } else if (fault == "undefined") {
        volatile int most = INT_MAX;
        most = most + 1;
    } else if (fault == "leak") {
        static_cast<void>(!std::memset(std::malloc(1000), 1, 1000));
    } else {
        std::fprintf(stderr, "unknown fault %s\n", fault.c_str());
        return 2;
    }
    return 0;
}

}  // namespace

int main(int count, char** words) {
    const std::vector<std::string> arguments(words + 1, words + count);
    if (arguments.size() == 2 && arguments[0] == "plant") return plant(arguments[1]);
    const int rounds = arguments.empty() ? 100 : std::atoi(arguments[0].c_str());
    bool right = true;
    for (const pydis::Kernels* each : pydis::available_kernels()) {
        right = hammer(*each, rounds) && right;
    }
    return right ? 0 : 1;
}
