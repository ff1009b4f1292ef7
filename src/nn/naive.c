/* What the fast kernels must agree with: the formulas as they stand in the papers. */
#include "nn/nn.h"

#include <math.h>

#include "base/banned.h"

static double activate(double x, as_activation act)
{
    if (act == AS_ACT_GELU)
        return 0.5 * x * (1 + erf(x / sqrt(2)));
    if (act == AS_ACT_GELU_TANH)
        return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    return x;
}

void as_naive_linear(const float *x, const float *w, const float *bias, size_t rows, size_t in,
                     size_t out, as_activation act, float *y)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t o = 0; o < out; o++) {
            double sum = bias ? (double)bias[o] : 0;

            for (size_t i = 0; i < in; i++)
                sum += (double)x[r * in + i] * (double)w[o * in + i];
            y[r * out + o] = (float)activate(sum, act);
        }
    }
}

void as_naive_norm(const float *x, const float *gamma, const float *beta, double eps, size_t rows,
                   size_t n, float *y)
{
    for (size_t r = 0; r < rows; r++) {
        double mean = 0, spread = 0;

        for (size_t i = 0; i < n; i++)
            mean += (double)x[r * n + i] / (double)n;
        for (size_t i = 0; i < n; i++)
            spread += ((double)x[r * n + i] - mean) * ((double)x[r * n + i] - mean) / (double)n;
        for (size_t i = 0; i < n; i++)
            y[r * n + i] =
                (float)(((double)x[r * n + i] - mean) / sqrt(spread + eps) * (double)gamma[i] +
                        (double)beta[i]);
    }
}

void as_naive_softmax(float *x, size_t n)
{
    double top = (double)x[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        top = fmax(top, (double)x[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - top);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(exp((double)x[i] - top) / sum);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* One head of one token: two passes, so that nothing needs memory. */
static void attend(const float *q, const float *k, const float *v, size_t tokens, size_t hidden,
                   size_t dim, float *y)
{
    double top = -INFINITY, sum = 0, by = 1 / sqrt((double)dim);

    for (size_t t = 0; t < tokens; t++)
        top = fmax(top, dot(q, k + t * hidden, dim) * by);
    for (size_t t = 0; t < tokens; t++)
        sum += exp(dot(q, k + t * hidden, dim) * by - top);
    for (size_t d = 0; d < dim; d++) {
        double out = 0;

        for (size_t t = 0; t < tokens; t++)
            out += exp(dot(q, k + t * hidden, dim) * by - top) / sum * (double)v[t * hidden + d];
        y[d] = (float)out;
    }
}

void as_naive_attention(const float *q, const float *k, const float *v, size_t tokens, size_t heads,
                        size_t dim, float *y)
{
    size_t hidden = heads * dim;

    for (size_t t = 0; t < tokens; t++) {
        for (size_t h = 0; h < heads; h++)
            attend(q + t * hidden + h * dim, k + h * dim, v + h * dim, tokens, hidden, dim,
                   y + t * hidden + h * dim);
    }
}
