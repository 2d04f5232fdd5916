// Batch normalisation by channel: its statistics, its values, and its derivatives.
//
// The variance is summed in a second pass about the mean of the first, and then corrected by what
// that mean was off (Chan, Golub and LeVeque 1983, equation 1.7): large means cost no digits of it.
//   d = Σ (x - m) / n,  μ = m + d,  σ² = Σ (x - m)² / n - d²
// All else is one pass: a sum over rows (row_sums.hpp), or a map whose numbers for each channel are
// first written out for a whole line.
#pragma once

#include "row_sums.hpp"

namespace {

using pydis::BatchNorm;

// Sums of x - m and of its square.
template <typename T>
struct Spread {
    static constexpr int terms = 2;
    const T* x;
    const T* mean;  // of each column of a line
    void of(std::size_t from, std::size_t column, std::size_t width, bool all,
            typename Vector<T>::type* each) const {
        const auto gap =
            load_some(x + from, column, width, all) - load_some(mean, column, width, all);
        each[0] = gap;
        each[1] = gap * gap;
    }
};

// Sums of g and of g (x - μ).
template <typename T>
struct Slopes {
    static constexpr int terms = 2;
    const T* x;
    const T* g;
    const T* mean;
    void of(std::size_t from, std::size_t column, std::size_t width, bool all,
            typename Vector<T>::type* each) const {
        each[0] = load_some(g + from, column, width, all);
        each[1] = each[0] *
                  (load_some(x + from, column, width, all) - load_some(mean, column, width, all));
    }
};

// What each column of a line has, written out `fold` times.
template <typename T>
T* written_out(const T* channel, const Lines& lines, std::size_t cols, T* line) {
    for (std::size_t i = 0; i < lines.fold; ++i) {
        for (std::size_t c = 0; c < cols; ++c) line[i * cols + c] = channel[c];
    }
    return line;
}

template <typename T>
void batch_moments(const BatchNorm<T>* p, const Engine* engine) {
    const Lines lines(p->rows, p->cols);
    const std::size_t size = partial_size<Spread<T>>(lines);
    T* space = static_cast<T*>(engine->workspace((size + lines.width) * sizeof(T)));
    T* mean = p->made;
    T* variance = p->made + p->cols;
    const T n = static_cast<T>(p->rows);
    reduce_rows(Plain<T>{p->x}, lines, p->cols, space, mean, engine);
    T* line = space + size;
    for (std::size_t c = 0; c < p->cols; ++c) line[c] = mean[c] / n;
    for (std::size_t j = p->cols; j < lines.width; ++j) line[j] = line[j - p->cols];
    reduce_rows(Spread<T>{p->x, line}, lines, p->cols, space, p->made, engine);
    for (std::size_t c = 0; c < p->cols; ++c) {
        const T off = mean[c] / n;
        const T left = multiply_add(-off, off, variance[c] / n);
        mean[c] = off == off ? line[c] + off : line[c];  // an infinite mean stays infinite
        variance[c] = left < T{0} ? T{0} : left;
    }
}

template <typename T>
inline T reciprocal_deviation(const BatchNorm<T>& p, std::size_t c) {
    return T{1} / __builtin_sqrt(p.moments[p.cols + c] + p.epsilon);
}

template <>
inline float reciprocal_deviation(const BatchNorm<float>& p, std::size_t c) {
    return 1.0f / __builtin_sqrtf(p.moments[p.cols + c] + p.epsilon);
}

template <typename T>
void batch_norm_sums(const BatchNorm<T>* p, const Engine* engine) {
    const Lines lines(p->rows, p->cols);
    const std::size_t size = partial_size<Slopes<T>>(lines);
    T* space = static_cast<T*>(engine->workspace((size + lines.width) * sizeof(T)));
    const T* mean = written_out(p->moments, lines, p->cols, space + size);
    reduce_rows(Slopes<T>{p->x, p->g, mean}, lines, p->cols, space, p->made, engine);
    for (std::size_t c = 0; c < p->cols; ++c) p->made[p->cols + c] *= reciprocal_deviation(*p, c);
}

// What a map over lines needs: y = c + (x - μ) d for the values, scale (g + c + (x - μ) d) for
// x_bar.
template <typename T>
struct LineMap {
    const BatchNorm<T>* p;
    const Lines* lines;
    const T* mean;
    const T* constant;
    const T* of_gap;
    const T* scale;  // null for the values
};

template <typename T>
inline void map_line(const LineMap<T>& m, std::size_t from, std::size_t width) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    const BatchNorm<T>& p = *m.p;
    for (std::size_t j = 0; j < width; j += lanes) {
        const bool all = j + lanes <= width;
        const auto take = [&](const T* line) { return load_some(line, j, width, all); };
        const Wide<T> gap = take(p.x + from) - take(m.mean);
        Wide<T> y = multiply_add<T>(gap, take(m.of_gap), take(m.constant));
        if (m.scale != nullptr) y = take(m.scale) * (take(p.g + from) + y);
        if (p.activate) y = bend<T>(y, p.slope);
        store_some(p.made + from, j, width, all, y);
    }
}

template <typename T>
void map_group(const void* problem, std::size_t group, void*) {
    const LineMap<T>& m = *static_cast<const LineMap<T>*>(problem);
    const Lines& l = *m.lines;
    const std::size_t begin = group * l.in_group;
    const std::size_t end = begin + at_most(l.count - begin, l.in_group);
    for (std::size_t i = begin; i < end; ++i) map_line(m, i * l.width, l.width);
    if (group + 1 == l.groups && l.rest > 0) map_line(m, l.count * l.width, l.rest);
}

// y = b + (x - μ) w r.
template <typename T>
void batch_norm(const BatchNorm<T>* p, const Engine* engine) {
    const Lines lines(p->rows, p->cols);
    T* space = static_cast<T*>(engine->workspace((3 * lines.width + p->cols) * sizeof(T)));
    T* each = space + 3 * lines.width;
    for (std::size_t c = 0; c < p->cols; ++c) each[c] = p->w[c] * reciprocal_deviation(*p, c);
    const LineMap<T> problem{p,
                             &lines,
                             written_out(p->moments, lines, p->cols, space),
                             written_out(p->b, lines, p->cols, space + lines.width),
                             written_out(each, lines, p->cols, space + 2 * lines.width),
                             nullptr};
    engine->run(lines.groups, &map_group<T>, &problem, 0);
}

// x_bar = w r (g - Σ g / n - (x - μ) r Σ g x̂ / n).
template <typename T>
void batch_norm_x(const BatchNorm<T>* p, const Engine* engine) {
    const Lines lines(p->rows, p->cols);
    const std::size_t width = lines.width;
    T* space = static_cast<T*>(engine->workspace((4 * width + 3 * p->cols) * sizeof(T)));
    T* constant = space + 4 * width;
    T* of_gap = constant + p->cols;
    T* scale = of_gap + p->cols;
    const T n = static_cast<T>(p->rows);
    for (std::size_t c = 0; c < p->cols; ++c) {
        const T r = reciprocal_deviation(*p, c);
        constant[c] = -p->sums[c] / n;
        of_gap[c] = -r * (p->sums[p->cols + c] / n);
        scale[c] = p->w[c] * r;
    }
    const LineMap<T> problem{p,
                             &lines,
                             written_out(p->moments, lines, p->cols, space),
                             written_out(constant, lines, p->cols, space + width),
                             written_out(of_gap, lines, p->cols, space + 2 * width),
                             written_out(scale, lines, p->cols, space + 3 * width)};
    engine->run(lines.groups, &map_group<T>, &problem, 0);
}

}  // namespace
