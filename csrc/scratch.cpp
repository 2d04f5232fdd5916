#include "scratch.hpp"

#include <memory>
#include <new>

#include "table.hpp"

namespace pydis {

namespace {

constexpr std::align_val_t alignment{scratch_alignment};

struct Release {
    void operator()(void* block) const { ::operator delete(block, alignment); }
};

}  // namespace

void* thread_scratch() {
    thread_local const std::unique_ptr<void, Release> block{
        ::operator new(scratch_bytes, alignment)};
    return block.get();
}

}  // namespace pydis
