#include "nn/nn.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

/* A row of numbers that is always the same: xorshift32, in [-1, 1). */
static void fill(float *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        p[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
}

static float *take(size_t n, uint32_t seed)
{
    float *p = as_nn_take(n * sizeof(*p));

    assert_non_null(p);
    if (seed)
        fill(p, n, seed);
    return p;
}

static as_nn *start(unsigned threads, as_precision precision)
{
    as_nn_options o = {.threads = threads, .precision = precision};
    as_nn *nn = NULL;

    assert_int_equal(as_nn_new(&o, &nn, NULL), AS_OK);
    return nn;
}

static void assert_close(const float *a, const float *b, size_t n, double most)
{
    for (size_t i = 0; i < n; i++) {
        double off = fabs((double)a[i] - (double)b[i]);

        if (!(off <= most))
            fail_msg("number %zu: %g and %g", i, (double)a[i], (double)b[i]);
    }
}

static as_tensor tensor(const float *p, uint64_t rows, uint64_t n)
{
    as_tensor t = {.dtype = AS_F32, .data = (const uint8_t *)p};

    t.rank = rows ? 2 : 1;
    t.shape[0] = rows ? rows : n;
    t.shape[1] = rows ? n : 0;
    t.size = (rows ? rows : 1) * n * sizeof(*p);
    return t;
}

static as_linear *layer(as_nn *nn, const float *w, const float *b, size_t in, size_t out,
                        as_activation act)
{
    as_tensor weight = tensor(w, out, in), bias = tensor(b, 0, out);
    as_linear_part part = {&weight, &bias, false};
    as_linear *l = NULL;

    assert_int_equal(as_linear_new(nn, &part, 1, act, AS_F32, &l, NULL), AS_OK);
    return l;
}

static void check_linear(size_t in, size_t out, as_activation act)
{
    as_nn *nn = start(1, AS_PRECISION_F32);
    float *w = take(in * out, 1), *b = take(out, 2), *x = take(70 * in, 3);
    float *y = take(70 * out, 0), *expected = take(70 * out, 0);
    as_linear *l = layer(nn, w, b, in, out, act);

    as_naive_linear(x, w, b, 70, in, out, act, expected);
    for (size_t rows = 1; rows <= 70; rows += 23) {
        assert_int_equal(as_linear_run(nn, 0, l, rows, x, y, NULL), AS_OK);
        assert_close(y, expected, rows * out, 2e-5 * sqrt((double)in));
    }
    as_linear_free(l);
    as_nn_free(nn);
    as_nn_drop(w);
    as_nn_drop(b);
    as_nn_drop(x);
    as_nn_drop(y);
    as_nn_drop(expected);
}

static void a_layer_is_what_the_formula_says(void **state)
{
    (void)state;
    check_linear(32, 48, AS_ACT_NONE);
    check_linear(33, 7, AS_ACT_GELU);
    check_linear(64, 128, AS_ACT_GELU);
    check_linear(64, 128, AS_ACT_GELU_TANH);
    check_linear(384, 1536, AS_ACT_GELU);
    check_linear(1, 1, AS_ACT_NONE);
}

static void a_transposed_weight_is_the_same_layer(void **state)
{
    enum { IN = 40, OUT = 24, ROWS = 5 };
    as_nn *nn = start(1, AS_PRECISION_F32);
    float *w = take(IN * OUT, 1), *turned = take(IN * OUT, 0), *x = take(ROWS * IN, 3);
    float *y = take(ROWS * OUT, 0), *expected = take(ROWS * OUT, 0);
    as_tensor weight = tensor(turned, IN, OUT);
    as_linear_part part = {&weight, NULL, true};
    as_linear *l = NULL;

    (void)state;
    for (size_t i = 0; i < IN; i++) {
        for (size_t o = 0; o < OUT; o++)
            turned[i * OUT + o] = w[o * IN + i];
    }
    assert_int_equal(as_linear_new(nn, &part, 1, AS_ACT_NONE, AS_F32, &l, NULL), AS_OK);
    assert_int_equal(as_linear_run(nn, 0, l, ROWS, x, y, NULL), AS_OK);
    as_naive_linear(x, w, NULL, ROWS, IN, OUT, AS_ACT_NONE, expected);
    assert_close(y, expected, ROWS * OUT, 1e-5);
    as_linear_free(l);
    as_nn_free(nn);
    as_nn_drop(w);
    as_nn_drop(turned);
    as_nn_drop(x);
    as_nn_drop(y);
    as_nn_drop(expected);
}

static void weights_that_are_not_finite_are_refused(void **state)
{
    as_nn *nn = start(1, AS_PRECISION_F32);
    float *w = take(64, 1), *b = take(8, 2);
    as_tensor weight = tensor(w, 8, 8), bias = tensor(b, 0, 8);
    as_linear_part part = {&weight, &bias, false};
    as_linear *l = NULL;
    as_err err = {0};

    (void)state;
    w[63] = NAN;
    assert_int_equal(as_linear_new(nn, &part, 1, AS_ACT_NONE, AS_F32, &l, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "finite"));
    w[63] = 0;
    b[0] = INFINITY;
    assert_int_equal(as_linear_new(nn, &part, 1, AS_ACT_NONE, AS_F32, &l, &err), AS_INVALID);
    b[0] = 0;
    bias.shape[0] = 7;
    assert_int_equal(as_linear_new(nn, &part, 1, AS_ACT_NONE, AS_F32, &l, &err), AS_INVALID);
    as_nn_free(nn);
    as_nn_drop(w);
    as_nn_drop(b);
}

static void a_norm_is_what_the_formula_says(void **state)
{
    static const size_t widths[] = {1, 15, 16, 31, 384, 1000};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(widths); i++) {
        size_t n = widths[i];
        float *x = take(3 * n, 5), *t = take(3 * n, 6), *g = take(n, 7), *b = take(n, 8);
        float *sum = take(3 * n, 0), *y = take(3 * n, 0), *expected = take(3 * n, 0);
        uint16_t *half = as_nn_take(3 * n * sizeof(*half));

        assert_non_null(half);
        for (size_t k = 0; k < 3 * n; k++)
            sum[k] = x[k] + t[k];
        as_naive_norm(sum, g, b, 1e-5, 3, n, expected);
        as_rows_norm(x, t, g, b, 1e-5f, 3, n, y, half);
        assert_close(y, expected, 3 * n, 1e-5);
        for (size_t k = 0; k < 3 * n; k++) {
            uint32_t bits = (uint32_t)half[k] << 16;
            float back;

            memcpy(&back, &bits, sizeof(back));
            assert_true(fabsf(back - y[k]) <= fabsf(y[k]) / 256);
        }
        as_rows_norm(x, t, g, b, 1e-5f, 3, n, x, NULL); /* in place */
        assert_close(x, expected, 3 * n, 1e-5);
        as_nn_drop(x);
        as_nn_drop(t);
        as_nn_drop(g);
        as_nn_drop(b);
        as_nn_drop(sum);
        as_nn_drop(y);
        as_nn_drop(expected);
        as_nn_drop(half);
    }
}

static void a_softmax_counts_just_what_is_there(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 48; n++) {
        size_t stride = as_nn_padded(n);
        float *x = take(2 * stride, 9), *y = take(2 * stride, 0), expected[48];

        for (size_t i = 0; i < 2 * stride; i++)
            x[i] *= 40;
        for (size_t r = 0; r < 2; r++) {
            float *copy = take(2 * stride, 0);

            for (size_t i = 0; i < n; i++)
                expected[i] = x[r * stride + i] * 0.5f;
            as_naive_softmax(expected, n);
            memcpy(copy, x, 2 * stride * sizeof(*x));
            as_rows_softmax(copy, 2, n, stride, 0.5f, AS_F32, y);
            assert_close(y + r * stride, expected, n, 1e-6);
            for (size_t i = n; i < stride; i++)
                assert_true(y[r * stride + i] == 0);
            as_nn_drop(copy);
        }
        as_nn_drop(x);
        as_nn_drop(y);
    }
}

struct counting {
    unsigned char seen[1000];
    size_t bad;
};

static as_code count(void *ctx, unsigned thread, size_t i, as_err *err)
{
    struct counting *c = ctx;

    assert_true(thread < 3);
    c->seen[i]++;
    return c->bad && i == c->bad
               ? as_fail(err, AS_INVALID, AS_NO_OFFSET, "task %zu does not like this", i)
               : AS_OK;
}

static void every_task_is_done_once(void **state)
{
    as_nn *nn = start(3, AS_PRECISION_F32);
    struct counting c = {0};

    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        memset(&c, 0, sizeof(c));
        assert_int_equal(as_nn_run(nn, 1000, count, &c, NULL), AS_OK);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(c.seen[i], 1);
    }
    assert_int_equal(as_nn_run(nn, 0, count, &c, NULL), AS_OK);
    as_nn_free(nn);
}

static void the_first_failure_is_told(void **state)
{
    as_nn *nn = start(2, AS_PRECISION_F32);
    struct counting c = {.bad = 500};
    as_err err = {0};

    (void)state;
    assert_int_equal(as_nn_run(nn, 1000, count, &c, &err), AS_INVALID);
    assert_string_equal(err.msg, "task 500 does not like this");
    as_nn_free(nn);
}

static void bf16_is_near(void **state)
{
    enum { IN = 128, OUT = 96, ROWS = 16 };
    as_nn *nn = start(1, AS_PRECISION_BF16);
    float *w = take(IN * OUT, 1), *b = take(OUT, 2), *x = take(ROWS * IN, 3);
    float *y = take(ROWS * OUT, 0), *expected = take(ROWS * OUT, 0);
    uint16_t *half = as_nn_take(ROWS * IN * sizeof(*half));
    as_linear *l = layer(nn, w, b, IN, OUT, AS_ACT_NONE);

    (void)state;
    assert_non_null(half);
    as_rows_copy(x, IN, ROWS, IN, AS_BF16, half, IN);
    assert_int_equal(as_linear_run(nn, 0, l, ROWS, half, y, NULL), AS_OK);
    as_naive_linear(x, w, b, ROWS, IN, OUT, AS_ACT_NONE, expected);
    assert_close(y, expected, ROWS * OUT, 0.1);
    as_linear_free(l);
    as_nn_free(nn);
    as_nn_drop(w);
    as_nn_drop(b);
    as_nn_drop(x);
    as_nn_drop(y);
    as_nn_drop(expected);
    as_nn_drop(half);
}

static void numbers_of_every_float_type_are_read(void **state)
{
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555};
    static const uint16_t brains[] = {0x3f80, 0xc000, 0x4049};
    as_tensor t = {.dtype = AS_F16, .rank = 1, .shape = {5}, .size = sizeof(halves)};
    float got[5];

    (void)state;
    t.data = (const uint8_t *)halves;
    assert_true(as_tensor_floats(&t, 0, 5, got));
    assert_true(got[0] == 1 && got[1] == -2 && got[2] == 0x1p-24f && isinf(got[3]));
    assert_true(fabsf(got[4] - 1.0f / 3) < 1e-3f);
    assert_false(as_tensor_floats(&t, 1, 5, got));
    t = (as_tensor){.dtype = AS_BF16, .rank = 1, .shape = {3}, .size = sizeof(brains)};
    t.data = (const uint8_t *)brains;
    assert_true(as_tensor_floats(&t, 0, 3, got));
    assert_true(got[0] == 1 && got[1] == -2 && fabsf(got[2] - 3.14159f) < 0.01f);
    t.dtype = AS_I64;
    assert_false(as_tensor_floats(&t, 0, 0, got));
}

static void every_failed_allocation_is_told(void **state)
{
    float *w = take(64, 1), *b = take(8, 2);

    (void)state;
    for (uint64_t at = 1; at < 40; at++) {
        as_nn_options o = {.threads = 2};
        as_tensor weight = tensor(w, 8, 8), bias = tensor(b, 0, 8);
        as_linear_part part = {&weight, &bias, false};
        as_linear *l = NULL;
        as_nn *nn = NULL;
        as_code rc;

        as_mem_fail_at(at);
        rc = as_nn_new(&o, &nn, NULL);
        if (!rc)
            rc = as_linear_new(nn, &part, 1, AS_ACT_NONE, AS_F32, &l, NULL);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        as_linear_free(l);
        as_nn_free(nn);
    }
    as_nn_drop(w);
    as_nn_drop(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_is_what_the_formula_says),
        cmocka_unit_test(a_transposed_weight_is_the_same_layer),
        cmocka_unit_test(weights_that_are_not_finite_are_refused),
        cmocka_unit_test(a_norm_is_what_the_formula_says),
        cmocka_unit_test(a_softmax_counts_just_what_is_there),
        cmocka_unit_test(every_task_is_done_once),
        cmocka_unit_test(the_first_failure_is_told),
        cmocka_unit_test(bf16_is_near),
        cmocka_unit_test(numbers_of_every_float_type_are_read),
        cmocka_unit_test(every_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
