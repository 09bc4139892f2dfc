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

void errata_pack(float *packed, const float *w, size_t n, size_t k) {
    memset(packed, 0, errata_packed_count(n, k) * sizeof(float));
    for (size_t j = 0; j < n; j++) {
        float *column = packed + j / ERRATA_PANEL_WIDTH * ERRATA_PANEL_WIDTH * k
            + j % ERRATA_PANEL_WIDTH;
        for (size_t p = 0; p < k; p++) column[p * ERRATA_PANEL_WIDTH] = w[j * k + p];
    }
}
