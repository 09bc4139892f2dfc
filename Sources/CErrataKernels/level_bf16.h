// Products of bfloat16 matrices of one level, included by level.h: rounding and packing of the factors, and
// what the tiles of AMX compute, in their order.

// To the nearest, ties to even, in the low halves.
INLINE u16 LEVEL(bf16)(v16 x) {
    u16 bits;
    memcpy(&bits, &x, sizeof bits);
    u16 rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    return __builtin_convertvector(x != x, u16) ? (u16)0x7FC0 : rounded;
}

// Pairs of neighbours of one row, `count` of 32 numbers, zeros behind them.
INLINE u16 LEVEL(bf16_along)(const float *x, size_t count) {
    float padded[32] = {0};
    if (count < 32) x = memcpy(padded, x, count * sizeof(float));
    u16 low = LEVEL(bf16)(LEVEL(load)(x)), high = LEVEL(bf16)(LEVEL(load)(x + 16));
    return __builtin_shufflevector(
               low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
        | __builtin_shufflevector(
               low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
        << 16;
}

// Pairs of neighbours of `count` of 16 columns; the lower row is null where there is none.
INLINE u16 LEVEL(bf16_down)(const float *x, const float *next, size_t count) {
    v16 low = LEVEL(load_partial)(x, count), high = {0};
    if (next) high = LEVEL(load_partial)(next, count);
    return LEVEL(bf16)(low) | LEVEL(bf16)(high) << 16;
}

// Transposes 16 rows of 16: each of four rounds riffles the upper half into the lower one.
INLINE void LEVEL(turn16)(u16 *rows) {
    u16 next[16];
#pragma clang loop unroll(full)
    for (int round = 0; round < 4; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
            next[2 * i] = __builtin_shufflevector(
                rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            next[2 * i + 1] = __builtin_shufflevector(
                rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                31);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) rows[i] = next[i];
    }
}

// Where step p of row i lies in a left factor.
INLINE size_t LEVEL(bf16_place)(size_t i, size_t p, size_t depth) {
    return i / 16 * 16 * depth + p * 16 + i % 16 * 32;
}

static void LEVEL(bf16_rows)(
    uint16_t *out, const float *a, size_t a_stride, size_t m, size_t k) {
    size_t depth = errata_bf16_depth(k);
    for (size_t i = 0; i < m; i++) {
        for (size_t p = 0; p < k; p += 32) {
            u16 pairs = LEVEL(bf16_along)(a + i * a_stride + p, k - p < 32 ? k - p : 32);
            memcpy(out + LEVEL(bf16_place)(i, p, depth), &pairs, sizeof pairs);
        }
    }
}

// 16 pairs of rows, from row p on, of `count` of 16 columns.
INLINE void LEVEL(bf16_pairs)(
    u16 *pairs, const float *x, size_t x_stride, size_t p, size_t k, size_t count) {
    for (int i = 0; i < 16; i++, p += 2) {
        const float *row = x + p * x_stride;
        pairs[i] = p < k ? LEVEL(bf16_down)(row, p + 1 < k ? row + x_stride : NULL, count)
                         : (u16)0;
    }
}

static void LEVEL(bf16_columns)(
    uint16_t *out, const float *a, size_t a_stride, size_t m, size_t k) {
    size_t depth = errata_bf16_depth(k);
    for (size_t p = 0; p < k; p += 32) {
        for (size_t i = 0; i < m; i += 16) {
            size_t count = m - i < 16 ? m - i : 16;
            u16 pairs[16];
            LEVEL(bf16_pairs)(pairs, a + i, a_stride, p, k, count);
            LEVEL(turn16)(pairs);
            memcpy(out + LEVEL(bf16_place)(i, p, depth), pairs, count * sizeof pairs[0]);
        }
    }
}

static void LEVEL(bf16_pack_rows)(
    uint16_t *packed, const float *b, size_t b_stride, size_t n, size_t k) {
    size_t depth = errata_bf16_depth(k);
    for (size_t j = 0; j < n; j += 16) {
        for (size_t p = 0; p < k; p += 32) {
            u16 pairs[16];
            LEVEL(bf16_pairs)(pairs, b + j, b_stride, p, k, n - j < 16 ? n - j : 16);
            memcpy(packed + j * depth + p * 16, pairs, sizeof pairs);
        }
    }
}

static void LEVEL(bf16_pack_columns)(
    uint16_t *packed, const float *b, size_t b_stride, size_t n, size_t k) {
    size_t depth = errata_bf16_depth(k);
    for (size_t j = 0; j < n; j += 16) {
        size_t count = n - j < 16 ? n - j : 16;
        for (size_t p = 0; p < k; p += 32) {
            u16 pairs[16];
            for (size_t i = 0; i < 16; i++) {
                pairs[i] = i < count
                    ? LEVEL(bf16_along)(b + (j + i) * b_stride + p, k - p < 32 ? k - p : 32)
                    : (u16)0;
            }
            LEVEL(turn16)(pairs);
            memcpy(packed + j * depth + p * 16, pairs, sizeof pairs);
        }
    }
}

// Tiles take numbers below the normal ones for zeros and make none.
INLINE v16 LEVEL(flushed)(v16 x) {
    u16 bits;
    memcpy(&bits, &x, sizeof bits);
    u16 tiny = __builtin_convertvector((bits & 0x7F800000) == 0, u16);
    bits &= ~tiny | 0x80000000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE v16 LEVEL(widened)(u16 high_halves) {
    v16 x;
    memcpy(&x, &high_halves, sizeof x);
    return LEVEL(flushed)(x);
}

// `rows` rows by 16 columns, 32 numbers of k at a time.
INLINE void LEVEL(bf16_tile)(
    const int rows, size_t depth, const uint16_t *a, const uint16_t *b, v16 *sums) {
    for (size_t p = 0; p < depth; p += 32) {
        v16 even[4] = {0}, odd[4] = {0};
        for (int pair = 0; pair < 16; pair++) {
            u16 column;
            memcpy(&column, b + p * 16 + pair * 32, sizeof column);
            v16 low = LEVEL(widened)(column << 16), high = LEVEL(widened)(column & 0xFFFF0000);
            for (int i = 0; i < rows; i++) {
                uint32_t row;
                memcpy(&row, a + p * 16 + i * 32 + 2 * pair, sizeof row);
                v16 x = LEVEL(widened)((u16)(row << 16));
                v16 y = LEVEL(widened)((u16)(row & 0xFFFF0000));
                even[i] = LEVEL(flushed)(FMA16(x, low, even[i]));
                odd[i] = LEVEL(flushed)(FMA16(y, high, odd[i]));
            }
        }
        for (int i = 0; i < rows; i++) {
            sums[i] = LEVEL(flushed)(sums[i] + LEVEL(flushed)(even[i] + odd[i]));
        }
    }
}

static void LEVEL(gemm_bf16)(
    size_t m, size_t n, size_t k, const uint16_t *a, size_t a_stride, const uint16_t *b,
    const float *start, size_t start_stride, float *c, size_t c_stride) {
    size_t depth = errata_bf16_depth(k);
    for (size_t j = 0; j < n; j += 16) {
        size_t count = n - j < 16 ? n - j : 16;
        for (size_t i = 0; i < m; i += 4) {
            size_t rows = m - i < 4 ? m - i : 4;
            v16 sums[4] = {0};
            for (size_t r = 0; start && r < rows; r++) {
                sums[r] = LEVEL(load_partial)(start + (i + r) * start_stride + j, count);
                sums[r] = LEVEL(flushed)(sums[r]);
            }
            const uint16_t *left = a + i / 16 * a_stride + i % 16 * 32, *right = b + j * depth;
            switch (rows) {
            case 1: LEVEL(bf16_tile)(1, depth, left, right, sums); break;
            case 2: LEVEL(bf16_tile)(2, depth, left, right, sums); break;
            case 3: LEVEL(bf16_tile)(3, depth, left, right, sums); break;
            case 4: LEVEL(bf16_tile)(4, depth, left, right, sums); break;
            }
            for (size_t r = 0; r < rows; r++) {
                LEVEL(store_partial)(c + (i + r) * c_stride + j, sums[r], count);
            }
        }
    }
}
