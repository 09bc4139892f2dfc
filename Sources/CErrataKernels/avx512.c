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

// Row after row, the order in which memory is fetched ahead: four rows at a time share the loads of the
// query and are faster from the cache, but slower from memory, where indices lie.
static void avx512_scan_i8(
    const int8_t *rows, size_t row_stride, size_t row_count, const int8_t *query, size_t width,
    int32_t *out) {
    int32_t excess = avx512_excess(query, width);
    for (size_t r = 0; r < row_count; r++) {
        const int8_t *row = rows + r * row_stride;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0;
        size_t i = 0;
        for (; i + 128 <= width; i += 128) {
            s0 = _mm512_dpbusd_epi32(
                s0, avx512_unsigned(_mm512_loadu_si512(row + i)), _mm512_loadu_si512(query + i));
            s1 = _mm512_dpbusd_epi32(
                s1, avx512_unsigned(_mm512_loadu_si512(row + i + 64)),
                _mm512_loadu_si512(query + i + 64));
        }
        for (; i < width; i += 64) {
            __mmask64 mask = avx512_first(width - i);
            s0 = _mm512_dpbusd_epi32(
                s0, avx512_unsigned(_mm512_maskz_loadu_epi8(mask, row + i)),
                _mm512_maskz_loadu_epi8(mask, query + i));
        }
        out[r] = avx512_wrapped_difference(
            _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1)), excess);
    }
}

// One VPDPBUSD per row takes 4 bytes of it against 16 columns.
static inline __attribute__((always_inline)) void avx512_gemm_i8_tile(
    const int rows, size_t k, const int8_t *a, const int8_t *b, i16 *sums) {
    __m512i s[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) s[i] = _mm512_setzero_si512();
    if (rows == 1) {
        // One chain of additions would wait for itself; four keep up with memory.
        __m512i t[4] = {s[0], s[0], s[0], s[0]};
        size_t p = 0;
        for (; p + 16 <= k; p += 16) {
#pragma clang loop unroll(full)
            for (int l = 0; l < 4; l++) {
                int32_t quad;
                __builtin_memcpy(&quad, a + p + 4 * l, sizeof quad);
                t[l] = _mm512_dpbusd_epi32(
                    t[l], _mm512_loadu_si512(b + (p + 4 * (size_t)l) * 16), _mm512_set1_epi32(quad));
            }
        }
        a += p;
        b += p * 16;
        k -= p;
        s[0] = _mm512_add_epi32(_mm512_add_epi32(t[0], t[1]), _mm512_add_epi32(t[2], t[3]));
    }
    for (size_t p = 0; p < k; p += 4) {
        __m512i y = _mm512_loadu_si512(b + p * 16);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            int32_t quad;
            __builtin_memcpy(&quad, a + (size_t)i * k + p, sizeof quad);
            s[i] = _mm512_dpbusd_epi32(s[i], y, _mm512_set1_epi32(quad));
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) __builtin_memcpy(&sums[i], &s[i], sizeof s[i]);
}
#define GEMM_I8_TILE avx512_gemm_i8_tile

#include "level.h"

#pragma clang attribute pop

const struct errata_kernels errata_kernels_avx512 = LEVEL_TABLE("avx512");

#endif
