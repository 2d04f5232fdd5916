// Arithmetic of sizes.
#pragma once

#include <cstddef>

namespace {

constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }
constexpr std::size_t larger(std::size_t a, std::size_t b) { return a > b ? a : b; }
constexpr std::size_t pieces(std::size_t n, std::size_t size) { return (n + size - 1) / size; }

}  // namespace
