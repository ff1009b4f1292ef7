/*
 * nn - the arithmetic of a transformer: products of matrices, attention, layer norms.
 *
 *     as_nn *nn = NULL;
 *     as_nn_options o = {.threads = 2, .precision = AS_PRECISION_F32};
 *     if (as_nn_new(&o, &nn, &err)) ...
 *     if (as_linear_new(nn, parts, 1, true, &l, &err)) ...       once
 *     if (as_linear_run(nn, 0, l, rows, x, y, &err)) ...         y = x * W + b
 *     as_linear_free(l);
 *     as_nn_free(nn);
 *
 * The products are oneDNN's, called in onednn.c alone, one thread each; the threads are ours
 * and take blocks of rows (as_nn_run). Nothing depends on what else is computed beside: the
 * same rows in the same block give the same bits.
 *
 * With AS_PRECISION_BF16 the products take bfloat16 and sum in f32; what lies between them
 * (residuals, norms, softmax) stays f32. as_nn_bf16_fast() says whether the machine has
 * instructions for it; without them it is slower than f32.
 *
 * With AS_PRECISION_BF16X3 each float is split into the bfloat16 next to it and that of what
 * is left, and a product is three of bfloat16: high by high, high by low, low by high. What is
 * dropped is 2^-16 of a factor, so the result is f32's to five digits, and where products of
 * bfloat16 are many times as fast (AMX) it is there sooner. The three are one product of three
 * times the inner length: a row of the left side is (high, high, low), of the right (high,
 * low, high).
 *
 * Depends on: base; oneDNN 2.x or 3.x.  Threads: one caller; inside as_nn_run() each worker
 * passes the number that it was given.
 * Limits: AS_NN_THREADS_MAX; dimensions below AS_NN_DIM_MAX.
 */
#ifndef AS_NN_H
#define AS_NN_H

#include "nn/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_NN_THREADS_MAX 256u
#define AS_NN_DIM_MAX     (1u << 20)
#define AS_NN_ALIGN       64u
#define AS_NN_PAD         16u /* rows and lengths are rounded up to it; buffers have the room */

typedef enum as_precision { AS_PRECISION_F32, AS_PRECISION_BF16, AS_PRECISION_BF16X3 } as_precision;
typedef enum as_activation { AS_ACT_NONE, AS_ACT_GELU, AS_ACT_GELU_TANH } as_activation;

typedef struct as_nn as_nn;

typedef struct as_nn_options {
    unsigned threads; /* 0: one for each processor that we may run on */
    as_precision precision;
} as_nn_options;

/* AS_UNAVAILABLE: oneDNN does not work here, and why. */
as_code as_nn_new(const as_nn_options *options, as_nn **ret, as_err *err) AS_CHECKED;
void as_nn_free(as_nn *nn);

unsigned as_nn_threads(const as_nn *nn);
as_precision as_nn_precision(const as_nn *nn);
as_dtype as_nn_dtype(const as_nn *nn); /* what the products take: AS_F32 or AS_BF16 */
size_t as_nn_parts(const as_nn *nn);   /* numbers that one is as a factor: 1, or 3 if split */
bool as_nn_bf16_fast(void);
bool as_nn_amx(void);           /* and they multiply whole tiles: bf16x3 is faster than f32 too */
const char *as_nn_engine(void); /* "oneDNN 2.6.3" */

static inline size_t as_nn_padded(size_t n)
{
    return (n + AS_NN_PAD - 1) / AS_NN_PAD * AS_NN_PAD;
}

/* Zeroed, aligned to AS_NN_ALIGN; NULL: no memory. as_nn_drop(NULL) is accepted. */
void *as_nn_take(size_t size) AS_CHECKED;
void as_nn_drop(void *p);

/*
 * Calls task(ctx, thread, i) for every i below n, in any order, on all threads; returns when
 * all are done. The first failure is returned, and what was not begun then is not.
 */
typedef as_code as_nn_task(void *ctx, unsigned thread, size_t i, as_err *err);
as_code as_nn_run(as_nn *nn, size_t n, as_nn_task *task, void *ctx, as_err *err) AS_CHECKED;

/* --- products ---------------------------------------------------------------------------- */

/* A weight of [out, in], or [in, out] if transposed, and a bias of [out] or NULL. */
typedef struct as_linear_part {
    const as_tensor *weight, *bias;
    bool transposed;
} as_linear_part;

typedef struct as_linear as_linear;

/*
 * The parts side by side, as one layer that writes part 0's columns first. Tensors are copied
 * (packed for the machine). AS_INVALID: shapes or types do not fit, or a weight is not finite.
 */
as_code as_linear_new(as_nn *nn, const as_linear_part *parts, size_t n, as_activation act,
                      as_dtype out, as_linear **ret, as_err *err) AS_CHECKED;
void as_linear_free(as_linear *l);
size_t as_linear_in(const as_linear *l);
size_t as_linear_out(const as_linear *l);

/* y = act(x * W + b). x: (rows, in) of as_nn_dtype(); y: (rows, out) of the layer's type. */
as_code as_linear_run(as_nn *nn, unsigned thread, const as_linear *l, size_t rows, const void *x,
                      void *y, as_err *err) AS_CHECKED;

/*
 * c = a * b for each of `batch` pairs that lie dense behind each other: a (m, k), b (k, n) or,
 * if b_transposed, (n, k), both of as_nn_dtype(); c (m, n) f32.
 */
typedef struct as_product {
    size_t batch, m, n, k;
    bool b_transposed;
} as_product;

as_code as_product_run(as_nn *nn, unsigned thread, const as_product *p, const void *a,
                       const void *b, float *c, as_err *err) AS_CHECKED;

/* --- rows -------------------------------------------------------------------------------- */

/*
 * y = norm(x + t) * gamma + beta over n numbers, as LayerNorm has it; also as bfloat16 into
 * `half` if it is not NULL. t may be NULL. y may be x.
 */
void as_rows_norm(const float *x, const float *t, const float *gamma, const float *beta, float eps,
                  size_t rows, size_t n, float *y, uint16_t *half);

/*
 * Each row of x (rows, stride): softmax of scale * its first n numbers, the rest up to `stride`
 * zero, into y of `type` F32 (y may be x) or BF16. x is spoiled; stride is a multiple of
 * AS_NN_PAD.
 */
void as_rows_softmax(float *x, size_t rows, size_t n, size_t stride, float scale, as_dtype type,
                     void *y);

/* Rows of n floats, from one stride to another (numbers), into `type` F32 or BF16. */
void as_rows_copy(const float *x, size_t x_stride, size_t rows, size_t n, as_dtype type, void *y,
                  size_t y_stride);

/*
 * Rows of n floats as factors of a product, of its right side or its left one. Part k of row r
 * goes to y + r * y_stride + k * part_stride (numbers). Without a split: as_rows_copy().
 */
void as_rows_factor(const as_nn *nn, const float *x, size_t x_stride, size_t rows, size_t n,
                    bool right, void *y, size_t y_stride, size_t part_stride);

/* x += y; and the length of x made 1 (unless it is 0). */
void as_row_add(float *x, const float *y, size_t n);
void as_row_unit(float *x, size_t n);

/* All are finite. */
bool as_row_finite(const float *x, size_t n);

/* --- the oracle: plain loops in double, for tests ------------------------------------------ */

void as_naive_linear(const float *x, const float *w, const float *bias, size_t rows, size_t in,
                     size_t out, as_activation act, float *y); /* w: [out, in] */
void as_naive_norm(const float *x, const float *gamma, const float *beta, double eps, size_t rows,
                   size_t n, float *y);
void as_naive_softmax(float *x, size_t n);

/* q, k, v: (tokens, heads * dim); y likewise. */
void as_naive_attention(const float *q, const float *k, const float *v, size_t tokens, size_t heads,
                        size_t dim, float *y);

#ifdef __cplusplus
}
#endif
#endif
