/*
 * nn_priv - private to nn: what the threads, oneDNN and the row kernels share.
 *
 * Depends on: base.
 */
#ifndef AS_NN_PRIV_H
#define AS_NN_PRIV_H

#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_pool as_pool;

/* `begin` runs first on every thread, the caller's too. */
as_code as_pool_new(unsigned threads, void (*begin)(void), as_pool **ret, as_err *err) AS_CHECKED;
void as_pool_free(as_pool *p);
as_code as_pool_run(as_pool *p, size_t n, as_nn_task *task, void *ctx, as_err *err) AS_CHECKED;

/* bfloat16: to the nearest, ties to even, a NaN stays one; and back. */
static inline uint16_t as_half_of_float(float f)
{
    uint32_t u;

    __builtin_memcpy(&u, &f, sizeof(u));
    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float as_float_of_half(uint16_t half)
{
    uint32_t u = (uint32_t)half << 16;
    float f;

    __builtin_memcpy(&f, &u, sizeof(f));
    return f;
}

/* One instruction set's row kernels; the functions are those of nn.h. */
typedef struct as_row_kernels {
    const char *name;
    void (*norm)(const float *x, const float *t, const float *gamma, const float *beta, float eps,
                 size_t rows, size_t n, float *y, uint16_t *half);
    void (*softmax)(float *x, size_t rows, size_t n, size_t stride, float scale, as_dtype type,
                    void *y);
    void (*copy)(const float *x, size_t x_stride, size_t rows, size_t n, as_dtype type, void *y,
                 size_t y_stride);
    void (*split)(const float *x, size_t x_stride, size_t rows, size_t n, bool right, uint16_t *y,
                  size_t y_stride, size_t part_stride);
    void (*add)(float *x, const float *y, size_t n);
    bool (*finite)(const float *x, size_t n);
} as_row_kernels;

extern const as_row_kernels as_rows_base, as_rows_avx2, as_rows_avx512;

#ifdef __cplusplus
}
#endif
#endif
