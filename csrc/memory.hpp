// Memory for arrays: blocks that were given back are kept for the next array of about that size.
//
// A training step makes and drops the same arrays again and again.  Fresh memory costs a page fault
// for each 4 KiB, which is more than the arithmetic of many a pass over it.
//
// Every function may be called by any thread.  A block may be given back by another thread than the
// one that asked for it, and in a forked child.
#pragma once

#include <cstddef>

namespace pydis {

struct MemoryStatistics {
    std::size_t in_use = 0;                      // bytes of blocks that somebody holds
    std::size_t most = 0;                        // the most that in_use ever was
    std::size_t kept = 0;                        // bytes of blocks that wait for the next to ask
    std::size_t bound = std::size_t{256} << 20;  // the most that kept may be
    std::size_t hits = 0;                        // blocks that were kept ones
    std::size_t misses = 0;                      // blocks that the system had to give
};

// Null where the system gives no more; then nothing has changed.  Blocks of at least 1 KiB are
// aligned to 64 bytes.
void* allocate(std::size_t bytes);
void* allocate_zeros(std::size_t count, std::size_t size);
// Keeps the content as far as it fits.  Null makes a new block.
void* reallocate(void* data, std::size_t bytes);
// Null is nothing.
void release(void* data);

// Blocks below 1 KiB are not counted.
MemoryStatistics memory_statistics();
// Keeps at most so many bytes from now on; gives back what is more.
void keep_memory(std::size_t bytes);

}  // namespace pydis
