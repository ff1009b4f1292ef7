#include "nn/nn_priv.h"

#include <math.h>

#include "base/banned.h"

static const as_row_kernels *kernels(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return &as_rows_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &as_rows_avx2;
#endif
    return &as_rows_base;
}

void as_rows_norm(const float *x, const float *t, const float *gamma, const float *beta, float eps,
                  size_t rows, size_t n, float *y, uint16_t *half)
{
    kernels()->norm(x, t, gamma, beta, eps, rows, n, y, half);
}

void as_rows_softmax(float *x, size_t rows, size_t n, size_t stride, float scale, as_dtype type,
                     void *y)
{
    kernels()->softmax(x, rows, n, stride, scale, type, y);
}

void as_rows_copy(const float *x, size_t x_stride, size_t rows, size_t n, as_dtype type, void *y,
                  size_t y_stride)
{
    kernels()->copy(x, x_stride, rows, n, type, y, y_stride);
}

void as_rows_factor(const as_nn *nn, const float *x, size_t x_stride, size_t rows, size_t n,
                    bool right, void *y, size_t y_stride, size_t part_stride)
{
    if (as_nn_parts(nn) == 1)
        kernels()->copy(x, x_stride, rows, n, as_nn_dtype(nn), y, y_stride);
    else
        kernels()->split(x, x_stride, rows, n, right, y, y_stride, part_stride);
}

void as_row_add(float *x, const float *y, size_t n)
{
    kernels()->add(x, y, n);
}

bool as_row_finite(const float *x, size_t n)
{
    return kernels()->finite(x, n);
}

void as_row_unit(float *x, size_t n)
{
    double sum = 0;
    float by;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    if (sum <= 0)
        return;
    by = (float)(1 / sqrt(sum));
    for (size_t i = 0; i < n; i++)
        x[i] *= by;
}
