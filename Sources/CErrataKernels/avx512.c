// AVX-512 with VNNI.

#include "internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(                                                                     \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))),            \
    apply_to = function)

#define LEVEL(name) avx512_##name
// 8 rows of 48 columns: 24 of the 32 registers.
#define TILE_ROWS 8
#define TILE_GROUPS 3
#define TILE_CASES_ABOVE_4(groups)                                                                \
    case 5: TILE(5, groups); break;                                                               \
    case 6: TILE(6, groups); break;                                                               \
    case 7: TILE(7, groups); break;                                                               \
    case 8: TILE(8, groups); break;
#define FMA16(a, b, c) __builtin_elementwise_fma(a, b, c)
#define FMA1(a, b, c) __builtin_fmaf(a, b, c)

// VPDPBUSD multiplies unsigned by signed bytes. Flipping a's top bit makes it a + 128, unsigned, and
// the sum too large by 128 times the sum of b. 32-bit wraparound on the way is harmless: the
// difference fits.
static inline __m512i avx512_unsigned(__m512i a) {
    return _mm512_xor_si512(a, _mm512_set1_epi8((char)0x80));
}

static inline __mmask64 avx512_first(size_t count) {
    return count >= 64 ? ~(__mmask64)0 : (((__mmask64)1) << count) - 1;
}

// 128 times the sum of b, to subtract.
static int32_t avx512_excess(const int8_t *b, size_t n) {
    __m512i sums = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 64) {
        __m512i y = _mm512_maskz_loadu_epi8(avx512_first(n - i), b + i);
        sums = _mm512_dpbusd_epi32(sums, _mm512_set1_epi8((char)0x80), y);
    }
    return _mm512_reduce_add_epi32(sums);
}

static int32_t avx512_wrapped_difference(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static int32_t avx512_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    __m512i sums = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 64) {
        __mmask64 mask = avx512_first(n - i);
        __m512i x = avx512_unsigned(_mm512_maskz_loadu_epi8(mask, a + i));
        sums = _mm512_dpbusd_epi32(sums, x, _mm512_maskz_loadu_epi8(mask, b + i));
    }
    return avx512_wrapped_difference(_mm512_reduce_add_epi32(sums), avx512_excess(b, n));
}

// Four rows at a time share the loads of the query.
static void avx512_scan_i8(
    const int8_t *rows, size_t row_stride, size_t row_count, const int8_t *query, size_t width,
    int32_t *out) {
    size_t whole = width / 64 * 64;
    int32_t excess = avx512_excess(query, whole);
    size_t r = 0;
    for (; r + 4 <= row_count; r += 4) {
        const int8_t *row = rows + r * row_stride;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < whole; i += 64) {
            __m512i q = _mm512_loadu_si512(query + i);
            const int8_t *p = row + i;
            s0 = _mm512_dpbusd_epi32(s0, avx512_unsigned(_mm512_loadu_si512(p)), q);
            s1 = _mm512_dpbusd_epi32(s1, avx512_unsigned(_mm512_loadu_si512(p + row_stride)), q);
            s2 = _mm512_dpbusd_epi32(
                s2, avx512_unsigned(_mm512_loadu_si512(p + 2 * row_stride)), q);
            s3 = _mm512_dpbusd_epi32(
                s3, avx512_unsigned(_mm512_loadu_si512(p + 3 * row_stride)), q);
        }
        int32_t rest[4] = {0};
        for (int j = 0; whole < width && j < 4; j++) {
            rest[j] = avx512_dot_i8(
                row + (size_t)j * row_stride + whole, query + whole, width - whole);
        }
        out[r] = avx512_wrapped_difference(_mm512_reduce_add_epi32(s0), excess) + rest[0];
        out[r + 1] = avx512_wrapped_difference(_mm512_reduce_add_epi32(s1), excess) + rest[1];
        out[r + 2] = avx512_wrapped_difference(_mm512_reduce_add_epi32(s2), excess) + rest[2];
        out[r + 3] = avx512_wrapped_difference(_mm512_reduce_add_epi32(s3), excess) + rest[3];
    }
    for (; r < row_count; r++) out[r] = avx512_dot_i8(rows + r * row_stride, query, width);
}

#include "level.h"

#pragma clang attribute pop

const struct errata_kernels errata_kernels_avx512 = LEVEL_TABLE("avx512");

#endif
