// The memory that kernels may overwrite: one block for each thread, kept until the thread ends,
// so that a call neither allocates nor faults pages in.
#pragma once

namespace pydis {

// scratch_bytes at scratch_alignment.  Throws std::bad_alloc.
void* thread_scratch();

}  // namespace pydis
