// The part of `level.h` that decoders need, included once by it at each level.

// Rows up to which `gemm_half` widens on the way instead of once before.
#define HALF_ROWS 4

typedef uint16_t LEVEL(u16x16) __attribute__((ext_vector_type(16)));
typedef uint32_t LEVEL(u32x16) __attribute__((ext_vector_type(16)));

// Sixteen 16-bit numbers as floats, exactly. A half's exponent and fraction, moved up, are 2^112 too
// small, subnormal or not.
INLINE v16 LEVEL(widen)(const uint16_t *p, const enum errata_half half) {
    LEVEL(u16x16) narrow;
    memcpy(&narrow, p, sizeof narrow);
    LEVEL(u32x16) wide = __builtin_convertvector(narrow, LEVEL(u32x16));
    v16 y;
    if (half == ERRATA_BFLOAT16) {
        wide <<= 16;
        memcpy(&y, &wide, sizeof y);
        return y;
    }
    LEVEL(u32x16) bits = (wide & 0x7FFF) << 13;
    memcpy(&y, &bits, sizeof y);
    y *= 0x1p112f;
    memcpy(&bits, &y, sizeof bits);
    bits |= (wide & 0x8000) << 16;
    memcpy(&y, &bits, sizeof y);
    return y;
}

// `gemm_tile` on columns that are widened on the way; `count` of them are stored.
INLINE void LEVEL(gemm_half_tile)(
    const int rows, const enum errata_half half, size_t count, size_t k, const float *a,
    size_t a_stride, const uint16_t *b, const float *bias, float *c, size_t c_stride) {
    v16 sums[HALF_ROWS][TILE_GROUPS];
#pragma clang loop unroll(full)
    for (int g = 0; g < TILE_GROUPS; g++) {
        size_t j = 16 * (size_t)g, left = count > j ? count - j : 0;
        v16 start = bias && left ? LEVEL(load_partial)(bias + j, left < 16 ? left : 16) : (v16){0};
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) sums[i][g] = start;
    }
    for (size_t p = 0; p < k; p++) {
        v16 columns[TILE_GROUPS];
#pragma clang loop unroll(full)
        for (int g = 0; g < TILE_GROUPS; g++) {
            columns[g] = LEVEL(widen)(b + p * ERRATA_PANEL_WIDTH + 16 * g, half);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            v16 x = a[(size_t)i * a_stride + p];
#pragma clang loop unroll(full)
            for (int g = 0; g < TILE_GROUPS; g++) sums[i][g] = FMA16(x, columns[g], sums[i][g]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int g = 0; g < TILE_GROUPS; g++) {
            size_t j = 16 * (size_t)g, left = count > j ? count - j : 0;
            if (left == 0) continue;
            memcpy(
                c + (size_t)i * c_stride + j, &sums[i][g],
                (left < 16 ? left : 16) * sizeof(float));
        }
    }
}

static void LEVEL(gemm_half)(
    size_t m, size_t n, size_t k, const float *a, size_t a_stride, const uint16_t *b,
    enum errata_half half, const float *bias, float *c, size_t c_stride, float *panel) {
    const size_t width = m <= HALF_ROWS ? 16 * TILE_GROUPS : ERRATA_PANEL_WIDTH;
    for (size_t j = 0; j < n; j += width) {
        const uint16_t *columns =
            b + j / ERRATA_PANEL_WIDTH * ERRATA_PANEL_WIDTH * k + j % ERRATA_PANEL_WIDTH;
        const float *start = bias ? bias + j : NULL;
        size_t count = n - j < width ? n - j : width;
#define HALF_TILE(rows, half)                                                                     \
    LEVEL(gemm_half_tile)(rows, half, count, k, a, a_stride, columns, start, c + j, c_stride)
#define HALF_CASES(half)                                                                          \
    switch (m) {                                                                                  \
    case 1: HALF_TILE(1, half); break;                                                            \
    case 2: HALF_TILE(2, half); break;                                                            \
    case 3: HALF_TILE(3, half); break;                                                            \
    default: HALF_TILE(4, half); break;                                                           \
    }
        if (m == 0) return;
        if (m <= HALF_ROWS) {
            if (half == ERRATA_BFLOAT16) {
                HALF_CASES(ERRATA_BFLOAT16)
            } else {
                HALF_CASES(ERRATA_FLOAT16)
            }
            continue;
        }
        for (size_t i = 0; i < k * ERRATA_PANEL_WIDTH; i += 16) {
            v16 y = half == ERRATA_BFLOAT16 ? LEVEL(widen)(columns + i, ERRATA_BFLOAT16)
                                            : LEVEL(widen)(columns + i, ERRATA_FLOAT16);
            LEVEL(store)(panel + i, y);
        }
        LEVEL(gemm)(
            m, count, k, a, a_stride, panel, ERRATA_PANEL_WIDTH, ERRATA_PANEL_WIDTH * k, start, c + j,
            c_stride);
    }
}

static void LEVEL(rms_norm)(
    float *out, const float *x, size_t rows, size_t width, const float *weight, float epsilon) {
    size_t whole = width / 16 * 16;
    for (size_t i = 0; i < rows; i++, x += width, out += width) {
        v16 squares = {0};
        for (size_t j = 0; j < whole; j += 16) {
            squares = FMA16(LEVEL(load)(x + j), LEVEL(load)(x + j), squares);
        }
        if (whole < width) {
            v16 rest = LEVEL(load_partial)(x + whole, width - whole);
            squares = FMA16(rest, rest, squares);
        }
        float mean = LEVEL(sum)(squares) / (float)width;
        float scale = 1.0f / __builtin_elementwise_sqrt(mean + epsilon);
        for (size_t j = 0; j < width; j++) out[j] = weight[j] * (x[j] * scale);
    }
}

static void LEVEL(rms_norm_gradient)(
    float *g, float *weight_gradient, const float *x, size_t rows, size_t width,
    const float *weight, float epsilon) {
    for (size_t i = 0; i < rows; i++, x += width, g += width) {
        v16 squares = {0}, along = {0};
        for (size_t j = 0; j < width; j += 16) {
            size_t count = width - j < 16 ? width - j : 16;
            v16 a = LEVEL(load_partial)(x + j, count);
            v16 inner = LEVEL(load_partial)(g + j, count) * LEVEL(load_partial)(weight + j, count);
            squares = FMA16(a, a, squares);
            along = FMA16(inner, a, along);
        }
        float mean = LEVEL(sum)(squares) / (float)width;
        float scale = 1.0f / __builtin_elementwise_sqrt(mean + epsilon);
        float mean_along = LEVEL(sum)(along) * scale / (float)width;
        for (size_t j = 0; j < width; j += 16) {
            size_t count = width - j < 16 ? width - j : 16;
            v16 normal = LEVEL(load_partial)(x + j, count) * scale;
            v16 outer = LEVEL(load_partial)(g + j, count);
            v16 inner = outer * LEVEL(load_partial)(weight + j, count);
            v16 y = (inner - normal * mean_along) * scale;
            LEVEL(store_partial)(g + j, y, count);
            if (weight_gradient) {
                v16 sum = FMA16(outer, normal, LEVEL(load_partial)(weight_gradient + j, count));
                LEVEL(store_partial)(weight_gradient + j, sum, count);
            }
        }
    }
}

// 1 / (1 + e^-x) from e^-|x|, which never overflows; below 2^-126 it is taken as that.
INLINE v16 LEVEL(sigmoid16)(v16 x) {
    v16 u = __builtin_elementwise_min(__builtin_elementwise_abs(x) * 1.44269504f, (v16)126.0f);
    v16 e = LEVEL(exp2)(-u);
    v16 part = 1.0f / (1.0f + e);
    return x < 0.0f ? e * part : part;
}

INLINE v16 LEVEL(silu16)(v16 x) { return x * LEVEL(sigmoid16)(x); }

static void LEVEL(swiglu)(float *gate, const float *up, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        LEVEL(store)(gate + i, LEVEL(silu16)(LEVEL(load)(gate + i)) * LEVEL(load)(up + i));
    }
    if (i < n) {
        v16 y = LEVEL(silu16)(LEVEL(load_partial)(gate + i, n - i))
            * LEVEL(load_partial)(up + i, n - i);
        memcpy(gate + i, &y, (n - i) * sizeof(float));
    }
}

static void LEVEL(swiglu_gradient)(
    float *gate_gradient, float *up_gradient, const float *g, const float *gate, const float *up,
    size_t n) {
    for (size_t i = 0; i < n; i += 16) {
        size_t count = n - i < 16 ? n - i : 16;
        v16 outer = LEVEL(load_partial)(g + i, count), x = LEVEL(load_partial)(gate + i, count);
        v16 part = LEVEL(sigmoid16)(x);
        v16 silu = x * part;
        v16 at_up = outer * silu;
        v16 slope = FMA16(silu, 1.0f - part, part);
        v16 at_gate = outer * LEVEL(load_partial)(up + i, count) * slope;
        LEVEL(store_partial)(up_gradient + i, at_up, count);
        LEVEL(store_partial)(gate_gradient + i, at_gate, count);
    }
}

static void LEVEL(adamw)(
    float *x, float *m, float *v, const float *g, size_t n, const struct errata_adamw *step) {
    const float rest1 = 1.0f - step->beta1, rest2 = 1.0f - step->beta2;
    for (size_t i = 0; i < n; i += 16) {
        size_t count = n - i < 16 ? n - i : 16;
        v16 slope = LEVEL(load_partial)(g + i, count), first = LEVEL(load_partial)(m + i, count);
        v16 second = LEVEL(load_partial)(v + i, count);
        first += rest1 * (slope - first);
        second = step->beta2 * second + rest2 * slope * slope;
        v16 root = __builtin_elementwise_sqrt(second) / step->root + step->epsilon;
        v16 moved = step->keep * LEVEL(load_partial)(x + i, count) - step->size * first / root;
        LEVEL(store_partial)(m + i, first, count);
        LEVEL(store_partial)(v + i, second, count);
        LEVEL(store_partial)(x + i, moved, count);
    }
}
