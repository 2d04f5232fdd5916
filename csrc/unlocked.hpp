// A scope without the interpreter lock.
//
// Python before 3.14 ends a thread that asks for the lock after the interpreter is gone: it unwinds
// the stack from within, as an exception would.  No destructor may let that pass, and those of the
// arrays further up would need the lock.  So such a thread waits for the end of the process, which
// is what it does in Python 3.14.  (pybind11's gil_scoped_release aborts the process there.)
#pragma once

#include <pybind11/pybind11.h>

#include <unistd.h>

namespace pydis {

class Unlocked {
  public:
    Unlocked() : state_(PyEval_SaveThread()) {}
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;
    ~Unlocked() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {
            for (;;) ::pause();
        }
    }

  private:
    PyThreadState* state_;
};

}  // namespace pydis
