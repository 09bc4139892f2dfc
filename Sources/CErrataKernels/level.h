// The float kernels of one level, included once by each level's file, which has set the target and
// defined:
//
//   LEVEL(name)     the level's name for a function
//   FMA16           round(a * b + c), 16 lanes
//   FMA1            the same, one lane
//   TILE_ROWS       rows and 16-column groups of the block of c that `gemm` keeps in registers;
//   TILE_GROUPS     TILE_GROUPS divides 3
//
// The arithmetic below is written once, so the levels cannot drift apart; nothing but FMA16 and
// FMA1 may fuse or reorder.

#include "constants.h"
#include "internal.h"

#include <string.h>

#pragma clang fp contract(off)
// The vectors that functions pass here never leave this file.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

INLINE v16 LEVEL(load)(const float *p) {
    v16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void LEVEL(store)(float *p, v16 v) { memcpy(p, &v, sizeof v); }

// A copy of a size that is not a constant is a call.
INLINE v16 LEVEL(load_partial)(const float *p, size_t count) {
    if (count == 16) return LEVEL(load)(p);
    v16 v = {0};
    memcpy(&v, p, count * sizeof(float));
    return v;
}

INLINE void LEVEL(store_partial)(float *p, v16 v, size_t count) {
    if (count == 16) {
        LEVEL(store)(p, v);
    } else {
        memcpy(p, &v, count * sizeof(float));
    }
}

// Lanes l and l + 8, l and l + 4, l and l + 2, l and l + 1.
INLINE float LEVEL(sum)(v16 v) {
    float x[16];
    memcpy(x, &v, sizeof x);
    for (int half = 8; half > 0; half /= 2) {
        for (int l = 0; l < half; l++) x[l] += x[l + half];
    }
    return x[0];
}

static float LEVEL(dot_f32)(const float *a, const float *b, size_t n) {
    v16 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        s0 = FMA16(LEVEL(load)(a + i), LEVEL(load)(b + i), s0);
        s1 = FMA16(LEVEL(load)(a + i + 16), LEVEL(load)(b + i + 16), s1);
        s2 = FMA16(LEVEL(load)(a + i + 32), LEVEL(load)(b + i + 32), s2);
        s3 = FMA16(LEVEL(load)(a + i + 48), LEVEL(load)(b + i + 48), s3);
    }
    if (i < n) {
        float pa[64] = {0}, pb[64] = {0};
        memcpy(pa, a + i, (n - i) * sizeof(float));
        memcpy(pb, b + i, (n - i) * sizeof(float));
        s0 = FMA16(LEVEL(load)(pa), LEVEL(load)(pb), s0);
        s1 = FMA16(LEVEL(load)(pa + 16), LEVEL(load)(pb + 16), s1);
        s2 = FMA16(LEVEL(load)(pa + 32), LEVEL(load)(pb + 32), s2);
        s3 = FMA16(LEVEL(load)(pa + 48), LEVEL(load)(pb + 48), s3);
    }
    return LEVEL(sum)((s0 + s2) + (s1 + s3));
}

// One block of c, `rows` by 16 * `groups`, held in registers while k runs. Both counts are constants
// at every call, so the loops over them unroll and `c` never touches memory.
INLINE void LEVEL(gemm_tile)(
    const int rows, const int groups, size_t k, const float *a, size_t a_stride, const float *b,
    size_t b_row_stride, const float *start, size_t start_stride, float *c, size_t c_stride) {
    v16 sums[TILE_ROWS][TILE_GROUPS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int g = 0; g < groups; g++) {
            sums[i][g] = start ? LEVEL(load)(start + (size_t)i * start_stride + 16 * g) : (v16){0};
        }
    }
    for (size_t p = 0; p < k; p++) {
        v16 columns[TILE_GROUPS];
#pragma clang loop unroll(full)
        for (int g = 0; g < groups; g++) columns[g] = LEVEL(load)(b + p * b_row_stride + 16 * g);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            v16 x = a[(size_t)i * a_stride + p];
#pragma clang loop unroll(full)
            for (int g = 0; g < groups; g++) sums[i][g] = FMA16(x, columns[g], sums[i][g]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int g = 0; g < groups; g++) {
            LEVEL(store)(c + (size_t)i * c_stride + 16 * g, sums[i][g]);
        }
    }
}

// Sums begin at `start`, one row for all if its stride is 0, or at zero where there is none.
#define TILE(rows, groups)                                                                        \
    LEVEL(gemm_tile)(                                                                             \
        rows, groups, k, a, a_stride, b, b_row_stride, start, start_stride, c, c_stride)

// The constants that `gemm_tile` wants, from counts that are not.
static void LEVEL(gemm_block)(
    size_t rows, size_t groups, size_t k, const float *a, size_t a_stride, const float *b,
    size_t b_row_stride, const float *start, size_t start_stride, float *c, size_t c_stride) {
#define TILE_CASES(groups)                                                                        \
    switch (rows) {                                                                               \
    case 1: TILE(1, groups); break;                                                               \
    case 2: TILE(2, groups); break;                                                               \
    case 3: TILE(3, groups); break;                                                               \
    case 4: TILE(4, groups); break;                                                               \
    TILE_CASES_ABOVE_4(groups)                                                                    \
    }
    switch (groups) {
    case 1: TILE_CASES(1) break;
#if TILE_GROUPS > 1
    case 2: TILE_CASES(2) break;
    case 3: TILE_CASES(3) break;
#endif
    }
#undef TILE_CASES
}

// Columns that do not fill 16 lanes, one output at a time: the same chains.
static void LEVEL(gemm_columns)(
    size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *b,
    size_t b_row_stride, const float *start, size_t start_stride, float *c, size_t c_stride) {
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            float sum = start ? start[i * start_stride + j] : 0;
            for (size_t p = 0; p < k; p++) {
                sum = FMA1(a[i * a_stride + p], b[p * b_row_stride + j], sum);
            }
            c[i * c_stride + j] = sum;
        }
    }
}

INLINE void LEVEL(gemm_from)(
    size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *b,
    size_t b_row_stride, size_t b_panel_stride, const float *start, size_t start_stride, float *c,
    size_t c_stride) {
    for (size_t j = 0; j < n;) {
        size_t in_panel = j % ERRATA_PANEL_WIDTH;
        const float *columns = b + j / ERRATA_PANEL_WIDTH * b_panel_stride + in_panel;
        const float *first = start ? start + j : NULL;
        size_t left = ERRATA_PANEL_WIDTH - in_panel;
        size_t groups = (n - j < left ? n - j : left) / 16;
        if (groups == 0) {
            LEVEL(gemm_columns)(
                m, n - j, k, a, a_stride, columns, b_row_stride, first, start_stride, c + j,
                c_stride);
            return;
        }
        if (groups > TILE_GROUPS) groups = TILE_GROUPS;
        for (size_t i = 0; i < m; i += TILE_ROWS) {
            LEVEL(gemm_block)(
                m - i < TILE_ROWS ? m - i : TILE_ROWS, groups, k, a + i * a_stride, a_stride,
                columns, b_row_stride, first ? first + i * start_stride : NULL, start_stride,
                c + i * c_stride + j, c_stride);
        }
        j += 16 * groups;
    }
}

static void LEVEL(gemm)(
    size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *b,
    size_t b_row_stride, size_t b_panel_stride, const float *bias, float *c, size_t c_stride) {
    LEVEL(gemm_from)(
        m, n, k, a, a_stride, b, b_row_stride, b_panel_stride, bias, 0, c, c_stride);
}

static void LEVEL(gemm_add)(
    size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *b,
    size_t b_row_stride, size_t b_panel_stride, float *c, size_t c_stride) {
    LEVEL(gemm_from)(
        m, n, k, a, a_stride, b, b_row_stride, b_panel_stride, c, c_stride, c, c_stride);
}

static void LEVEL(quantize_rows)(
    int8_t *out, float *scales, const float *x, size_t rows, size_t width, size_t stride) {
    const float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits.
    for (size_t i = 0; i < rows; i++, x += width, out += stride) {
        float largest = 0;
        for (size_t j = 0; j < width; j++) {
            float u = __builtin_fabsf(x[j]);
            largest = u > largest ? u : largest;
        }
        scales[i] = largest / 127.0f;
        float inverse = largest > 0 ? 127.0f / largest : 0;
        for (size_t j = 0; j < width; j++) {
            float shifted = x[j] * inverse + round;
            int32_t bits;
            memcpy(&bits, &shifted, sizeof bits);
            out[j] = (int8_t)bits;
        }
        for (size_t j = width; j < stride; j++) out[j] = 0;
    }
}

// The sums of rows by 16 columns; GEMM_I8_TILE computes them where a level has instructions for it.
#ifndef GEMM_I8_TILE
INLINE void LEVEL(gemm_i8_tile)(
    const int rows, size_t k, const int8_t *a, const int8_t *b, i16 *sums) {
    for (int i = 0; i < rows; i++) {
        int32_t row[16] = {0};
        for (size_t p = 0; p < k; p += 4, b += 64) {
            const int8_t *x = a + (size_t)i * k + p;
            for (int l = 0; l < 16; l++) {
                const uint8_t *y = (const uint8_t *)b + 4 * l;
                row[l] += x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
            }
        }
        b -= k * 16;
        memcpy(&sums[i], row, sizeof row);
    }
}
#define GEMM_I8_TILE LEVEL(gemm_i8_tile)
#endif

#define I8_ROWS 8

static void LEVEL(gemm_i8)(
    size_t m, size_t n, size_t k, const int8_t *a, const float *a_scales, const int8_t *b,
    const float *b_scales, const float *bias, float *c, size_t c_stride) {
    for (size_t i0 = 0; i0 < m; i0 += I8_ROWS) {
        const int rows = m - i0 < I8_ROWS ? (int)(m - i0) : I8_ROWS;
        const int8_t *block = a + i0 * k;
        // The bytes of b are 128 too large.
        int32_t excess[I8_ROWS];
        for (int i = 0; i < rows; i++) {
            int32_t sum = 0;
            for (size_t p = 0; p < k; p++) sum += block[(size_t)i * k + p];
            excess[i] = 128 * sum;
        }
        for (size_t j = 0; j < n; j += 16) {
            i16 sums[I8_ROWS];
            const int8_t *panel = b + j / 16 * (k * 16);
            switch (rows) {
            case 1: GEMM_I8_TILE(1, k, block, panel, sums); break;
            case 2: GEMM_I8_TILE(2, k, block, panel, sums); break;
            case 3: GEMM_I8_TILE(3, k, block, panel, sums); break;
            case 4: GEMM_I8_TILE(4, k, block, panel, sums); break;
            case 5: GEMM_I8_TILE(5, k, block, panel, sums); break;
            case 6: GEMM_I8_TILE(6, k, block, panel, sums); break;
            case 7: GEMM_I8_TILE(7, k, block, panel, sums); break;
            default: GEMM_I8_TILE(8, k, block, panel, sums); break;
            }
            size_t count = n - j < 16 ? n - j : 16;
            v16 scale = LEVEL(load_partial)(b_scales + j, count);
            v16 start = LEVEL(load_partial)(bias + j, count);
            for (int i = 0; i < rows; i++) {
                v16 sum = __builtin_convertvector(sums[i] - excess[i], v16);
                v16 y = FMA16(sum, scale * a_scales[i0 + (size_t)i], start);
                LEVEL(store_partial)(c + (i0 + (size_t)i) * c_stride + j, y, count);
            }
        }
    }
}

// 2^x for -126 <= x <= 0: 2^n 2^f with |f| <= 1/2, a minimax polynomial for the second.
INLINE v16 LEVEL(exp2)(v16 x) {
    const float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits.
    v16 shifted = x + round;
    v16 f = x - (shifted - round);
    v16 y = EXP2_6;
    y = FMA16(y, f, (v16)EXP2_5);
    y = FMA16(y, f, (v16)EXP2_4);
    y = FMA16(y, f, (v16)EXP2_3);
    y = FMA16(y, f, (v16)EXP2_2);
    y = FMA16(y, f, (v16)EXP2_1);
    y = FMA16(y, f, (v16)1.0f);
    i16 n, bits;
    memcpy(&n, &shifted, sizeof n);
    memcpy(&bits, &y, sizeof bits);
    bits += n << 23;
    memcpy(&y, &bits, sizeof y);
    return y;
}

static void LEVEL(softmax)(float *x, size_t stride, size_t rows, size_t width, float scale) {
    if (width == 0) return;
    const float to_log2 = scale * 1.44269504f;
    for (size_t i = 0; i < rows; i++, x += stride) {
        float largest = x[0];
        for (size_t j = 1; j < width; j++) largest = x[j] > largest ? x[j] : largest;
        v16 sums = {0};
        for (size_t j = 0; j < width; j += 16) {
            v16 t = (LEVEL(load)(x + j) - largest) * to_log2;
            v16 e = LEVEL(exp2)(__builtin_elementwise_max(t, (v16)-126.0f));
            e = t < -126.0f ? (v16){0} : e;
            LEVEL(store)(x + j, e);
            if (width - j < 16) {
                e = LEVEL(load_partial)(x + j, width - j);
                LEVEL(store)(x + j, e);
            }
            sums += e;
        }
        float inverse = 1.0f / LEVEL(sum)(sums);
        for (size_t j = 0; j < width; j += 16) LEVEL(store)(x + j, LEVEL(load)(x + j) * inverse);
    }
}

// The standard normal distribution function. erfc(u / sqrt 2) = 2^-q(u); q is a minimax polynomial on
// [0, 6], weighted by u erfc(u / sqrt 2), so that the error of gelu is even. Past 6 the tail is below
// 1.2e-8 and taken as 0.
INLINE v16 LEVEL(normal16)(v16 x) {
    v16 u = __builtin_elementwise_abs(x);
    v16 t = __builtin_elementwise_min(u, (v16)6.0f);
    v16 q = GELU_10;
    q = FMA16(q, t, (v16)GELU_9);
    q = FMA16(q, t, (v16)GELU_8);
    q = FMA16(q, t, (v16)GELU_7);
    q = FMA16(q, t, (v16)GELU_6);
    q = FMA16(q, t, (v16)GELU_5);
    q = FMA16(q, t, (v16)GELU_4);
    q = FMA16(q, t, (v16)GELU_3);
    q = FMA16(q, t, (v16)GELU_2);
    q = FMA16(q, t, (v16)GELU_1);
    q = q * t;
    v16 tail = 0.5f * LEVEL(exp2)(-q);
    tail = u > 6.0f ? (v16){0} : tail;
    return x < 0.0f ? tail : 1.0f - tail;
}

INLINE v16 LEVEL(gelu16)(v16 x) { return x * LEVEL(normal16)(x); }

// Phi(x) + x phi(x), phi(x) = 2^(-x^2 / (2 ln 2)) / sqrt(2 pi); past 13 phi is taken at 13, below 1e-37.
INLINE v16 LEVEL(gelu_slope16)(v16 x) {
    v16 u = __builtin_elementwise_min(__builtin_elementwise_abs(x), (v16)13.0f);
    v16 density = 0.398942280f * LEVEL(exp2)(u * u * -0.721347520f);
    return FMA16(x, density, LEVEL(normal16)(x));
}

static void LEVEL(gelu)(float *x, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) LEVEL(store)(x + i, LEVEL(gelu16)(LEVEL(load)(x + i)));
    if (i < n) {
        v16 y = LEVEL(gelu16)(LEVEL(load_partial)(x + i, n - i));
        memcpy(x + i, &y, (n - i) * sizeof(float));
    }
}

static void LEVEL(gelu_gradient)(float *g, const float *x, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        LEVEL(store)(g + i, LEVEL(load)(g + i) * LEVEL(gelu_slope16)(LEVEL(load)(x + i)));
    }
    if (i < n) {
        v16 y = LEVEL(load_partial)(g + i, n - i)
            * LEVEL(gelu_slope16)(LEVEL(load_partial)(x + i, n - i));
        memcpy(g + i, &y, (n - i) * sizeof(float));
    }
}

static void LEVEL(softmax_gradient)(
    float *g, const float *p, size_t stride, size_t rows, size_t width, float scale) {
    for (size_t i = 0; i < rows; i++, g += stride, p += stride) {
        v16 sums = {0};
        for (size_t j = 0; j < width; j += 16) {
            sums = FMA16(LEVEL(load)(g + j), LEVEL(load)(p + j), sums);
        }
        float mean = LEVEL(sum)(sums);
        for (size_t j = 0; j < width; j += 16) {
            v16 y = LEVEL(load)(p + j) * (LEVEL(load)(g + j) - mean) * scale;
            LEVEL(store)(g + j, y);
        }
    }
}

static void LEVEL(layer_norm_gradient)(
    float *g, float *weight_gradient, float *bias_gradient, const float *x, size_t rows,
    size_t width, const float *weight, float epsilon) {
    for (size_t i = 0; i < rows; i++, x += width, g += width) {
        v16 sums = {0}, squares = {0};
        for (size_t j = 0; j < width; j += 16) sums += LEVEL(load)(x + j);
        float mean = LEVEL(sum)(sums) / (float)width;
        for (size_t j = 0; j < width; j += 16) {
            v16 d = LEVEL(load)(x + j) - mean;
            squares = FMA16(d, d, squares);
        }
        float variance = LEVEL(sum)(squares) / (float)width;
        float scale = 1.0f / __builtin_elementwise_sqrt(variance + epsilon);
        v16 plain = {0}, along = {0};
        for (size_t j = 0; j < width; j += 16) {
            v16 normal = (LEVEL(load)(x + j) - mean) * scale, y = LEVEL(load)(g + j);
            v16 inner = y * LEVEL(load)(weight + j);
            plain += inner;
            along = FMA16(inner, normal, along);
            LEVEL(store)(
                weight_gradient + j, FMA16(y, normal, LEVEL(load)(weight_gradient + j)));
            LEVEL(store)(bias_gradient + j, LEVEL(load)(bias_gradient + j) + y);
        }
        float mean_plain = LEVEL(sum)(plain) / (float)width;
        float mean_along = LEVEL(sum)(along) / (float)width;
        for (size_t j = 0; j < width; j += 16) {
            v16 normal = (LEVEL(load)(x + j) - mean) * scale;
            v16 inner = LEVEL(load)(g + j) * LEVEL(load)(weight + j);
            LEVEL(store)(g + j, (inner - mean_plain - normal * mean_along) * scale);
        }
    }
}

static void LEVEL(layer_norm)(
    float *out, const float *x, size_t rows, size_t width, const float *weight, const float *bias,
    float epsilon) {
    size_t whole = width / 16 * 16;
    for (size_t i = 0; i < rows; i++, x += width, out += width) {
        v16 sums = {0};
        for (size_t j = 0; j < whole; j += 16) sums += LEVEL(load)(x + j);
        if (whole < width) sums += LEVEL(load_partial)(x + whole, width - whole);
        float mean = LEVEL(sum)(sums) / (float)width;

        v16 squares = {0};
        for (size_t j = 0; j < whole; j += 16) {
            v16 d = LEVEL(load)(x + j) - mean;
            squares = FMA16(d, d, squares);
        }
        if (whole < width) {
            float rest[16];
            LEVEL(store)(rest, LEVEL(load_partial)(x + whole, width - whole) - mean);
            v16 d = LEVEL(load_partial)(rest, width - whole);
            squares = FMA16(d, d, squares);
        }
        float variance = LEVEL(sum)(squares) / (float)width;

        float scale = 1.0f / __builtin_elementwise_sqrt(variance + epsilon);
        for (size_t j = 0; j < whole; j += 16) {
            v16 y = (LEVEL(load)(x + j) - mean) * scale;
            LEVEL(store)(out + j, FMA16(y, LEVEL(load)(weight + j), LEVEL(load)(bias + j)));
        }
        for (size_t j = whole; j < width; j++) {
            out[j] = FMA1((x[j] - mean) * scale, weight[j], bias[j]);
        }
    }
}

static void LEVEL(add)(float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) a[i] += b[i];
}

#include "level_bf16.h"
#include "level_decoder.h"

#define LEVEL_TABLE(level_name)                                                                   \
    {                                                                                             \
        .name = level_name,                                                                       \
        .dot_i8 = LEVEL(dot_i8),                                                                  \
        .scan_i8 = LEVEL(scan_i8),                                                                \
        .dot_f32 = LEVEL(dot_f32),                                                                \
        .gemm = LEVEL(gemm),                                                                      \
        .gemm_add = LEVEL(gemm_add),                                                              \
        .softmax = LEVEL(softmax),                                                                \
        .gelu = LEVEL(gelu),                                                                      \
        .layer_norm = LEVEL(layer_norm),                                                          \
        .rms_norm = LEVEL(rms_norm),                                                              \
        .swiglu = LEVEL(swiglu),                                                                  \
        .gemm_half = LEVEL(gemm_half),                                                            \
        .add = LEVEL(add),                                                                        \
        .quantize_rows = LEVEL(quantize_rows),                                                    \
        .gemm_i8 = LEVEL(gemm_i8),                                                                \
        .bf16_rows = LEVEL(bf16_rows),                                                            \
        .bf16_columns = LEVEL(bf16_columns),                                                      \
        .bf16_pack_rows = LEVEL(bf16_pack_rows),                                                  \
        .bf16_pack_columns = LEVEL(bf16_pack_columns),                                            \
        .gemm_bf16 = LEVEL(gemm_bf16),                                                            \
        .gelu_gradient = LEVEL(gelu_gradient),                                                    \
        .softmax_gradient = LEVEL(softmax_gradient),                                              \
        .layer_norm_gradient = LEVEL(layer_norm_gradient),                                        \
        .rms_norm_gradient = LEVEL(rms_norm_gradient),                                            \
        .swiglu_gradient = LEVEL(swiglu_gradient),                                                \
        .adamw = LEVEL(adamw),                                                                    \
    }
