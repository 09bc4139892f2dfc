#ifndef ERRATA_INTERNAL_H
#define ERRATA_INTERNAL_H

#include "CErrataKernels.h"

typedef float v16 __attribute__((ext_vector_type(16)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef uint32_t u16 __attribute__((ext_vector_type(16)));

extern const struct errata_kernels errata_kernels_baseline;
#if defined(__x86_64__)
extern const struct errata_kernels errata_kernels_avx2;
extern const struct errata_kernels errata_kernels_avx512;
int errata_amx_has_bf16(void);
void errata_amx_gemm_bf16(
    size_t m, size_t n, size_t k, const uint16_t *a, size_t a_stride, const uint16_t *b,
    const float *start, size_t start_stride, float *c, size_t c_stride);
// NULL if the CPU or the system has no tiles for this process. The CPU has AVX-512.
const struct errata_kernels *errata_kernels_amx(void);
#endif

#endif
