// Sums over the rows of a matrix [rows, cols], one or two terms of each element at once.
//
// A matrix may have one column.  So that a row fills vectors, `fold` rows are read as one line of
// fold · cols columns; the fold sums that each column then has are added at the end.  Lines are
// added one after another within a group of fixed size, which is a task; the groups are added in a
// fixed tree.  All that depends on the shape alone, and columns never mix, so the bits depend on
// neither threads nor the width of a vector.
//
// A number is the sum of one chain of at most `group_lines` + 1 terms for each leaf of a tree of
// height log2(groups) + log2(fold) (rounded up): so many roundings bound its error.
#pragma once

#include "table.hpp"
#include "vector.hpp"

namespace {

using pydis::Engine;
using pydis::RowSums;

constexpr std::size_t line_columns = 64;  // a line has at least so many, if there are rows
constexpr std::size_t group_elements = 16384;
constexpr std::size_t group_lines = 256;  // at most

inline std::size_t at_most(std::size_t n, std::size_t most) { return n < most ? n : most; }

// How the rows are cut into lines and groups.
struct Lines {
    std::size_t fold;
    std::size_t width;
    std::size_t count;
    std::size_t rest;  // columns of the line that the last rows do not fill
    std::size_t in_group;
    std::size_t groups;

    Lines(std::size_t rows, std::size_t cols) {
        fold = cols < line_columns ? (line_columns + cols - 1) / cols : 1;
        if (fold > rows) fold = 1;
        width = fold * cols;
        count = rows / fold;
        rest = rows % fold * cols;
        in_group = group_elements / width;
        if (in_group < 8) in_group = 8;
        if (in_group > group_lines) in_group = group_lines;
        groups = (count + in_group - 1) / in_group;
    }
};

// A Term says what is added: `terms` vectors for the elements at `at`, which are in column `column`
// of their line; `some` lanes are inside the line.
template <typename T, typename Term>
struct Reduction {
    const Term* term;
    const Lines* lines;
    T* partial;  // [groups, terms, width]
};

// Adds `count` lines from element `from` on, for one vector of columns from `column` on.
template <typename T, typename Term, int vectors>
inline void add_lines(const Term& term, std::size_t from, std::size_t column, std::size_t width,
                      std::size_t stride, std::size_t count, bool first, T* sums) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    const bool all = column + vectors * lanes <= width;
    typename Vector<T>::type total[Term::terms][vectors] = {};
    if (!first) {
        for (int s = 0; s < Term::terms; ++s) {
            for (int v = 0; v < vectors; ++v) {
                total[s][v] = load_some(sums + static_cast<std::size_t>(s) * stride,
                                        column + static_cast<std::size_t>(v) * lanes, width, all);
            }
        }
    }
    for (std::size_t line = 0; line < count; ++line) {
        for (int v = 0; v < vectors; ++v) {
            typename Vector<T>::type each[Term::terms];
            term.of(from + line * stride, column + static_cast<std::size_t>(v) * lanes, width, all,
                    each);
            for (int s = 0; s < Term::terms; ++s) total[s][v] += each[s];
        }
    }
    for (int s = 0; s < Term::terms; ++s) {
        for (int v = 0; v < vectors; ++v) {
            store_some(sums + static_cast<std::size_t>(s) * stride,
                       column + static_cast<std::size_t>(v) * lanes, width, all, total[s][v]);
        }
    }
}

template <typename T, typename Term>
void reduce_group(const void* problem, std::size_t group, void*) {
    constexpr std::size_t lanes = Vector<T>::lanes;
    constexpr std::size_t four = 4 * lanes;
    const auto& p = *static_cast<const Reduction<T, Term>*>(problem);
    const Lines& l = *p.lines;
    const std::size_t begin = group * l.in_group;
    const std::size_t count = at_most(l.count - begin, l.in_group);
    T* sums = p.partial + group * Term::terms * l.width;
    std::size_t j = 0;
    for (; j + four <= l.width; j += four) {
        add_lines<T, Term, 4>(*p.term, begin * l.width, j, l.width, l.width, count, true, sums);
    }
    for (; j < l.width; j += lanes) {
        add_lines<T, Term, 1>(*p.term, begin * l.width, j, l.width, l.width, count, true, sums);
    }
    if (group + 1 < l.groups) return;
    for (j = 0; j < l.rest; j += lanes) {
        add_lines<T, Term, 1>(*p.term, l.count * l.width, j, l.rest, l.width, 1, false, sums);
    }
}

// a[i] += a[i + half] and so on: leaves `count` pieces of `size` numbers, `step` apart, as one.
template <typename T>
void add_in_tree(T* pieces, std::size_t count, std::size_t step, std::size_t size) {
    for (std::size_t apart = 1; apart < count; apart *= 2) {
        for (std::size_t i = 0; i + apart < count; i += 2 * apart) {
            T* into = pieces + i * step;
            const T* from = pieces + (i + apart) * step;
            for (std::size_t j = 0; j < size; ++j) into[j] += from[j];
        }
    }
}

// How many numbers `reduce_rows` needs to work in.
template <typename Term>
std::size_t partial_size(const Lines& lines) {
    return lines.groups * Term::terms * lines.width;
}

// sums [terms, cols] of all rows.
template <typename T, typename Term>
void reduce_rows(const Term& term, const Lines& lines, std::size_t cols, T* partial, T* sums,
                 const Engine* engine) {
    const Reduction<T, Term> problem{&term, &lines, partial};
    engine->run(lines.groups, &reduce_group<T, Term>, &problem, 0);
    add_in_tree(partial, lines.groups, Term::terms * lines.width, Term::terms * lines.width);
    for (std::size_t s = 0; s < Term::terms; ++s) {
        T* folded = partial + s * lines.width;
        add_in_tree(folded, lines.fold, cols, cols);
        __builtin_memcpy(sums + s * cols, folded, cols * sizeof(T));
    }
}

template <typename T>
struct Plain {
    static constexpr int terms = 1;
    const T* x;
    void of(std::size_t from, std::size_t column, std::size_t width, bool all,
            typename Vector<T>::type* each) const {
        each[0] = load_some(x + from, column, width, all);
    }
};

template <typename T>
struct Gated {
    static constexpr int terms = 1;
    const T* x;
    const T* gate;
    void of(std::size_t from, std::size_t column, std::size_t width, bool all,
            typename Vector<T>::type* each) const {
        using Wide = typename Vector<T>::type;
        const Wide open = load_some(gate + from, column, width, all);
        each[0] = open > Wide{} ? load_some(x + from, column, width, all) : Wide{};
    }
};

template <typename T>
void row_sums(const RowSums<T>* p, const Engine* engine) {
    if (p->rows == 0 || p->cols == 0) {
        for (std::size_t c = 0; c < p->cols; ++c) p->sums[c] = T{0};
        return;
    }
    const Lines lines(p->rows, p->cols);
    const std::size_t size = partial_size<Plain<T>>(lines);
    T* partial = static_cast<T*>(engine->workspace(size * sizeof(T)));
    if (p->gate == nullptr) {
        reduce_rows(Plain<T>{p->x}, lines, p->cols, partial, p->sums, engine);
    } else {
        reduce_rows(Gated<T>{p->x, p->gate}, lines, p->cols, partial, p->sums, engine);
    }
}

}  // namespace
