// exp, log, and what activations are made of them, of one vector at a time.
//
// exp:  x = n ln 2 + r with |r| <= ln(2)/2, and exp x = 2^n exp r.  exp r is its Taylor series.
//       n ln 2 is subtracted in two parts, the first of so few bits that its product is exact.
// log:  u = 2^k m with m between √½ and √2, and log u = k ln 2 + log m.  With f = m - 1 and
//       s = f / (2 + f),  log m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + ...), written so that f, the
//       large part, is added last:  log m = f - (f²/2 - s (f²/2 + R)),  R = s² (2/3 + s² 2/5 + ...)
//       (the arrangement of FDLIBM's e_log.c, Sun Microsystems 1993).
//
// Whole numbers move between the bits of a float and an integer by adding 1.5 · 2^(bits of the
// mantissa): the sum's last bits are the number.  Not a number stays so, infinities and zeros are
// exact, subnormals are read and made.  One element's result does not depend on its neighbours.
// Worst errors over all float32 with AVX-512, in units of the last place: exp 0.80, log 0.86,
// sigmoid 1.96, softplus 1.55 (tests/reference/measure_ulps.py).
#pragma once

#include "vector.hpp"

namespace {

// How a float lies in memory, and where its series may stop.
template <typename T>
struct Format;

template <>
struct Format<float> {
    typedef unsigned int Word;
    static constexpr unsigned int mantissa = 23;
    static constexpr unsigned int bias = 127;
    static constexpr float magic = 0x1.8p23f;
    static constexpr float ln2_high = 0x1.63p-1f;
    static constexpr float ln2_low = -0x1.bd0106p-13f;
    static constexpr float least_normal = 0x1p-126f;
    static constexpr float exp_low = -104.0f;  // exp of less is 0, of more than exp_high ∞
    static constexpr float exp_high = 89.0f;
    static constexpr int exp_terms = 7;
    static constexpr int log_terms = 4;
};

template <>
struct Format<double> {
    typedef unsigned long long Word;
    static constexpr unsigned int mantissa = 52;
    static constexpr unsigned int bias = 1023;
    static constexpr double magic = 0x1.8p52;
    static constexpr double ln2_high = 0x1.62e42feep-1;
    static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double least_normal = 0x1p-1022;
    static constexpr double exp_low = -746.0;
    static constexpr double exp_high = 710.0;
    static constexpr int exp_terms = 13;
    static constexpr int log_terms = 10;
};

template <typename T>
struct Words {
    typedef typename Format<T>::Word type __attribute__((vector_size(vector_bytes)));
};

template <typename T>
inline typename Words<T>::type bits(Wide<T> x) {
    typename Words<T>::type b;
    __builtin_memcpy(&b, &x, sizeof b);
    return b;
}

template <typename T>
inline Wide<T> from_bits(typename Words<T>::type b) {
    Wide<T> x;
    __builtin_memcpy(&x, &b, sizeof x);
    return x;
}

template <typename T>
inline Wide<T> magnitude(Wide<T> x) {
    return from_bits<T>(bits<T>(x) << 1 >> 1);
}

// 2^n for n from 1 - bias to bias.
template <typename T>
inline Wide<T> power_of_two(typename Words<T>::type n) {
    return from_bits<T>((n + Format<T>::bias) << Format<T>::mantissa);
}

// exp x = 2^n (1 + a - b + r² (1/2! + r (1/3! + ...))) with x - n ln 2 = r = a - b, where n is the
// whole number nearest to x / ln 2.  What 1 + a rounds away is added to the small terms.  To add
// something to exp x costs nothing.
template <typename T>
inline Wide<T> exp(Wide<T> x, Wide<T> added = Wide<T>{}) {
    using F = Format<T>;
    constexpr T log2_e = static_cast<T>(1.4426950408889634074);
    Wide<T> held = x < F::exp_low ? wide<T>(F::exp_low) : x;
    held = held > F::exp_high ? wide<T>(F::exp_high) : held;
    const Wide<T> shifted = multiply_add<T>(held, wide<T>(log2_e), wide<T>(F::magic));
    const Wide<T> whole = shifted - F::magic;
    const Wide<T> a = multiply_add<T>(whole, wide<T>(-F::ln2_high), held);
    const Wide<T> r = multiply_add<T>(whole, wide<T>(-F::ln2_low), a);
    T factorial = 1;
    for (int i = 2; i <= F::exp_terms; ++i) factorial *= static_cast<T>(i);
    Wide<T> sum = wide<T>(1 / factorial);
    for (int i = F::exp_terms; i > 2; --i) {
        factorial /= static_cast<T>(i);
        sum = multiply_add<T>(sum, r, wide<T>(1 / factorial));
    }
    const Wide<T> large = a + T{1};
    const Wide<T> lost = (T{1} - large) + a;
    const Wide<T> rest = multiply_add<T>(whole, wide<T>(-F::ln2_low), lost);
    const Wide<T> y = large + multiply_add<T>(r * r, sum, rest);
    // 2^n may lie beyond the powers that can be written, so it is multiplied by in two halves.
    const typename Words<T>::type n = bits<T>(shifted) - bits<T>(wide<T>(F::magic));
    const typename Words<T>::type half = ((n + 4096) >> 1) - 2048;
    return multiply_add<T>(y * power_of_two<T>(half), power_of_two<T>(n - half), added);
}

// log(u + c) + shift ln 2  for a normal u > 0 and a c of less than a unit in the last place of u.
template <typename T>
inline Wide<T> log_of_sum(Wide<T> u, Wide<T> c, Wide<T> shift) {
    using F = Format<T>;
    using W = typename F::Word;
    const typename Words<T>::type one = bits<T>(wide<T>(T{1}));
    const typename Words<T>::type root = bits<T>(wide<T>(static_cast<T>(0.70710678118654752)));
    const typename Words<T>::type k = ((bits<T>(u) - root + one) >> F::mantissa) - W{F::bias};
    const Wide<T> powers = from_bits<T>(bits<T>(wide<T>(F::magic)) + k) - F::magic + shift;
    const Wide<T> f = from_bits<T>(bits<T>(u) - (k << F::mantissa)) - T{1};
    const Wide<T> s = f / (f + T{2});
    const Wide<T> z = s * s;
    Wide<T> sum = wide<T>(T{2} / static_cast<T>(2 * F::log_terms + 1));
    for (int i = F::log_terms - 1; i > 0; --i) {
        sum = multiply_add<T>(sum, z, wide<T>(T{2} / static_cast<T>(2 * i + 1)));
    }
    const Wide<T> half_square = f * f * T(0.5);
    const Wide<T> low = multiply_add<T>(powers, wide<T>(F::ln2_low), c / u);
    const Wide<T> rest =
        half_square - multiply_add<T>(s, multiply_add<T>(z, sum, half_square), low);
    return multiply_add<T>(powers, wide<T>(F::ln2_high), f - rest);
}

template <typename T>
inline Wide<T> log(Wide<T> x) {
    using F = Format<T>;
    constexpr T infinity = static_cast<T>(__builtin_inf());
    constexpr T scale = static_cast<T>(typename F::Word{1} << F::mantissa);
    const auto subnormal = x < F::least_normal;
    const Wide<T> shift = subnormal ? wide<T>(-T{F::mantissa}) : Wide<T>{};
    Wide<T> y = log_of_sum<T>(subnormal ? x * scale : x, Wide<T>{}, shift);
    y = x > Wide<T>{} ? y : wide<T>(static_cast<T>(__builtin_nan("")));
    y = x == Wide<T>{} ? wide<T>(-infinity) : y;
    return x == infinity ? x : y;
}

// log(1 + x) for x from 0 to 1: what 1 + x rounds away is x - (u - 1), and exact.
template <typename T>
inline Wide<T> log1p_of_share(Wide<T> x) {
    const Wide<T> u = x + T{1};
    return log_of_sum<T>(u, x - (u - T{1}), Wide<T>{});
}

// e / (1 + e) with e = exp(-|x|), or 1 / (1 + e) for x >= 0: no overflow, and small y are kept.
// The share that 1 + e rounds away is taken off again; 1 / (1 + e) is near enough to a line there.
template <typename T>
inline Wide<T> sigmoid(Wide<T> x) {
    const Wide<T> e = exp<T>(-magnitude<T>(x));
    const Wide<T> sum = e + T{1};
    const Wide<T> lost = e - (sum - T{1});
    const Wide<T> y = (x < Wide<T>{} ? e : wide<T>(T{1})) / sum;
    const Wide<T> steepness = multiply_add<T>(wide<T>(T(-0.49)), sum, wide<T>(T(1.46)));
    return multiply_add<T>(-y, lost * steepness, y);
}

// max(x, 0) + log(1 + exp(-|x|)).
template <typename T>
inline Wide<T> softplus(Wide<T> x) {
    return (x > Wide<T>{} ? x : Wide<T>{}) + log1p_of_share<T>(exp<T>(-magnitude<T>(x)));
}

}  // namespace
