// The blocks that are kept, and what lies before the bytes of each.  Only memory.cpp includes this.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <mutex>

#include "memory.hpp"

namespace pydis {

namespace {

// Below, the C library keeps blocks for each thread by itself and needs no lock for it (glibc: up
// to 1032 bytes), and nothing is gained by an alignment.
constexpr std::size_t smallest = 1024;
// A larger one would fill half of what is kept by default, and push out all that a step needs.
constexpr std::size_t largest_kept = std::size_t{128} << 20;
constexpr std::size_t alignment = 64;

struct Header;

struct Links {
    Header* newer = nullptr;
    Header* older = nullptr;
};

// Lies before the bytes of a block.  Its last member does so for small blocks, too: what is asked
// for says nothing of what is there, and NumPy tells reallocate() no old size.
struct alignas(alignment) Header {
    void* origin;    // what the C library gave
    Links by_age;    // among all kept blocks
    Links by_class;  // among those of its capacity
    std::size_t unused[2];
    std::size_t capacity;  // bytes that follow; below `smallest` there is a SmallHeader alone
};
static_assert(sizeof(Header) == alignment);

struct SmallHeader {
    std::size_t unused;
    std::size_t capacity;
};
static_assert(sizeof(SmallHeader) == 16);

std::size_t capacity_of(const void* data) {
    return static_cast<const SmallHeader*>(data)[-1].capacity;
}
Header* header_of(void* data) { return static_cast<Header*>(data) - 1; }
void* bytes_of(Header* block) { return block + 1; }

// Four sizes for each doubling: at most a quarter is too much.
std::size_t capacity_for(std::size_t bytes) {
    if (bytes > largest_kept) return bytes;
    const std::size_t step = std::bit_floor(bytes - 1) / 4;
    return (bytes + step - 1) / step * step;
}

std::size_t class_of(std::size_t capacity) {
    const auto exponent = static_cast<std::size_t>(std::bit_width(capacity)) - 1;
    return 4 * exponent + (capacity >> (exponent - 2)) % 4;
}
constexpr std::size_t classes = 4 * 28;
static_assert(largest_kept < std::size_t{1} << 28);

// Blocks in the order in which they came.
template <Links Header::* links>
class Queue {
  public:
    Header* newest() const { return newest_; }
    Header* oldest() const { return oldest_; }
    void add(Header* block) {
        (block->*links) = {nullptr, newest_};
        (newest_ == nullptr ? oldest_ : (newest_->*links).newer) = block;
        newest_ = block;
    }
    void remove(Header* block) {
        const Links around = block->*links;
        (around.newer == nullptr ? newest_ : (around.newer->*links).older) = around.older;
        (around.older == nullptr ? oldest_ : (around.older->*links).newer) = around.newer;
    }

  private:
    Header* newest_ = nullptr;
    Header* oldest_ = nullptr;
};

void give_back(Header* chain) {
    while (chain != nullptr) {
        Header* const older = chain->by_age.older;
        std::free(chain->origin);
        chain = older;
    }
}

// All kept blocks, under one lock, beneath which nothing calls the system.
class Cache {
  public:
    // The newest of that capacity, which is the likeliest to be in the processor's cache; or null.
    // Counts it as in use, from wherever it comes.
    Header* take(std::size_t capacity) {
        const std::lock_guard<std::mutex> lock(mutex_);
        now_.in_use += capacity;
        now_.most = std::max(now_.most, now_.in_use);
        Header* const block =
            capacity > largest_kept ? nullptr : by_class_[class_of(capacity)].newest();
        ++(block == nullptr ? now_.misses : now_.hits);
        if (block != nullptr) remove(block);
        return block;
    }

    // The system had no block: as if it had not been asked for.
    void withdraw(std::size_t capacity) {
        const std::lock_guard<std::mutex> lock(mutex_);
        now_.in_use -= capacity;
        --now_.misses;
    }

    // Keeps a block; gives back what is then too much, the oldest first.
    void put(Header* block) {
        Header* too_much = nullptr;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            now_.in_use -= block->capacity;
            if (block->capacity > std::min(largest_kept, now_.bound)) {
                block->by_age.older = nullptr;
                too_much = block;
            } else {
                by_age_.add(block);
                by_class_[class_of(block->capacity)].add(block);
                now_.kept += block->capacity;
                too_much = shrink(now_.bound);
            }
        }
        give_back(too_much);
    }

    void keep(std::size_t bytes) {
        Header* too_much = nullptr;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            now_.bound = bytes;
            too_much = shrink(bytes);
        }
        give_back(too_much);
    }

    // Gives back all that is kept.
    void empty() {
        Header* all = nullptr;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            all = shrink(0);
        }
        give_back(all);
    }

    MemoryStatistics statistics() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return now_;
    }

    std::mutex& mutex() { return mutex_; }

  private:
    void remove(Header* block) {
        by_age_.remove(block);
        by_class_[class_of(block->capacity)].remove(block);
        now_.kept -= block->capacity;
    }

    Header* shrink(std::size_t bytes) {
        Header* chain = nullptr;
        while (now_.kept > bytes) {
            Header* const block = by_age_.oldest();
            remove(block);
            block->by_age.older = chain;
            chain = block;
        }
        return chain;
    }

    std::mutex mutex_;
    Queue<&Header::by_age> by_age_;
    std::array<Queue<&Header::by_class>, classes> by_class_;
    MemoryStatistics now_;
};

}  // namespace

}  // namespace pydis
