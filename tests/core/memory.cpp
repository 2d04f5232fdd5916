// Kept memory without Python: many threads ask for blocks, look at what they hold, change their
// size and give them back, some to another thread.  Forks are in tests/test_memory_calls.py: in a
// child that was forked amid an allocation the sanitizers' own malloc may wait for ever.
//
//     core_memory [rounds]    under a sanitizer, or plain
#include "memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace {

std::atomic<bool> right{true};

struct Block {
    unsigned char* data;
    std::size_t bytes;
    unsigned char value;
};

void look(const Block& block, std::size_t bytes, const char* when) {
    for (std::size_t i = 0; i < bytes; ++i) {
        if (block.data[i] == block.value) continue;
        std::fprintf(stderr, "core_memory: byte %zu of %zu is %d and not %d, %s\n", i, block.bytes,
                     block.data[i], block.value, when);
        right = false;
        return;
    }
}

std::size_t some_bytes(std::mt19937& random) {
    return std::size_t{1} + random() % (std::size_t{1} << random() % 18);
}

Block made(std::mt19937& random) {
    const std::size_t bytes = some_bytes(random);
    Block block{nullptr, bytes, static_cast<unsigned char>(random())};
    if (random() % 4 == 0) {
        block.value = 0;
        block.data = static_cast<unsigned char*>(pydis::allocate_zeros(bytes, 1));
        look(block, bytes, "where zeros were asked for");
    } else {
        block.data = static_cast<unsigned char*>(pydis::allocate(bytes));
    }
    std::memset(block.data, block.value, bytes);
    return block;
}

// Where one thread leaves a block for another.
std::atomic<Block*> handed_on{nullptr};

void live(std::uint32_t seed, int rounds) {
    std::mt19937 random(seed);
    std::vector<Block> own;
    for (int round = 0; round < rounds; ++round) {
        own.push_back(made(random));
        Block& any = own[random() % own.size()];
        look(any, any.bytes, "some time later");
        const std::size_t bytes = some_bytes(random);
        any.data = static_cast<unsigned char*>(pydis::reallocate(any.data, bytes));
        look(any, std::min(any.bytes, bytes), "after a change of size");
        any.bytes = bytes;
        std::memset(any.data, any.value, bytes);
        if (Block* const other = handed_on.exchange(new Block(own.back()))) {
            look(*other, other->bytes, "made by another thread");
            pydis::release(other->data);
            delete other;
        }
        own.pop_back();
        if (own.size() > 20 || random() % 2 == 0) {
            if (own.empty()) continue;
            look(own.front(), own.front().bytes, "at its end");
            pydis::release(own.front().data);
            own.erase(own.begin());
        }
        if (random() % 3 == 0) own.push_back(made(random));
    }
    for (const Block& block : own) {
        look(block, block.bytes, "at the end of all");
        pydis::release(block.data);
    }
}

}  // namespace

int main(int count, char** words) {
    const int rounds = count > 1 ? std::atoi(words[1]) : 2000;
    std::vector<std::thread> threads;
    for (std::uint32_t seed = 0; seed < 4; ++seed) threads.emplace_back(live, seed, rounds);
    threads.emplace_back([rounds] {
        for (int round = 0; round < rounds; ++round) {
            pydis::keep_memory(round % 2 == 0 ? 100'000 : 10'000'000);
        }
    });
    for (std::thread& thread : threads) thread.join();
    if (Block* const last = handed_on.exchange(nullptr)) {
        pydis::release(last->data);
        delete last;
    }
    const pydis::MemoryStatistics now = pydis::memory_statistics();
    if (now.in_use != 0 || now.kept > now.bound || now.hits == 0) {
        std::fprintf(stderr, "core_memory: %zu bytes in use, %zu kept of at most %zu, %zu hits\n",
                     now.in_use, now.kept, now.bound, now.hits);
        right = false;
    }
    pydis::keep_memory(0);
    return right ? 0 : 1;
}
