// AVX-512 with the tiles of AMX (Intel's Architecture Instruction Set Extensions, chapter 3) for products
// of matrices of int8 and, in amx_bf16.c, bfloat16. All else is the AVX-512 level's.

#include "internal.h"

#if defined(__x86_64__)

#include "amx.h"

#include <cpuid.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// Rows whose excess is known at a time.
#define BLOCK_ROWS 256
// Below this a tile is mostly empty, and setting it up costs more than it saves.
#define ROWS_MIN 16

// Linux hands out the state of tiles on request only (Documentation/arch/x86/xstate.rst).
#define REQUEST_PERMISSION 0x1023
#define TILE_DATA 18

#define TARGET                                                                                    \
    __attribute__((target(                                                                        \
        "avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,amx-tile,amx-int8")))

// What k leaves after whole steps, filled up with zeros, whose products are zero.
struct rest {
    int8_t a[2 * TILE][STEP];
    int8_t b[2][TILE * STEP];
};

// sums[0] and [1] are `upper` rows by the first and second panel, [2] and [3] `lower` rows.
TARGET static void amx_sums(
    int upper, int lower, int panels, size_t k, const int8_t *a, const int8_t *b,
    struct rest *rest, int32_t (*sums)[TILE][TILE]) {
    const int8_t *low = a + (size_t)upper * k, *next = b + k * TILE;
    _tile_zero(0);
    _tile_zero(1);
    if (lower) {
        _tile_zero(2);
        _tile_zero(3);
    }
#define PRODUCTS(a0, a1, a_stride, b0, b1)                                                        \
    do {                                                                                          \
        _tile_loadd(4, a0, a_stride);                                                             \
        _tile_loadd(6, b0, STEP);                                                                 \
        _tile_dpbsud(0, 4, 6);                                                                    \
        if (panels == 2) {                                                                        \
            _tile_loadd(7, b1, STEP);                                                             \
            _tile_dpbsud(1, 4, 7);                                                                \
        }                                                                                         \
        if (lower) {                                                                              \
            _tile_loadd(5, a1, a_stride);                                                         \
            _tile_dpbsud(2, 5, 6);                                                                \
            if (panels == 2) _tile_dpbsud(3, 5, 7);                                               \
        }                                                                                         \
    } while (0)
    size_t p = 0;
    for (; p + STEP <= k; p += STEP) {
        PRODUCTS(a + p, low + p, k, b + p * TILE, next + p * TILE);
    }
    if (p < k) {
        size_t left = k - p;
        for (int i = 0; i < upper + lower; i++) memcpy(rest->a[i], a + (size_t)i * k + p, left);
        memcpy(rest->b[0], b + p * TILE, left * TILE);
        if (panels == 2) memcpy(rest->b[1], next + p * TILE, left * TILE);
        PRODUCTS(rest->a[0], rest->a[upper], STEP, rest->b[0], rest->b[1]);
    }
#undef PRODUCTS
    _tile_stored(0, sums[0], STEP);
    if (panels == 2) _tile_stored(1, sums[1], STEP);
    if (lower) {
        _tile_stored(2, sums[2], STEP);
        if (panels == 2) _tile_stored(3, sums[3], STEP);
    }
}

// The same expression as in level.h, so that the bits are the same.
TARGET static void amx_scale(
    int rows, size_t count, int32_t (*sums)[TILE], const int32_t *excess, const float *a_scales,
    const float *b_scales, const float *bias, float *c, size_t c_stride) {
    v16 scale = {0}, start = {0};
    memcpy(&scale, b_scales, count * sizeof(float));
    memcpy(&start, bias, count * sizeof(float));
    for (int i = 0; i < rows; i++) {
        i16 row;
        memcpy(&row, sums[i], sizeof row);
        v16 sum = __builtin_convertvector(row - excess[i], v16);
        v16 y = __builtin_elementwise_fma(sum, scale * a_scales[i], start);
        memcpy(c + (size_t)i * c_stride, &y, count * sizeof(float));
    }
}

TARGET static void amx_excess(int32_t *excess, const int8_t *a, size_t rows, size_t k) {
    for (size_t i = 0; i < rows; i++) {
        int32_t sum = 0;
        for (size_t p = 0; p < k; p++) sum += a[i * k + p];
        excess[i] = 128 * sum;
    }
}

// A panel pair of b stays in the first-level cache while all rows of a block pass.
TARGET static void amx_gemm_i8(
    size_t m, size_t n, size_t k, const int8_t *a, const float *a_scales, const int8_t *b,
    const float *b_scales, const float *bias, float *c, size_t c_stride) {
    if (m < ROWS_MIN) {
        errata_kernels_avx512.gemm_i8(m, n, k, a, a_scales, b, b_scales, bias, c, c_stride);
        return;
    }
    struct rest rest = {0};
    int32_t excess[BLOCK_ROWS];
    int32_t sums[4][TILE][TILE];
    int upper = 0, lower = 0;
    for (size_t i0 = 0; i0 < m; i0 += BLOCK_ROWS) {
        size_t block = m - i0 < BLOCK_ROWS ? m - i0 : BLOCK_ROWS;
        amx_excess(excess, a + i0 * k, block, k);
        for (size_t j = 0; j < n; j += 2 * TILE) {
            int panels = n - j > TILE ? 2 : 1;
            for (size_t i = 0; i < block; i += 2 * TILE) {
                size_t left = block - i;
                int up = left < TILE ? (int)left : TILE;
                int low = left < 2 * TILE ? (int)left - up : TILE;
                if (up != upper || low != lower) amx_configure(upper = up, lower = low);
                const size_t row = i0 + i;
                amx_sums(up, low, panels, k, a + row * k, b + j * k, &rest, sums);
                for (int t = 0; t < 4; t++) {
                    size_t column = j + (t % 2 ? TILE : 0), first = t < 2 ? 0 : (size_t)up;
                    if (column >= n) continue;
                    amx_scale(
                        t < 2 ? up : low, n - column < TILE ? n - column : TILE, sums[t],
                        excess + i + first, a_scales + row + first, b_scales + column,
                        bias + column, c + (row + first) * c_stride + column, c_stride);
                }
            }
        }
    }
    _tile_release();
}

static struct errata_kernels amx_kernels;
static int is_usable;
static int has_bf16;

static void prepare(void) {
    unsigned a, b, c, d;
    // Leaf 7: bit 22 is AMX-BF16, 24 AMX-TILE, 25 AMX-INT8. Leaf 1: the system saves extended states.
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d >> 24 & 3) != 3) return;
    int bf16 = d >> 22 & 1;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low >> 17 & 3) != 3) return;
    if (syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) != 0) return;
    amx_kernels = errata_kernels_avx512;
    amx_kernels.name = "amx";
    amx_kernels.gemm_i8 = amx_gemm_i8;
    if (bf16) amx_kernels.gemm_bf16 = errata_amx_gemm_bf16;
    has_bf16 = bf16;
    is_usable = 1;
}

const struct errata_kernels *errata_kernels_amx(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    return is_usable ? &amx_kernels : NULL;
}

int errata_amx_has_bf16(void) { return errata_kernels_amx() && has_bf16; }

#endif
