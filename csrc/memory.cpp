#include "memory.hpp"

#include <pthread.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>

#include "memory_cache.hpp"

namespace pydis {

namespace {

constexpr std::size_t largest = std::numeric_limits<std::size_t>::max() / 4;
// From here on NumPy asks for huge pages too.
constexpr std::size_t huge = std::size_t{4} << 20;

// Never destroyed: arrays outlive every other object of the process.
Cache& cache() {
    static Cache& the_cache = *new Cache;
    return the_cache;
}

// Who forks holds the lock while doing so: the child finds the lists whole, and the lock its own.
[[maybe_unused]] const bool made = [] {
    cache();
    return pthread_atfork([] { cache().mutex().lock(); }, [] { cache().mutex().unlock(); },
                          [] { cache().mutex().unlock(); }) == 0;
}();

// As NumPy does, and switched off as there.
void ask_for_huge_pages([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
    static const bool wanted = [] {
        const char* const setting = std::getenv("NUMPY_MADVISE_HUGEPAGE");
        return setting == nullptr || *setting != '0';
    }();
    if (!wanted) return;
    constexpr std::uintptr_t page = 4096;
    const auto first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
    const auto last = (reinterpret_cast<std::uintptr_t>(begin) + bytes) / page * page;
    if (last > first) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

// calloc knows which pages are zero already, so zeros that nobody reads cost nothing.
void* from_system(std::size_t bytes, bool zeros) {
    return zeros ? std::calloc(1, bytes) : std::malloc(bytes);
}

Header* fresh(std::size_t capacity, bool zeros) {
    std::size_t bytes = capacity + sizeof(Header) + alignment;
    void* const origin = from_system(bytes, zeros);
    if (origin == nullptr) return nullptr;
    if (capacity >= huge) ask_for_huge_pages(origin, bytes);
    void* place = origin;
    Header* const block =
        static_cast<Header*>(std::align(alignment, sizeof(Header) + capacity, place, bytes));
    block->origin = origin;
    block->capacity = capacity;
    return block;
}

void* small(std::size_t bytes, bool zeros) {
    auto* const block = static_cast<SmallHeader*>(from_system(sizeof(SmallHeader) + bytes, zeros));
    if (block == nullptr) return nullptr;
    block->capacity = bytes;
    return block + 1;
}

void* obtain(std::size_t bytes, bool zeros) {
    if (bytes < smallest) return small(bytes, zeros);
    if (bytes > largest) return nullptr;
    const std::size_t capacity = capacity_for(bytes);
    if (Header* const kept = cache().take(capacity)) {
        if (zeros) std::memset(bytes_of(kept), 0, bytes);
        return bytes_of(kept);
    }
    Header* block = fresh(capacity, zeros);
    if (block == nullptr) {
        cache().empty();
        block = fresh(capacity, zeros);
    }
    if (block == nullptr) {
        cache().withdraw(capacity);
        return nullptr;
    }
    return bytes_of(block);
}

}  // namespace

void* allocate(std::size_t bytes) { return obtain(bytes, false); }

void* allocate_zeros(std::size_t count, std::size_t size) {
    if (size != 0 && count > largest / size) return nullptr;
    return obtain(count * size, true);
}

void* reallocate(void* data, std::size_t bytes) {
    if (data == nullptr) return allocate(bytes);
    const std::size_t capacity = capacity_of(data);
    if (bytes <= capacity && bytes >= capacity / 2) return data;
    void* const moved = allocate(bytes);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, data, std::min(bytes, capacity));
    release(data);
    return moved;
}

void release(void* data) {
    if (data == nullptr) return;
    if (capacity_of(data) < smallest) {
        std::free(static_cast<SmallHeader*>(data) - 1);
    } else {
        cache().put(header_of(data));
    }
}

MemoryStatistics memory_statistics() { return cache().statistics(); }

void keep_memory(std::size_t bytes) { cache().keep(bytes); }

}  // namespace pydis
