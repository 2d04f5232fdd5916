// One vector register, by the vector extensions of GCC and Clang: +, *, and nothing by name.
#pragma once

#include <cstddef>

namespace {

template <typename T>
struct Vector {
    static constexpr std::size_t lanes = vector_bytes / sizeof(T);
    typedef T type __attribute__((vector_size(vector_bytes)));
};

// Loads and stores need no alignment beyond that of T.
template <typename T>
inline typename Vector<T>::type load(const T* from) {
    typename Vector<T>::type v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

template <typename T>
inline void store(T* to, typename Vector<T>::type v) {
    __builtin_memcpy(to, &v, sizeof v);
}

}  // namespace
