#ifndef CERRATAKERNELS_H
#define CERRATAKERNELS_H

// The loops that BLAS does not have, and the one it has without the promise we need.
//
// Every function exists at several levels, one chosen once per process by what the CPU can do:
//
//   baseline   any CPU: plain C
//   avx2       AVX2 and FMA
//   avx512     AVX-512 F, BW, VL, DQ and VNNI
//   amx        these and the tiles of AMX
//
// All levels return the same bits. Integers are exact. A float result is built from fused
// multiply-adds in one order that the comments below fix (a CPU without the instruction computes
// the same value in double precision), so neither the CPU, nor the shape of a batch, nor a row's
// place in it can show in a result.
//
// The environment variable ERRATA_KERNELS=baseline|avx2|avx512|amx lowers the level for the process;
// a level that the CPU lacks, or an unknown word, is ignored (compare with `errata_kernel_level`).

#include <stddef.h>
#include <stdint.h>

/// Columns of one panel of a packed matrix.
#define ERRATA_PANEL_WIDTH 48

/// How a 16-bit number stands for a float: the upper half of one, or an IEEE half.
enum errata_half { ERRATA_BFLOAT16, ERRATA_FLOAT16 };

/// The numbers of one step of AdamW (Loshchilov and Hutter 2019, algorithm 2).
struct errata_adamw {
    float beta1, beta2, epsilon;
    /// 1 - rate * decay, rate / (1 - beta1^t), and the root of 1 - beta2^t.
    float keep, size, root;
};

/// The functions of one level.
///
/// Matrices are row-major; `*_stride` counts floats from one row to the next. Pointers need no
/// alignment beyond their type's. Outputs must not overlap inputs unless a comment allows it.
struct errata_kernels {
    /// "baseline", "avx2", "avx512" or "amx".
    const char *_Nonnull name;

    /// Returns the exact dot product of two int8 vectors; `n` is at most 131071.
    int32_t (*_Nonnull dot_i8)(const int8_t *_Nonnull a, const int8_t *_Nonnull b, size_t n);

    /// Writes the dot product of row i and the query to out[i]; see `errata_scan_i8`.
    void (*_Nonnull scan_i8)(
        const int8_t *_Nonnull rows, size_t row_stride, size_t row_count,
        const int8_t *_Nonnull query, size_t width, int32_t *_Nonnull out);

    /// Returns the dot product of two float vectors; see `errata_dot_f32`.
    float (*_Nonnull dot_f32)(const float *_Nonnull a, const float *_Nonnull b, size_t n);

    /// Writes c = a b + bias: c is (m, n), a is (m, k), b is (k, n), bias is (n) or null for zeros.
    ///
    /// Every c[i][j] is one chain of fused multiply-adds over k, in order, that starts at bias[j].
    /// Columns [48 p, 48 p + 48) of b start at b + p * b_panel_stride: a matrix written by
    /// `errata_pack` has b_panel_stride = k * 48 and b_row_stride = 48; a plain row-major one has
    /// b_panel_stride = 48.
    void (*_Nonnull gemm)(
        size_t m, size_t n, size_t k, const float *_Nonnull a, size_t a_stride,
        const float *_Nonnull b, size_t b_row_stride, size_t b_panel_stride,
        const float *_Nullable bias, float *_Nonnull c, size_t c_stride);

    /// Adds a b to c: each c[i][j] goes on as the chain that `gemm` starts at its bias.
    ///
    /// A product cut into pieces along k, the first by `gemm` and the rest by this, has the bits of the
    /// whole one.
    void (*_Nonnull gemm_add)(
        size_t m, size_t n, size_t k, const float *_Nonnull a, size_t a_stride,
        const float *_Nonnull b, size_t b_row_stride, size_t b_panel_stride, float *_Nonnull c,
        size_t c_stride);

    /// Rounds each row of x, (rows, width), to int8: out = round(x / scale), scale = max |x| / 127.
    ///
    /// Ties go to even. Row i of `out` starts at i * stride, a multiple of 4 of at least `width`; bytes
    /// past `width` are zero. A row of zeros has scale 0. x must be finite.
    void (*_Nonnull quantize_rows)(
        int8_t *_Nonnull out, float *_Nonnull scales, const float *_Nonnull x, size_t rows,
        size_t width, size_t stride);

    /// Writes c = a b * a_scale * b_scale + bias for int8 matrices: a is (m, k), b is (k, n).
    ///
    /// k is a multiple of 4 of at most 131068 and a's row stride; b was packed by `errata_pack_i8`. Sums
    /// are exact; c[i][j] = fma(sum, a_scales[i] * b_scales[j], bias[j]).
    void (*_Nonnull gemm_i8)(
        size_t m, size_t n, size_t k, const int8_t *_Nonnull a, const float *_Nonnull a_scales,
        const int8_t *_Nonnull b, const float *_Nonnull b_scales, const float *_Nonnull bias,
        float *_Nonnull c, size_t c_stride);

    /// Rounds a, (m, k), to bfloat16 as `gemm_bf16` wants its left factor: to the nearest, ties to even.
    ///
    /// `out` is (groups of 16 rows, depth / 32, 16, 32), `errata_bf16_packed_count(m, k)` numbers; columns
    /// past k are zero, rows past m are not written.
    void (*_Nonnull bf16_rows)(
        uint16_t *_Nonnull out, const float *_Nonnull a, size_t a_stride, size_t m, size_t k);

    /// The same for the transpose of a: a is (k, m).
    void (*_Nonnull bf16_columns)(
        uint16_t *_Nonnull out, const float *_Nonnull a, size_t a_stride, size_t m, size_t k);

    /// Rounds b, (k, n), to bfloat16 as `gemm_bf16` wants its right factor.
    ///
    /// `packed` is (panels of 16 columns, depth / 2, 16, 2), `errata_bf16_packed_count(n, k)` numbers;
    /// what is missing to whole panels is zero.
    void (*_Nonnull bf16_pack_rows)(
        uint16_t *_Nonnull packed, const float *_Nonnull b, size_t b_stride, size_t n, size_t k);

    /// The same for the transpose of b: b is (n, k).
    void (*_Nonnull bf16_pack_columns)(
        uint16_t *_Nonnull packed, const float *_Nonnull b, size_t b_stride, size_t n, size_t k);

    /// Writes c = a b + start for bfloat16 factors: c is (m, n), start too, or null for zeros.
    ///
    /// Groups of 16 rows of a lie `a_stride` numbers apart, 16 * depth unless k is part of a longer one.
    /// Every c[i][j] is what TDPBF16PS makes of it (Intel's manual, volume 2): for each 32 numbers of k,
    /// a chain of fused multiply-adds over the even ones and one over the odd ones, their sum, and that
    /// added to c; numbers below the normal ones are zeros. `start` may be c, and one row for all where
    /// its stride is 0. A product cut along k at multiples of 32 has the bits of the whole one.
    void (*_Nonnull gemm_bf16)(
        size_t m, size_t n, size_t k, const uint16_t *_Nonnull a, size_t a_stride,
        const uint16_t *_Nonnull b, const float *_Nullable start, size_t start_stride,
        float *_Nonnull c, size_t c_stride);

    /// Writes c = a b + bias as `gemm` does, for b of finite 16-bit numbers packed by `errata_pack_u16`.
    ///
    /// b is widened exactly, so c has the bits that `gemm` gives for the widened b. `panel` is scratch of
    /// k * 48 floats.
    void (*_Nonnull gemm_half)(
        size_t m, size_t n, size_t k, const float *_Nonnull a, size_t a_stride,
        const uint16_t *_Nonnull b, enum errata_half half, const float *_Nullable bias,
        float *_Nonnull c, size_t c_stride, float *_Nonnull panel);

    /// Replaces each row of x, (rows, width), by softmax(scale * row).
    ///
    /// Elements from `width` to the next multiple of 16 must belong to x (stride >= that multiple)
    /// and are set to zero.
    void (*_Nonnull softmax)(
        float *_Nonnull x, size_t stride, size_t rows, size_t width, float scale);

    /// Replaces each x[i] by x[i] * (1 + erf(x[i] / sqrt 2)) / 2.
    void (*_Nonnull gelu)(float *_Nonnull x, size_t n);

    /// Writes (x - mean) / sqrt(variance + epsilon) * weight + bias per row; out may be x.
    void (*_Nonnull layer_norm)(
        float *_Nonnull out, const float *_Nonnull x, size_t rows, size_t width,
        const float *_Nonnull weight, const float *_Nonnull bias, float epsilon);

    /// Writes weight * (x * (1 / sqrt(mean(x^2) + epsilon))) per row; out may be x.
    void (*_Nonnull rms_norm)(
        float *_Nonnull out, const float *_Nonnull x, size_t rows, size_t width,
        const float *_Nonnull weight, float epsilon);

    /// Replaces each gate[i] by gate[i] / (1 + e^-gate[i]) * up[i].
    void (*_Nonnull swiglu)(float *_Nonnull gate, const float *_Nonnull up, size_t n);

    /// Adds b to a.
    void (*_Nonnull add)(float *_Nonnull a, const float *_Nonnull b, size_t n);

    /// Replaces g, the gradient at gelu(x), by the gradient at x.
    void (*_Nonnull gelu_gradient)(float *_Nonnull g, const float *_Nonnull x, size_t n);

    /// Replaces g, the gradient at p = softmax(scale * s), by the gradient at s.
    ///
    /// g and p are (rows, width) with one stride; from `width` to the next multiple of 16 both belong to
    /// the caller, p is zero there and g finite.
    void (*_Nonnull softmax_gradient)(
        float *_Nonnull g, const float *_Nonnull p, size_t stride, size_t rows, size_t width,
        float scale);

    /// Replaces g, the gradient at layer_norm(x), by the gradient at x, and adds those of the weights.
    ///
    /// g and x are (rows, width); `width` is a multiple of 16.
    void (*_Nonnull layer_norm_gradient)(
        float *_Nonnull g, float *_Nonnull weight_gradient, float *_Nonnull bias_gradient,
        const float *_Nonnull x, size_t rows, size_t width, const float *_Nonnull weight,
        float epsilon);

    /// Replaces g, the gradient at rms_norm(x), by the gradient at x, and adds that of the weight unless it is
    /// null.
    void (*_Nonnull rms_norm_gradient)(
        float *_Nonnull g, float *_Nullable weight_gradient, const float *_Nonnull x, size_t rows,
        size_t width, const float *_Nonnull weight, float epsilon);

    /// Writes the gradients at gate and up for g, the one at silu(gate) * up.
    void (*_Nonnull swiglu_gradient)(
        float *_Nonnull gate_gradient, float *_Nonnull up_gradient, const float *_Nonnull g,
        const float *_Nonnull gate, const float *_Nonnull up, size_t n);

    /// Moves n parameters x with gradients g, and their means m of gradients and v of squares, one step.
    ///
    ///     m += (1 - beta1) (g - m),  v = beta2 v + (1 - beta2) g g
    ///     x = keep x - size m / (sqrt(v) / root + epsilon)
    void (*_Nonnull adamw)(
        float *_Nonnull x, float *_Nonnull m, float *_Nonnull v, const float *_Nonnull g, size_t n,
        const struct errata_adamw *_Nonnull step);
};

/// Returns the functions of the level in use.
const struct errata_kernels *_Nonnull errata_kernels(void);

/// Returns the functions of the level with this name, or null if the CPU lacks it or the name is unknown.
const struct errata_kernels *_Nullable errata_kernels_named(const char *_Nonnull name);

/// Returns the name of the level in use: "baseline", "avx2", "avx512" or "amx".
const char *_Nonnull errata_kernel_level(void);

/// Returns the exact dot product of two int8 vectors; `n` is at most 131071.
int32_t errata_dot_i8(const int8_t *_Nonnull a, const int8_t *_Nonnull b, size_t n);

/// Writes the exact dot product of row i and the query to out[i], for `row_count` rows.
///
/// Row i is the `width` bytes at rows + i * row_stride (in bytes); `width` is at most 131071. Reads
/// nothing outside the rows.
void errata_scan_i8(
    const int8_t *_Nonnull rows, size_t row_stride, size_t row_count, const int8_t *_Nonnull query,
    size_t width, int32_t *_Nonnull out);

/// Returns the dot product of two float vectors, the same bits on every CPU.
///
/// Lane l of 64 sums elements l, l + 64, ... by fused multiply-adds, short vectors padded with
/// zeros; then lanes l and l + 32, l and l + 16, and so on down to one.
float errata_dot_f32(const float *_Nonnull a, const float *_Nonnull b, size_t n);

/// Returns how many floats `errata_pack` writes for a matrix of n columns and k rows.
size_t errata_packed_count(size_t n, size_t k);

/// Packs the transpose of w, (n, k) as checkpoints store a linear layer, for `gemm`.
///
/// `packed` is (panels, k, 48): column j of the (k, n) matrix lies in panel j / 48. Columns past n
/// are zero.
void errata_pack(float *_Nonnull packed, const float *_Nonnull w, size_t n, size_t k);

/// Packs the transpose of w, (n, k), for `gemm_half`, as `errata_pack` does; writes
/// `errata_packed_count` numbers.
void errata_pack_u16(uint16_t *_Nonnull packed, const uint16_t *_Nonnull w, size_t n, size_t k);

/// Packs b, (k, n), as it is for `gemm`: what `errata_pack` does with b's transpose.
void errata_pack_rows(float *_Nonnull packed, const float *_Nonnull b, size_t n, size_t k);

/// Returns k up to whole steps of `gemm_bf16`, which are 32 numbers.
static inline size_t errata_bf16_depth(size_t k) { return (k + 31) / 32 * 32; }

/// Returns how many numbers a factor of `gemm_bf16` takes: a right one of n columns, or a left one of n
/// rows.
static inline size_t errata_bf16_packed_count(size_t n, size_t k) {
    return (n + 15) / 16 * 16 * errata_bf16_depth(k);
}

/// Returns whether the level in use multiplies bfloat16 matrices by tiles.
int errata_bf16_is_fast(void);

/// Returns how many bytes `errata_pack_i8` writes for a matrix of n columns and k rows.
size_t errata_packed_i8_count(size_t n, size_t k);

/// Packs the transpose of w, (n, k), for `gemm_i8`.
///
/// `packed` is (panels of 16 columns, k / 4 rounded up, 16, 4), each byte with its top bit flipped, as
/// unsigned multipliers want it; what is missing to whole panels is zero.
void errata_pack_i8(int8_t *_Nonnull packed, const int8_t *_Nonnull w, size_t n, size_t k);

/// Writes the transpose of a, (rows, columns) with `a_stride`, to `out`, (columns, rows).
void errata_transpose(
    float *_Nonnull out, const float *_Nonnull a, size_t a_stride, size_t rows, size_t columns);

/// Tells the processor that a loop waits for another thread.
static inline void errata_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

#endif
