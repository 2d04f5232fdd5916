// One vector register, by the vector extensions of GCC and Clang: +, *, ?: and nothing by name.
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

// Copies n < 2 most elements, by halves.  Not a loop to unroll: the address sanitizer checks those
// copies alone whose sizes GCC knows before that.
template <std::size_t most, typename T>
inline void copy_few(const T* from, std::size_t n, T* to) {
    if (n & most) {
        __builtin_memcpy(to, from, most * sizeof(T));
        from += most;
        to += most;
    }
    if constexpr (most > 1) copy_few<most / 2>(from, n, to);
}

// The vector from element `at` of a row of `cols` elements, zero beyond them.
template <typename T>
inline typename Vector<T>::type load_some(const T* row, std::size_t at, std::size_t cols,
                                          bool all) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    if (all || at + lanes <= cols) return load(row + at);
    T whole[lanes] = {};
    if (at < cols) copy_few<lanes / 2>(row + at, cols - at, whole);
    return load(whole);
}

template <typename T>
inline void store_some(T* row, std::size_t at, std::size_t cols, bool all,
                       typename Vector<T>::type v) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    if (all || at + lanes <= cols) return store(row + at, v);
    T whole[lanes];
    store(whole, v);
    if (at < cols) copy_few<lanes / 2>(whole, cols - at, row + at);
}

// Rectifier: x where x >= 0 or not a number, else slope x.  A slope of zero gives zero, also
// for minus infinity.
template <typename T>
inline typename Vector<T>::type bend(typename Vector<T>::type x, T slope) {
    using Wide = typename Vector<T>::type;
    const Wide below = slope == T{0} ? Wide{} : slope * x;
    return x < Wide{} ? below : x;
}

}  // namespace
