/* Small encoders of random weights, against the formulas in plain loops. */
#include "base/buf.h"
#include "encode/bert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define MOST 512u

typedef struct table {
    char name[96];
    size_t rows, n;
    float *p;
} table;

/* An encoder as a safetensors file, and its tables for the plain loops. */
typedef struct toy {
    as_model_config c;
    table tables[80];
    size_t n;
    as_buf file;
    as_weights *weights;
} toy;

static uint32_t seed;

static float next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (float)(seed >> 8) / 8388608.0f - 1.0f;
}

AS_PRINTF(4, 5) static void add(toy *t, size_t rows, size_t n, const char *fmt, ...)
{
    table *k = &t->tables[t->n++];
    va_list args;
    size_t all = (rows ? rows : 1) * n;
    bool gain = false;

    va_start(args, fmt);
    (void)vsnprintf(k->name, sizeof(k->name), fmt, args);
    va_end(args);
    gain = strstr(k->name, "LayerNorm.weight") != NULL;
    k->rows = rows;
    k->n = n;
    k->p = as_mem_get(all * sizeof(float));
    assert_non_null(k->p);
    for (size_t i = 0; i < all; i++)
        k->p[i] = gain ? 1 + 0.1f * next() : next() * (rows ? 1.5f / sqrtf((float)n) : 0.1f);
}

static const float *table_of(const toy *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->tables[i].name, name) == 0)
            return t->tables[i].p;
    }
    fail_msg("no table %s", name);
    return NULL;
}

static void add_layer(toy *t, unsigned i)
{
    static const char *const square[] = {"attention.self.query", "attention.self.key",
                                         "attention.self.value", "attention.output.dense"};
    size_t h = t->c.hidden, f = t->c.ffn;

    for (size_t k = 0; k < AS_COUNT(square); k++) {
        add(t, h, h, "encoder.layer.%u.%s.weight", i, square[k]);
        add(t, 0, h, "encoder.layer.%u.%s.bias", i, square[k]);
    }
    add(t, 0, h, "encoder.layer.%u.attention.output.LayerNorm.weight", i);
    add(t, 0, h, "encoder.layer.%u.attention.output.LayerNorm.bias", i);
    add(t, f, h, "encoder.layer.%u.intermediate.dense.weight", i);
    add(t, 0, f, "encoder.layer.%u.intermediate.dense.bias", i);
    add(t, h, f, "encoder.layer.%u.output.dense.weight", i);
    add(t, 0, h, "encoder.layer.%u.output.dense.bias", i);
    add(t, 0, h, "encoder.layer.%u.output.LayerNorm.weight", i);
    add(t, 0, h, "encoder.layer.%u.output.LayerNorm.bias", i);
}

static void write_file(toy *t)
{
    as_buf head = {0};
    uint64_t at = 0;
    uint8_t size[8];

    as_buf_text(&head, "{");
    for (size_t i = 0; i < t->n; i++) {
        const table *k = &t->tables[i];
        uint64_t end = at + (k->rows ? k->rows : 1) * k->n * sizeof(float);

        as_buf_printf(&head, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", i > 0 ? "," : "", k->name);
        if (k->rows)
            as_buf_printf(&head, "%zu,", k->rows);
        as_buf_printf(&head, "%zu],\"data_offsets\":[%llu,%llu]}", k->n, (unsigned long long)at,
                      (unsigned long long)end);
        at = end;
    }
    as_buf_text(&head, "}");
    for (unsigned i = 0; i < 8; i++)
        size[i] = (uint8_t)((uint64_t)head.n >> (8 * i));
    as_buf_add(&t->file, (as_bytes){size, 8});
    as_buf_add(&t->file, as_buf_bytes(&head));
    for (size_t i = 0; i < t->n; i++) {
        const table *k = &t->tables[i];

        as_buf_add(&t->file, (as_bytes){(const uint8_t *)k->p,
                                        (k->rows ? k->rows : 1) * k->n * sizeof(float)});
    }
    assert_false(head.failed || t->file.failed);
    as_buf_done(&head);
}

static void toy_make(toy *t, as_model_family family, unsigned hidden, unsigned heads, unsigned ffn)
{
    *t = (toy){.c = {.family = family,
                     .hidden = hidden,
                     .layers = 2,
                     .heads = heads,
                     .ffn = ffn,
                     .positions = MOST + (family == AS_MODEL_XLMR ? 2 : 0),
                     .types = family == AS_MODEL_XLMR ? 1 : 2,
                     .vocab = 50,
                     .pad = family == AS_MODEL_XLMR ? 1 : 0,
                     .eps = family == AS_MODEL_XLMR ? 1e-5 : 1e-12}};
    seed = 2463534242u;
    add(t, t->c.vocab, hidden, "embeddings.word_embeddings.weight");
    add(t, t->c.positions, hidden, "embeddings.position_embeddings.weight");
    add(t, t->c.types, hidden, "embeddings.token_type_embeddings.weight");
    add(t, 0, hidden, "embeddings.LayerNorm.weight");
    add(t, 0, hidden, "embeddings.LayerNorm.bias");
    for (unsigned i = 0; i < t->c.layers; i++)
        add_layer(t, i);
    write_file(t);
    assert_int_equal(as_weights_open_bytes(as_buf_bytes(&t->file), &t->weights, NULL), AS_OK);
}

static void toy_done(toy *t)
{
    as_weights_close(t->weights);
    as_buf_done(&t->file);
    for (size_t i = 0; i < t->n; i++)
        as_mem_free(t->tables[i].p);
}

/* --- the plain loops ------------------------------------------------------------------------ */

static const float *of_layer(const toy *t, unsigned layer, const char *what)
{
    char name[128];

    (void)snprintf(name, sizeof(name), "encoder.layer.%u.%s", layer, what);
    return table_of(t, name);
}

static void linear(const toy *t, unsigned layer, const char *what, const float *x, size_t rows,
                   size_t in, size_t out, as_activation act, float *y)
{
    char weight[96], bias[96];

    (void)snprintf(weight, sizeof(weight), "%s.weight", what);
    (void)snprintf(bias, sizeof(bias), "%s.bias", what);
    as_naive_linear(x, of_layer(t, layer, weight), of_layer(t, layer, bias), rows, in, out, act, y);
}

static void add_norm(const toy *t, unsigned layer, const char *what, float *x, const float *y,
                     size_t rows)
{
    char weight[96], bias[96];

    (void)snprintf(weight, sizeof(weight), "%s.LayerNorm.weight", what);
    (void)snprintf(bias, sizeof(bias), "%s.LayerNorm.bias", what);
    for (size_t i = 0; i < rows * t->c.hidden; i++)
        x[i] += y[i];
    as_naive_norm(x, of_layer(t, layer, weight), of_layer(t, layer, bias), t->c.eps, rows,
                  t->c.hidden, x);
}

static void plain_layer(const toy *t, unsigned i, float *x, size_t n)
{
    size_t h = t->c.hidden, f = t->c.ffn;
    float *q = as_nn_take(4 * n * h * sizeof(float)), *k = q + n * h, *v = k + n * h,
          *y = v + n * h, *wide = as_nn_take(n * f * sizeof(float));
    as_activation gelu = t->c.gelu_tanh ? AS_ACT_GELU_TANH : AS_ACT_GELU;

    assert_true(q && wide);
    linear(t, i, "attention.self.query", x, n, h, h, AS_ACT_NONE, q);
    linear(t, i, "attention.self.key", x, n, h, h, AS_ACT_NONE, k);
    linear(t, i, "attention.self.value", x, n, h, h, AS_ACT_NONE, v);
    as_naive_attention(q, k, v, n, t->c.heads, h / t->c.heads, y);
    linear(t, i, "attention.output.dense", y, n, h, h, AS_ACT_NONE, q);
    add_norm(t, i, "attention.output", x, q, n);
    linear(t, i, "intermediate.dense", x, n, h, f, gelu, wide);
    linear(t, i, "output.dense", wide, n, f, h, AS_ACT_NONE, q);
    add_norm(t, i, "output", x, q, n);
    as_nn_drop(q);
    as_nn_drop(wide);
}

static void plain(const toy *t, const uint32_t *ids, size_t n, size_t second, float *x)
{
    size_t h = t->c.hidden, first = t->c.family == AS_MODEL_XLMR ? (size_t)t->c.pad + 1 : 0;
    const float *words = table_of(t, "embeddings.word_embeddings.weight"),
                *places = table_of(t, "embeddings.position_embeddings.weight"),
                *types = table_of(t, "embeddings.token_type_embeddings.weight");

    for (size_t i = 0; i < n; i++) {
        size_t type = second && i >= second && t->c.types > 1;

        for (size_t k = 0; k < h; k++)
            x[i * h + k] =
                words[ids[i] * h + k] + places[(first + i) * h + k] + types[type * h + k];
    }
    as_naive_norm(x, table_of(t, "embeddings.LayerNorm.weight"),
                  table_of(t, "embeddings.LayerNorm.bias"), t->c.eps, n, h, x);
    for (unsigned i = 0; i < t->c.layers; i++)
        plain_layer(t, i, x, n);
}

/* --- tests ---------------------------------------------------------------------------------- */

static uint32_t ids[MOST];

static void make_ids(void)
{
    for (size_t i = 0; i < MOST; i++)
        ids[i] = (uint32_t)(i * 7 + i / 5) % 50;
}

static as_nn *start(unsigned threads, as_precision precision)
{
    as_nn_options o = {.threads = threads, .precision = precision};
    as_nn *nn = NULL;

    assert_int_equal(as_nn_new(&o, &nn, NULL), AS_OK);
    return nn;
}

static float *rows_for(const toy *t, size_t n)
{
    float *p = as_nn_take(as_nn_padded(n) * t->c.hidden * sizeof(*p));

    assert_non_null(p);
    return p;
}

static void check(const toy *t, as_bert *b, size_t n, size_t second, double most)
{
    float *got = rows_for(t, n), *expected = rows_for(t, n);
    as_bert_text text = {.ids = ids, .n = n, .second = second, .hidden = got};

    assert_int_equal(as_bert_run(b, &text, 1, NULL), AS_OK);
    plain(t, ids, n, second, expected);
    for (size_t i = 0; i < n * t->c.hidden; i++) {
        double off = fabs((double)got[i] - (double)expected[i]);

        if (!(off <= most))
            fail_msg("%zu tokens, number %zu: %g, expected %g", n, i, (double)got[i],
                     (double)expected[i]);
    }
    as_nn_drop(got);
    as_nn_drop(expected);
}

static void check_family(as_model_family family, unsigned threads, bool tanh_form,
                         as_precision precision)
{
    double most = precision == AS_PRECISION_F32 ? 1e-4 : 1e-3;
    as_nn *nn = start(threads, precision);
    as_bert *b = NULL;
    toy t;

    make_ids();
    toy_make(&t, family, 24, 3, 40);
    t.c.gelu_tanh = tanh_form;
    assert_int_equal(as_bert_new(t.weights, &t.c, nn, &b, NULL), AS_OK);
    for (size_t n = 1; n <= 70; n++)
        check(&t, b, n, 0, most);
    for (size_t n = 71; n <= MOST; n += 63)
        check(&t, b, n, n / 2, most);
    check(&t, b, MOST, 0, most);
    as_bert_free(b);
    as_nn_free(nn);
    toy_done(&t);
}

static void a_bert_is_what_the_formulas_say(void **state)
{
    (void)state;
    check_family(AS_MODEL_BERT, 1, false, AS_PRECISION_F32);
    check_family(AS_MODEL_BERT, 3, true, AS_PRECISION_F32);
}

static void an_xlmr_counts_positions_from_behind_the_pad(void **state)
{
    (void)state;
    check_family(AS_MODEL_XLMR, 2, false, AS_PRECISION_F32);
}

static void three_products_of_bf16_are_as_good_as_f32(void **state)
{
    (void)state;
    check_family(AS_MODEL_BERT, 2, false, AS_PRECISION_BF16X3);
}

static void check_neighbours(as_precision precision, unsigned threads)
{
    static const size_t lengths[] = {1, 300, 17, 64, 5, 512, 16, 33, 512, 128, 2};
    as_nn *nn = start(threads, precision);
    as_bert_text together[AS_COUNT(lengths)];
    as_bert *b = NULL;
    toy t;

    make_ids();
    toy_make(&t, AS_MODEL_BERT, 64, 4, 128);
    assert_int_equal(as_bert_new(t.weights, &t.c, nn, &b, NULL), AS_OK);
    for (size_t i = 0; i < AS_COUNT(lengths); i++)
        together[i] =
            (as_bert_text){.ids = ids, .n = lengths[i], .hidden = rows_for(&t, lengths[i])};
    assert_int_equal(as_bert_run(b, together, AS_COUNT(lengths), NULL), AS_OK);
    for (size_t i = 0; i < AS_COUNT(lengths); i++) {
        as_bert_text alone = together[i];

        alone.hidden = rows_for(&t, alone.n);
        assert_int_equal(as_bert_run(b, &alone, 1, NULL), AS_OK);
        assert_memory_equal(alone.hidden, together[i].hidden, alone.n * t.c.hidden * sizeof(float));
        as_nn_drop(alone.hidden);
    }
    for (size_t i = 0; i < AS_COUNT(lengths); i++)
        as_nn_drop(together[i].hidden);
    as_bert_free(b);
    as_nn_free(nn);
    toy_done(&t);
}

static void neighbours_change_no_bit(void **state)
{
    (void)state;
    check_neighbours(AS_PRECISION_F32, 1);
    check_neighbours(AS_PRECISION_F32, 2);
    check_neighbours(AS_PRECISION_BF16, 1);
    check_neighbours(AS_PRECISION_BF16, 2);
    check_neighbours(AS_PRECISION_BF16X3, 1);
    check_neighbours(AS_PRECISION_BF16X3, 2);
}

static void bf16_points_the_same_way(void **state)
{
    as_nn *nn = start(1, AS_PRECISION_BF16);
    as_bert *b = NULL;
    toy t;

    (void)state;
    make_ids();
    toy_make(&t, AS_MODEL_BERT, 64, 4, 128);
    assert_int_equal(as_bert_new(t.weights, &t.c, nn, &b, NULL), AS_OK);
    for (size_t n = 3; n <= MOST; n += 101) {
        float *got = rows_for(&t, n), *expected = rows_for(&t, n);
        as_bert_text text = {.ids = ids, .n = n, .hidden = got};
        double dot = 0, a = 0, e = 0;

        assert_int_equal(as_bert_run(b, &text, 1, NULL), AS_OK);
        plain(&t, ids, n, 0, expected);
        for (size_t i = 0; i < n * t.c.hidden; i++) {
            dot += (double)got[i] * (double)expected[i];
            a += (double)got[i] * (double)got[i];
            e += (double)expected[i] * (double)expected[i];
        }
        assert_true(dot / sqrt(a * e) >= 0.999);
        as_nn_drop(got);
        as_nn_drop(expected);
    }
    as_bert_free(b);
    as_nn_free(nn);
    toy_done(&t);
}

static void what_does_not_fit_is_refused(void **state)
{
    as_nn *nn = start(1, AS_PRECISION_F32);
    float rows[AS_NN_PAD * 24];
    uint32_t far[] = {1, 50, 2};
    as_bert_text text = {.ids = far, .n = 3, .hidden = rows};
    as_model_config wrong;
    as_bert *b = NULL;
    as_err err = {0};
    toy t;

    (void)state;
    toy_make(&t, AS_MODEL_BERT, 24, 3, 40);
    wrong = t.c;
    wrong.ffn = 41;
    assert_int_equal(as_bert_new(t.weights, &wrong, nn, &b, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "intermediate.dense"));
    wrong = t.c;
    wrong.layers = 3;
    assert_int_equal(as_bert_new(t.weights, &wrong, nn, &b, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "encoder.layer.2."));
    wrong = t.c;
    wrong.vocab = 51;
    assert_int_equal(as_bert_new(t.weights, &wrong, nn, &b, &err), AS_INVALID);
    assert_int_equal(as_bert_new(t.weights, &t.c, nn, &b, &err), AS_OK);
    assert_int_equal(as_bert_run(b, &text, 1, &err), AS_INVALID);
    assert_non_null(strstr(err.msg, "token 50"));
    text.n = MOST + 1;
    assert_int_equal(as_bert_run(b, &text, 1, &err), AS_LIMIT);
    text.n = 0;
    assert_int_equal(as_bert_run(b, &text, 1, &err), AS_LIMIT);
    assert_int_equal(as_bert_run(b, &text, 0, &err), AS_OK);
    as_bert_free(b);
    as_nn_free(nn);
    toy_done(&t);
}

static void every_failed_allocation_is_told(void **state)
{
    toy t;

    (void)state;
    make_ids();
    toy_make(&t, AS_MODEL_BERT, 24, 3, 40);
    for (uint64_t at = 1; at < 400; at += at < 60 ? 1 : 7) {
        as_nn_options o = {.threads = 1};
        as_nn *nn = NULL;
        as_bert *b = NULL;
        float *rows = rows_for(&t, 20);
        as_bert_text text = {.ids = ids, .n = 20, .hidden = rows};
        as_code rc;

        as_mem_fail_at(at);
        rc = as_nn_new(&o, &nn, NULL);
        if (!rc)
            rc = as_bert_new(t.weights, &t.c, nn, &b, NULL);
        if (!rc)
            rc = as_bert_run(b, &text, 1, NULL);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        as_bert_free(b);
        as_nn_free(nn);
        as_nn_drop(rows);
    }
    toy_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bert_is_what_the_formulas_say),
        cmocka_unit_test(an_xlmr_counts_positions_from_behind_the_pad),
        cmocka_unit_test(three_products_of_bf16_are_as_good_as_f32),
        cmocka_unit_test(neighbours_change_no_bit),
        cmocka_unit_test(bf16_points_the_same_way),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(every_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
