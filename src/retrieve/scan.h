/*
 * scan - inner products of int8 vectors, with the widest SIMD of the machine; private to
 * retrieve.
 *
 * A code is `stride` bytes: the vector's, each from -127 to 127, and zeros up to a multiple
 * of 64. Sums are exact (AS_VECTORS_DIM_MAX * 127 * 127 fits), so every variant gives the
 * same numbers; the plain one is what the others are checked against.
 *
 * Depends on: base.  Threads: re-entrant.
 */
#ifndef AS_SCAN_H
#define AS_SCAN_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_SCAN_ALIGN 64u

/* Bytes fetched ahead of a scan: over the ends of pages, where the processor itself stops. */
#define AS_SCAN_AHEAD 4096u

/* The stride of vectors of `dim`. */
static inline size_t as_scan_stride(size_t dim)
{
    return (dim + AS_SCAN_ALIGN - 1) / AS_SCAN_ALIGN * AS_SCAN_ALIGN;
}

/* The inner product of two codes. */
typedef int32_t as_dot_fn(const int8_t *a, const int8_t *b, size_t stride);

/* dots[i]: of the query and the code at codes + i * stride. */
typedef void as_dots_fn(const int8_t *codes, size_t stride, size_t n, const int8_t *query,
                        int32_t *dots);

typedef struct as_scan {
    const char *name; /* "plain", "avx2", "avx512vnni" */
    as_dot_fn *dot;
    as_dots_fn *dots;
} as_scan;

const as_scan *as_scan_best(void);

/* NULL: not for this processor. */
const as_scan *as_scan_named(const char *name);

extern const as_scan as_scan_plain;
#if defined(__x86_64__)
extern const as_scan as_scan_avx2, as_scan_avx512;
#endif

#ifdef __cplusplus
}
#endif
#endif
