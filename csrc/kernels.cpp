// The kernels of one instruction set.  CMake compiles this file once for each, with its flags
// and with PYDIS_KERNELS naming the table, so the choice below is the only mention of hardware.
#include "table.hpp"

namespace {

// The width of a vector and the register tile of the matrix product.  A tile of rows x vectors
// accumulators, one row of B and one broadcast element of A must fit in the registers: 32 of
// them with AVX-512, 16 with AVX2 and SSE2 (which also needs one for the product before the sum).
#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
constexpr int tile_rows = 8;
constexpr int tile_vectors = 2;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
constexpr int tile_rows = 6;
constexpr int tile_vectors = 2;
#else
constexpr int vector_bytes = 16;
constexpr int tile_rows = 4;
constexpr int tile_vectors = 2;
#endif

}  // namespace

#include "adam.hpp"
#include "bernoulli.hpp"
#include "conv_thin.hpp"
#include "conv_weights.hpp"
#include "fill.hpp"
#include "gemm.hpp"
#include "pairwise.hpp"
#include "pairwise_slopes.hpp"
#include "peak.hpp"

namespace pydis {

const Kernels PYDIS_KERNELS = {
    PYDIS_KERNELS_NAME,
    PYDIS_KERNELS_FLAGS,
    &matmul<float>,
    &matmul<double>,
    &conv2d<float>,
    &conv2d<double>,
    &conv2d_x<float>,
    &conv2d_x<double>,
    &conv2d_w<float>,
    &conv2d_w<double>,
    &bernoulli<float>,
    &bernoulli<double>,
    &bernoulli_slope<float>,
    &bernoulli_slope<double>,
    &pairwise<float>,
    &pairwise<double>,
    &pairwise_slopes<float>,
    &pairwise_slopes<double>,
    &adam<float>,
    &adam<double>,
    &fill_outlines,
    &peak<float>,
    &peak<double>,
};

}  // namespace pydis
