// AVX2 and FMA.

#include "internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LEVEL(name) avx2_##name
// 6 rows of 16 columns: 12 of the 16 registers.
#define TILE_ROWS 6
#define TILE_GROUPS 1
#define TILE_CASES_ABOVE_4(groups)                                                                \
    case 5: TILE(5, groups); break;                                                               \
    case 6: TILE(6, groups); break;
#define FMA16(a, b, c) __builtin_elementwise_fma(a, b, c)
#define FMA1(a, b, c) __builtin_fmaf(a, b, c)

// 32 products, summed into 8 lanes. Pairs of products of int8 fit int16 only by luck (2 * 128 * 128
// does not), so widen first.
static inline __m256i avx2_products(__m256i sums, const int8_t *a, const int8_t *b) {
    __m256i a0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)a));
    __m256i b0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)b));
    __m256i a1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(a + 16)));
    __m256i b1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(b + 16)));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(a0, b0));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(a1, b1));
}

static inline int32_t avx2_sum_i32(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
    return _mm_cvtsi128_si32(s);
}

static int32_t avx2_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    __m256i sums = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= n; i += 32) sums = avx2_products(sums, a + i, b + i);
    int32_t sum = avx2_sum_i32(sums);
    for (; i < n; i++) sum += (int32_t)a[i] * b[i];
    return sum;
}

static void avx2_scan_i8(
    const int8_t *rows, size_t row_stride, size_t row_count, const int8_t *query, size_t width,
    int32_t *out) {
    for (size_t i = 0; i < row_count; i++) out[i] = avx2_dot_i8(rows + i * row_stride, query, width);
}

#include "level.h"

#pragma clang attribute pop

const struct errata_kernels errata_kernels_avx2 = LEVEL_TABLE("avx2");

#endif
