// Plain C for any CPU.

#include "internal.h"

#define LEVEL(name) baseline_##name
#define TILE_ROWS 4
#define TILE_GROUPS 1
#define TILE_CASES_ABOVE_4(groups)

#if defined(__FMA__) || defined(__aarch64__)
#define FMA16(a, b, c) __builtin_elementwise_fma(a, b, c)
#define FMA1(a, b, c) __builtin_fmaf(a, b, c)
#else
typedef double d16 __attribute__((ext_vector_type(16)));
typedef int64_t l16 __attribute__((ext_vector_type(16)));

#pragma clang fp contract(off)
#pragma clang diagnostic ignored "-Wpsabi"

// A fused multiply-add without the instruction. The product of two floats is exact in double; the
// sum is rounded to odd there (Boldo and Melquiond 2008), so rounding it once more to float gives
// the correctly rounded result.
static inline v16 emulated_fma16(v16 a, v16 b, v16 c) {
    d16 product = __builtin_convertvector(a, d16) * __builtin_convertvector(b, d16);
    d16 addend = __builtin_convertvector(c, d16);
    d16 sum = product + addend;
    d16 part = sum - product;
    d16 error = (product - (sum - part)) + (addend - part);
    l16 bits;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    // Vector comparisons give -1 for true.
    l16 inexact = (error > 0) | (error < 0);
    l16 away = (error > 0) == (sum > 0);
    l16 even = (bits & 1) == 0;
    l16 step = away ? (l16)1 : (l16)-1;
    bits += step & inexact & even;
    __builtin_memcpy(&sum, &bits, sizeof sum);
    return __builtin_convertvector(sum, v16);
}

static float emulated_fma(float a, float b, float c) {
    return emulated_fma16((v16)a, (v16)b, (v16)c)[0];
}

#define FMA16(a, b, c) emulated_fma16(a, b, c)
#define FMA1(a, b, c) emulated_fma(a, b, c)
#endif

static int32_t baseline_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int32_t)a[i] * b[i];
    return sum;
}

static void baseline_scan_i8(
    const int8_t *rows, size_t row_stride, size_t row_count, const int8_t *query, size_t width,
    int32_t *out) {
    for (size_t i = 0; i < row_count; i++) {
        out[i] = baseline_dot_i8(rows + i * row_stride, query, width);
    }
}

#include "level.h"

const struct errata_kernels errata_kernels_baseline = LEVEL_TABLE("baseline");
