/*
 * rows_body - private to nn: the row kernels, compiled once for each instruction set.
 *
 * Sixteen floats are one vector whatever the machine has; the compiler cuts it into what
 * there is. So all sets add in the same order.
 *
 * Depends on: nn_priv.h.  Whoever includes it defines ROWS_TABLE and ROWS_NAME.
 */
#include "nn/nn_priv.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

#define LANES 16u

typedef float vec __attribute__((vector_size(64)));
typedef int32_t veci __attribute__((vector_size(64)));
typedef uint32_t vecu __attribute__((vector_size(64)));
typedef uint16_t vech __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) void load(const float *p, vec *v)
{
    memcpy(v, p, sizeof(*v));
}

static inline __attribute__((always_inline)) void store(float *p, const vec *v)
{
    memcpy(p, v, sizeof(*v));
}

/* The last few: the others are `rest`. */
static inline __attribute__((always_inline)) void load_some(const float *p, size_t n, float rest,
                                                            vec *v)
{
    float some[LANES];

    for (unsigned i = 0; i < LANES; i++)
        some[i] = i < n ? p[i] : rest;
    memcpy(v, some, sizeof(*v));
}

static inline __attribute__((always_inline)) float sum_of(const vec *v)
{
    float p[LANES];

    memcpy(p, v, sizeof(p));
    for (unsigned half = LANES / 2; half > 0; half /= 2) {
        for (unsigned i = 0; i < half; i++)
            p[i] += p[i + half];
    }
    return p[0];
}

static inline __attribute__((always_inline)) void store_half(uint16_t *p, const vec *v)
{
    vecu u;
    vech h;

    memcpy(&u, v, sizeof(u));
    u = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    h = __builtin_convertvector(u, vech);
    memcpy(p, &h, sizeof(h));
}

static inline __attribute__((always_inline)) void put(as_dtype type, void *y, size_t at,
                                                      const vec *v)
{
    if (type == AS_F32)
        store((float *)y + at, v);
    else
        store_half((uint16_t *)y + at, v);
}

static inline __attribute__((always_inline)) void put_one(as_dtype type, void *y, size_t at,
                                                          float f)
{
    if (type == AS_F32)
        ((float *)y)[at] = f;
    else
        ((uint16_t *)y)[at] = as_half_of_float(f);
}

/*
 * e to the x for x <= 0: 2^k times a polynomial on [-ln2/2, ln2/2] (Taylor to the sixth
 * power: below 2e-7 of the value). Adding 1.5 * 2^23 rounds to an integer.
 */
static inline __attribute__((always_inline)) void exp_of(vec *v)
{
    const float magic = 12582912.0f;
    vec x = *v, k, r, p;
    veci low = x < -87.0f, bits;

    x = (vec)(((veci)x & ~low) | ((veci)((vec){0} - 87.0f) & low));
    k = x * 1.44269504f + magic;
    memcpy(&bits, &k, sizeof(bits));
    k -= magic;
    r = x - k * 0.693359375f;
    r = r + k * 2.12194440e-4f;
    p = r * (1.0f / 720) + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    bits = (bits << 23) + (veci)p;
    memcpy(v, &bits, sizeof(bits));
}

static void rows_add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

static bool rows_finite(const float *x, size_t n)
{
    uint32_t all = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t u;

        memcpy(&u, &x[i], sizeof(u));
        all |= (u & 0x7f800000) == 0x7f800000;
    }
    return !all;
}

/* What is summed first goes to y, so that the second pass finds it there. */
static inline __attribute__((always_inline)) float sum_row(const float *x, const float *t, size_t n,
                                                           float *y)
{
    vec sum = {0}, a, b;
    float rest = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        load(x + i, &a);
        if (t) {
            load(t + i, &b);
            a += b;
        }
        store(y + i, &a);
        sum += a;
    }
    for (; i < n; i++) {
        y[i] = x[i] + (t ? t[i] : 0);
        rest += y[i];
    }
    return sum_of(&sum) + rest;
}

static inline __attribute__((always_inline)) float spread_of(const float *y, float mean, size_t n)
{
    vec sum = {0}, a;
    float rest = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        load(y + i, &a);
        a -= mean;
        sum += a * a;
    }
    for (; i < n; i++)
        rest += (y[i] - mean) * (y[i] - mean);
    return (sum_of(&sum) + rest) / (float)n;
}

static void rows_norm(const float *x, const float *t, const float *gamma, const float *beta,
                      float eps, size_t rows, size_t n, float *y, uint16_t *half)
{
    for (size_t r = 0; r < rows; r++) {
        const float *xr = x + r * n, *tr = t ? t + r * n : NULL;
        float *yr = y + r * n, mean = sum_row(xr, tr, n, yr) / (float)n, by;
        size_t i = 0;
        vec a, g, b;

        by = 1.0f / sqrtf(spread_of(yr, mean, n) + eps);
        for (; i + LANES <= n; i += LANES) {
            load(yr + i, &a);
            load(gamma + i, &g);
            load(beta + i, &b);
            a = (a - mean) * by * g + b;
            store(yr + i, &a);
            if (half)
                store_half(half + r * n + i, &a);
        }
        for (; i < n; i++) {
            yr[i] = (yr[i] - mean) * by * gamma[i] + beta[i];
            if (half)
                half[r * n + i] = as_half_of_float(yr[i]);
        }
    }
}

static inline __attribute__((always_inline)) float largest_of(const float *x, size_t n)
{
    vec most = (vec){0} - INFINITY, a;
    float p[LANES], top;
    size_t i = 0;

    for (; i < n; i += LANES) {
        if (i + LANES <= n)
            load(x + i, &a);
        else
            load_some(x + i, n - i, -INFINITY, &a);
        most = (vec)(((veci)a & (a > most)) | ((veci)most & ~(a > most)));
    }
    memcpy(p, &most, sizeof(p));
    top = p[0];
    for (unsigned k = 1; k < LANES; k++)
        top = p[k] > top ? p[k] : top;
    return top;
}

/* Weights of one row, not yet divided by their sum, into `e`; returns the sum. */
static inline __attribute__((always_inline)) float weigh(const float *x, size_t n, size_t stride,
                                                         float scale, float *e)
{
    float top = largest_of(x, n) * scale;
    vec sum = {0}, a;
    size_t i = 0;

    for (; i < n; i += LANES) {
        if (i + LANES <= n) {
            load(x + i, &a);
            a = a * scale - top;
            exp_of(&a);
        } else {
            float some[LANES];

            load_some(x + i, n - i, 0, &a);
            a = a * scale - top;
            exp_of(&a);
            memcpy(some, &a, sizeof(some));
            for (unsigned k = (unsigned)(n - i); k < LANES; k++)
                some[k] = 0;
            memcpy(&a, some, sizeof(some));
        }
        sum += a;
        store(e + i, &a);
    }
    for (; i < stride; i++)
        e[i] = 0;
    return sum_of(&sum);
}

/* The weights take the place of the scores, then of what is asked for. */
static void rows_softmax(float *x, size_t rows, size_t n, size_t stride, float scale, as_dtype type,
                         void *y)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * stride, by = 1.0f / weigh(row, n, stride, scale, row);

        for (size_t i = 0; i < stride; i += LANES) {
            vec a;

            load(row + i, &a);
            a *= by;
            put(type, y, r * stride + i, &a);
        }
    }
}

static void rows_copy(const float *x, size_t x_stride, size_t rows, size_t n, as_dtype type,
                      void *y, size_t y_stride)
{
    for (size_t r = 0; r < rows; r++) {
        size_t i = 0;
        vec a;

        for (; i + LANES <= n; i += LANES) {
            load(x + r * x_stride + i, &a);
            put(type, y, r * y_stride + i, &a);
        }
        for (; i < n; i++)
            put_one(type, y, r * y_stride + i, x[r * x_stride + i]);
    }
}

/* The bfloat16 next to a number, and that of what is left. */
static void rows_split(const float *x, size_t x_stride, size_t rows, size_t n, bool right,
                       uint16_t *y, size_t y_stride, size_t part_stride)
{
    size_t low_at = right ? part_stride : 2 * part_stride,
           twin = right ? 2 * part_stride : part_stride;

    for (size_t r = 0; r < rows; r++) {
        uint16_t *high = y + r * y_stride;
        size_t i = 0;

        for (; i + LANES <= n; i += LANES) {
            vec a, h;
            vecu u;

            load(x + r * x_stride + i, &a);
            memcpy(&u, &a, sizeof(u));
            u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000u;
            memcpy(&h, &u, sizeof(h));
            store_half(high + i, &h);
            store_half(high + twin + i, &h);
            a -= h;
            store_half(high + low_at + i, &a);
        }
        for (; i < n; i++) {
            float a = x[r * x_stride + i];
            uint16_t bits = as_half_of_float(a);

            high[i] = high[twin + i] = bits;
            high[low_at + i] = as_half_of_float(a - as_float_of_half(bits));
        }
    }
}

const as_row_kernels ROWS_TABLE = {ROWS_NAME,  rows_norm, rows_softmax, rows_copy,
                                   rows_split, rows_add,  rows_finite};
