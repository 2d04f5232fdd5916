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

// Copies n < 2 most elements; the sizes of the copies are known to the compiler.
template <std::size_t most, typename T>
inline void copy_few(const T* from, std::size_t n, T* to) {
#if defined(__SANITIZE_ADDRESS__)  // which does not look into the unrolled copies
    for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
    return;
#endif
#pragma GCC unroll 5
    for (std::size_t size = most; size > 0; size /= 2) {
        if (!(n & size)) continue;
        __builtin_memcpy(to, from, size * sizeof(T));
        from += size;
        to += size;
    }
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
