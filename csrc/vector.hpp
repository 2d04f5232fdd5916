// One vector register, by the vector extensions of GCC and Clang: +, *, ?: and nothing by name but
// the one operation that they cannot spell, a b + c rounded once.
#pragma once

#include <cstddef>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_FMA)
#include <arm_neon.h>
#endif

namespace {

template <typename T>
struct Vector {
    static constexpr std::size_t lanes = vector_bytes / sizeof(T);
    typedef T type __attribute__((vector_size(vector_bytes)));
};

template <typename T>
using Wide = typename Vector<T>::type;

// A number in every lane.  To take off zero changes nothing, -0 included.
template <typename T>
inline Wide<T> wide(T value) {
    return value - Wide<T>{};
}

// a b + c.  Machines that have an instruction for it round once, and do twice the arithmetic in a
// second; others, and all where the build is `strict`, round the product too.  The compiler fuses
// nothing by itself (-ffp-contract=off), so the bits of a kernel are those of its source: the same
// from AVX2 and AVX-512, and in a strict build from every instruction set.
#if defined(PYDIS_STRICT) || !(defined(__FMA__) || defined(__ARM_FEATURE_FMA))
inline float multiply_add(float a, float b, float c) { return a * b + c; }
inline double multiply_add(double a, double b, double c) { return a * b + c; }

template <typename T>
inline Wide<T> multiply_add(Wide<T> a, Wide<T> b, Wide<T> c) {
    return a * b + c;
}
#else
inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double multiply_add(double a, double b, double c) { return __builtin_fma(a, b, c); }

template <typename T>
inline Wide<T> multiply_add(Wide<T> a, Wide<T> b, Wide<T> c);

#if defined(__AVX512F__)
template <>
inline Wide<float> multiply_add<float>(Wide<float> a, Wide<float> b, Wide<float> c) {
    return _mm512_fmadd_ps(a, b, c);
}
template <>
inline Wide<double> multiply_add<double>(Wide<double> a, Wide<double> b, Wide<double> c) {
    return _mm512_fmadd_pd(a, b, c);
}
#elif defined(__AVX__)
template <>
inline Wide<float> multiply_add<float>(Wide<float> a, Wide<float> b, Wide<float> c) {
    return _mm256_fmadd_ps(a, b, c);
}
template <>
inline Wide<double> multiply_add<double>(Wide<double> a, Wide<double> b, Wide<double> c) {
    return _mm256_fmadd_pd(a, b, c);
}
#else
template <>
inline Wide<float> multiply_add<float>(Wide<float> a, Wide<float> b, Wide<float> c) {
    return vfmaq_f32(c, a, b);
}
template <>
inline Wide<double> multiply_add<double>(Wide<double> a, Wide<double> b, Wide<double> c) {
    return vfmaq_f64(c, a, b);
}
#endif
#endif

// Loads and stores need no alignment beyond that of T.
template <typename T>
inline Wide<T> load(const T* from) {
    Wide<T> v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

template <typename T>
inline void store(T* to, Wide<T> v) {
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
inline Wide<T> load_some(const T* row, std::size_t at, std::size_t cols, bool all) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    if (all || at + lanes <= cols) return load(row + at);
    T whole[lanes] = {};
    if (at < cols) copy_few<lanes / 2>(row + at, cols - at, whole);
    return load(whole);
}

template <typename T>
inline void store_some(T* row, std::size_t at, std::size_t cols, bool all, Wide<T> v) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    if (all || at + lanes <= cols) return store(row + at, v);
    T whole[lanes];
    store(whole, v);
    if (at < cols) copy_few<lanes / 2>(whole, cols - at, row + at);
}

// Rectifier: x where x >= 0 or not a number, else slope x.  A slope of zero gives zero, also
// for minus infinity.
template <typename T>
inline Wide<T> bend(Wide<T> x, T slope) {
    const Wide<T> below = slope == T{0} ? Wide<T>{} : slope * x;
    return x < Wide<T>{} ? below : x;
}

// x behind a gate: x where the gate is above zero, else slope x, which is zero without a slope.
template <typename T>
inline typename Vector<T>::type pass(typename Vector<T>::type x, typename Vector<T>::type gate,
                                     T slope) {
    using Wide = typename Vector<T>::type;
    return gate > Wide{} ? x : (slope == T{0} ? Wide{} : slope * x);
}

}  // namespace
