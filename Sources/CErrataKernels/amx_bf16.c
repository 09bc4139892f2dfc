// Products of bfloat16 matrices by the tiles of AMX: `gemm_bf16` of the level "amx".

#include "internal.h"

#if defined(__x86_64__)

#include "amx.h"

#include <string.h>

#define TARGET __attribute__((target("avx2,avx512f,amx-tile,amx-bf16")))

// A tile of sums: in the result itself or, where it has fewer columns than a tile, in a copy.
struct sums {
    // 0 where there is no such tile.
    int rows;
    size_t columns;
    float *c, *at;
    size_t c_stride, stride;
    float copy[TILE][TILE];
};

// Puts first values in place, unless there are none or they are there; fetches what will be written.
TARGET static void amx_begin(struct sums *sums, const float *start, size_t start_stride) {
    int is_whole = sums->columns == TILE;
    sums->at = is_whole ? sums->c : sums->copy[0];
    sums->stride = is_whole ? sums->c_stride : TILE;
    for (int i = 0; i < sums->rows; i++) {
        __builtin_prefetch(sums->c + (size_t)i * sums->c_stride, 1);
    }
    if (!start || start == sums->at) return;
    for (int i = 0; i < sums->rows; i++) {
        memcpy(
            sums->at + (size_t)i * sums->stride, start + (size_t)i * start_stride,
            sums->columns * sizeof(float));
    }
}

static void amx_end(const struct sums *sums) {
    if (sums->at == sums->c) return;
    for (int i = 0; i < sums->rows; i++) {
        memcpy(
            sums->c + (size_t)i * sums->c_stride, sums->copy[i], sums->columns * sizeof(float));
    }
}

// sums[0] and [1] are upper rows by the first and second panel, [2] and [3] lower rows.
TARGET static void amx_add(
    const struct sums *sums, int starts_at_zero, size_t depth, const uint16_t *a, size_t a_stride,
    const uint16_t *b) {
    const int has_next = sums[1].rows > 0, has_low = sums[2].rows > 0;
    const uint16_t *low = a + a_stride, *next = b + depth * TILE;
#define EACH_TILE(does)                                                                           \
    do {                                                                                          \
        does(0);                                                                                  \
        if (has_next) does(1);                                                                    \
        if (has_low) does(2);                                                                     \
        if (has_next && has_low) does(3);                                                         \
    } while (0)
#define LOAD(t) _tile_loadd(t, sums[t].at, sums[t].stride * sizeof(float))
#define STORE(t) _tile_stored(t, sums[t].at, sums[t].stride * sizeof(float))
    if (starts_at_zero) {
        EACH_TILE(_tile_zero);
    } else {
        EACH_TILE(LOAD);
    }
    if (has_next && has_low) {
        for (size_t p = 0; p < depth; p += 2 * TILE) {
            _tile_loadd(4, a + p * TILE, STEP);
            _tile_loadd(6, b + p * TILE, STEP);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, next + p * TILE, STEP);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, low + p * TILE, STEP);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    } else {
        for (size_t p = 0; p < depth; p += 2 * TILE) {
            _tile_loadd(4, a + p * TILE, STEP);
            _tile_loadd(6, b + p * TILE, STEP);
            _tile_dpbf16ps(0, 4, 6);
            if (has_next) {
                _tile_loadd(7, next + p * TILE, STEP);
                _tile_dpbf16ps(1, 4, 7);
            } else if (has_low) {
                _tile_loadd(5, low + p * TILE, STEP);
                _tile_dpbf16ps(2, 5, 6);
            }
        }
    }
    EACH_TILE(STORE);
}

// A pair of panels of b stays in the first-level cache while all rows of a pass.
TARGET void errata_amx_gemm_bf16(
    size_t m, size_t n, size_t k, const uint16_t *a, size_t a_stride, const uint16_t *b,
    const float *start, size_t start_stride, float *c, size_t c_stride) {
    const size_t depth = errata_bf16_depth(k);
    struct sums sums[4];
    int upper = 0, lower = 0;
    for (size_t j = 0; j < n; j += 2 * TILE) {
        for (size_t i = 0; i < m; i += 2 * TILE) {
            size_t left = m - i;
            int up = left < TILE ? (int)left : TILE;
            int low = left < 2 * TILE ? (int)left - up : TILE;
            if (up != upper || low != lower) amx_configure(upper = up, lower = low);
            for (int t = 0; t < 4; t++) {
                size_t column = j + (t % 2 ? TILE : 0), row = i + (t < 2 ? 0 : TILE);
                sums[t].rows = column >= n ? 0 : t < 2 ? up : low;
                if (sums[t].rows == 0) continue;
                sums[t].columns = n - column < TILE ? n - column : TILE;
                sums[t].c = c + row * c_stride + column;
                sums[t].c_stride = c_stride;
                amx_begin(
                    &sums[t], start ? start + row * start_stride + column : NULL, start_stride);
            }
            amx_add(sums, start == NULL, depth, a + i / TILE * a_stride, a_stride, b + j * depth);
            for (int t = 0; t < 4; t++) {
                if (sums[t].rows > 0) amx_end(&sums[t]);
            }
        }
    }
    _tile_release();
}

#endif
