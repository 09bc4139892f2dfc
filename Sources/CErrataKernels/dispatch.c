// Which level runs, and the matrix packing that all of them share.

#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// Explicit rather than target_clones: that resolver runs before main, where the thread sanitizer's
// instrumentation of it crashes.
static const struct errata_kernels *supported(const char *name) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vnni");
    if (avx512 && (!name || strcmp(name, "amx") == 0)) {
        const struct errata_kernels *amx = errata_kernels_amx();
        if (amx || name) return amx;
    }
    if (avx512 && (!name || strcmp(name, "avx512") == 0)) return &errata_kernels_avx512;
    if (avx2 && (!name || strcmp(name, "avx2") == 0)) return &errata_kernels_avx2;
#endif
    if (!name || strcmp(name, "baseline") == 0) return &errata_kernels_baseline;
    return NULL;
}

const struct errata_kernels *errata_kernels_named(const char *name) { return supported(name); }

const struct errata_kernels *errata_kernels(void) {
    static const struct errata_kernels *_Atomic chosen;
    const struct errata_kernels *level = atomic_load_explicit(&chosen, memory_order_acquire);
    if (level) return level;
    const char *wanted = getenv("ERRATA_KERNELS");
    if (wanted && *wanted) level = supported(wanted);
    if (!level) level = supported(NULL);
    atomic_store_explicit(&chosen, level, memory_order_release);
    return level;
}

int errata_bf16_is_fast(void) {
#if defined(__x86_64__)
    return strcmp(errata_kernel_level(), "amx") == 0 && errata_amx_has_bf16();
#else
    return 0;
#endif
}

const char *errata_kernel_level(void) { return errata_kernels()->name; }

int32_t errata_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    return errata_kernels()->dot_i8(a, b, n);
}

void errata_scan_i8(
    const int8_t *rows, size_t row_stride, size_t row_count, const int8_t *query, size_t width,
    int32_t *out) {
    errata_kernels()->scan_i8(rows, row_stride, row_count, query, width, out);
}

float errata_dot_f32(const float *a, const float *b, size_t n) {
    return errata_kernels()->dot_f32(a, b, n);
}

size_t errata_packed_count(size_t n, size_t k) {
    return (n + ERRATA_PANEL_WIDTH - 1) / ERRATA_PANEL_WIDTH * ERRATA_PANEL_WIDTH * k;
}

// Blocks of 16 by 16 keep both sides in the first-level cache.
#define PACK(name, number)                                                                        \
    void name(number *packed, const number *w, size_t n, size_t k) {                              \
        memset(packed, 0, errata_packed_count(n, k) * sizeof(number));                            \
        for (size_t j0 = 0; j0 < n; j0 += 16) {                                                   \
            number *columns = packed + j0 / ERRATA_PANEL_WIDTH * ERRATA_PANEL_WIDTH * k           \
                + j0 % ERRATA_PANEL_WIDTH;                                                        \
            size_t j1 = n - j0 < 16 ? n - j0 : 16;                                                \
            for (size_t p0 = 0; p0 < k; p0 += 16) {                                               \
                size_t p1 = k - p0 < 16 ? k : p0 + 16;                                            \
                for (size_t j = 0; j < j1; j++) {                                                 \
                    for (size_t p = p0; p < p1; p++) {                                            \
                        columns[p * ERRATA_PANEL_WIDTH + j] = w[(j0 + j) * k + p];                \
                    }                                                                             \
                }                                                                                 \
            }                                                                                     \
        }                                                                                         \
    }

PACK(errata_pack, float)
PACK(errata_pack_u16, uint16_t)

void errata_pack_rows(float *packed, const float *b, size_t n, size_t k) {
    memset(packed, 0, errata_packed_count(n, k) * sizeof(float));
    for (size_t j = 0; j < n; j += ERRATA_PANEL_WIDTH) {
        size_t count = n - j < ERRATA_PANEL_WIDTH ? n - j : ERRATA_PANEL_WIDTH;
        for (size_t p = 0; p < k; p++) {
            memcpy(packed + j * k + p * ERRATA_PANEL_WIDTH, b + p * n + j, count * sizeof(float));
        }
    }
}

void errata_transpose(
    float *out, const float *a, size_t a_stride, size_t rows, size_t columns) {
    for (size_t i0 = 0; i0 < rows; i0 += 16) {
        size_t i1 = rows - i0 < 16 ? rows : i0 + 16;
        for (size_t j0 = 0; j0 < columns; j0 += 16) {
            size_t j1 = columns - j0 < 16 ? columns : j0 + 16;
            for (size_t j = j0; j < j1; j++) {
                for (size_t i = i0; i < i1; i++) out[j * rows + i] = a[i * a_stride + j];
            }
        }
    }
}

size_t errata_packed_i8_count(size_t n, size_t k) { return (n + 15) / 16 * ((k + 3) / 4) * 64; }

void errata_pack_i8(int8_t *packed, const int8_t *w, size_t n, size_t k) {
    size_t quads = (k + 3) / 4;
    memset(packed, 0x80, errata_packed_i8_count(n, k));
    for (size_t j = 0; j < n; j++) {
        int8_t *panel = packed + j / 16 * quads * 64 + j % 16 * 4;
        for (size_t p = 0; p < k; p++) {
            panel[p / 4 * 64 + p % 4] = (int8_t)((uint8_t)w[j * k + p] ^ 0x80);
        }
    }
}
