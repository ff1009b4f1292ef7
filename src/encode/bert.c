#include "encode/bert_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define NAME_MAX 160u

typedef struct loading {
    const as_weights *w;
    as_bert *b;
    as_err *err;
} loading;

AS_PRINTF(2, 3) static const as_weight *named(const as_weights *w, const char *fmt, ...)
{
    char name[NAME_MAX];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(name, sizeof(name), fmt, args); /* NOLINT(clang-analyzer-valist.*) */
    va_end(args);
    return n > 0 ? as_weights_find(w, as_bytes_of(name)) : NULL;
}

static as_code missing(loading *l, const char *name)
{
    return as_fail(l->err, AS_INVALID, AS_NO_OFFSET, "the model has no tensor '%s'", name);
}

static bool is_float(const as_tensor *t)
{
    return t->dtype == AS_F32 || t->dtype == AS_F16 || t->dtype == AS_BF16;
}

/* rows 0: one dimension. */
static as_code expect(loading *l, const as_weight *w, const char *name, uint64_t rows, uint64_t n)
{
    const as_tensor *t;

    if (!w)
        return missing(l, name);
    t = &w->tensor;
    if (!is_float(t))
        return as_fail(l->err, AS_INVALID, AS_NO_OFFSET, "tensor '%s' is of type %s", name,
                       as_dtype_name(t->dtype));
    if (rows ? t->rank != 2 || t->shape[w->transposed] != rows || t->shape[!w->transposed] != n
             : t->rank != 1 || t->shape[0] != n)
        return as_fail(l->err, AS_INVALID, AS_NO_OFFSET,
                       "tensor '%s' has %u dimensions (%llu x %llu), and config.json asks for "
                       "%llu x %llu",
                       name, t->rank, (unsigned long long)(t->rank > 0 ? t->shape[0] : 0),
                       (unsigned long long)(t->rank > 1 ? t->shape[1] : 1),
                       (unsigned long long)(rows ? rows : n), (unsigned long long)(rows ? n : 1));
    return AS_OK;
}

/* LayerNorm's two rows: gamma and beta. */
static as_code load_norm(loading *l, const char *where, float *ret[2])
{
    static const char *const names[] = {"weight", "bias"};
    size_t n = l->b->c.hidden;

    for (unsigned i = 0; i < 2; i++) {
        char name[NAME_MAX];
        const as_weight *w;
        as_code rc;

        (void)snprintf(name, sizeof(name), "%s.LayerNorm.%s", where, names[i]);
        w = named(l->w, "%s", name);
        rc = expect(l, w, name, 0, n);
        if (rc)
            return rc;
        ret[i] = as_nn_take(n * sizeof(float));
        if (!ret[i])
            return as_fail_nomem(l->err, "the encoder");
        if (!as_tensor_floats(&w->tensor, 0, n, ret[i]) || !as_row_finite(ret[i], n))
            return as_fail(l->err, AS_INVALID, AS_NO_OFFSET, "tensor '%s' is not all finite", name);
    }
    return AS_OK;
}

typedef struct layer_row {
    const char *const *names;
    unsigned n;
    unsigned in, out; /* of one part */
    as_activation act;
    as_dtype type;
} layer_row;

static as_code load_linear(loading *l, unsigned layer, const layer_row *row, as_linear **ret)
{
    as_linear_part parts[3] = {0};
    char name[NAME_MAX];
    as_err why = {0};
    as_code rc;

    for (unsigned i = 0; i < row->n; i++) {
        const as_weight *w, *b;

        (void)snprintf(name, sizeof(name), "encoder.layer.%u.%s.bias", layer, row->names[i]);
        b = named(l->w, "%s", name);
        rc = expect(l, b, name, 0, row->out);
        if (rc)
            return rc;
        (void)snprintf(name, sizeof(name), "encoder.layer.%u.%s.weight", layer, row->names[i]);
        w = named(l->w, "%s", name);
        rc = expect(l, w, name, row->out, row->in);
        if (rc)
            return rc;
        parts[i] = (as_linear_part){&w->tensor, &b->tensor, w->transposed};
    }
    rc = as_linear_new(l->b->nn, parts, row->n, row->act, row->type, ret, &why);
    return rc ? as_fail(l->err, rc, AS_NO_OFFSET, "'%s': %s", name, why.msg) : AS_OK;
}

static as_code load_layer(loading *l, unsigned i)
{
    static const char *const qkv[] = {"attention.self.query", "attention.self.key",
                                      "attention.self.value"};
    static const char *const out[] = {"attention.output.dense"};
    static const char *const wide[] = {"intermediate.dense"};
    static const char *const narrow[] = {"output.dense"};
    const as_model_config *c = &l->b->c;
    as_bert_layer *layer = &l->b->layers[i];
    as_dtype type = as_nn_parts(l->b->nn) > 1 ? AS_F32 : as_nn_dtype(l->b->nn);
    as_activation gelu = c->gelu_tanh ? AS_ACT_GELU_TANH : AS_ACT_GELU;
    const layer_row rows[] = {{qkv, 3, c->hidden, c->hidden, AS_ACT_NONE, AS_F32},
                              {out, 1, c->hidden, c->hidden, AS_ACT_NONE, AS_F32},
                              {wide, 1, c->hidden, c->ffn, gelu, type},
                              {narrow, 1, c->ffn, c->hidden, AS_ACT_NONE, AS_F32}};
    as_linear **slots[] = {&layer->qkv, &layer->out, &layer->wide, &layer->narrow};
    char where[NAME_MAX];
    as_code rc = AS_OK;

    for (unsigned k = 0; !rc && k < AS_COUNT(rows); k++)
        rc = load_linear(l, i, &rows[k], slots[k]);
    (void)snprintf(where, sizeof(where), "encoder.layer.%u.attention.output", i);
    if (!rc)
        rc = load_norm(l, where, layer->norm1);
    (void)snprintf(where, sizeof(where), "encoder.layer.%u.output", i);
    return rc ? rc : load_norm(l, where, layer->norm2);
}

static as_code load_table(loading *l, const char *name, uint64_t rows, as_tensor *ret)
{
    const as_weight *w = named(l->w, "%s", name);
    as_code rc = expect(l, w, name, rows, l->b->c.hidden);

    if (!rc && w->transposed)
        rc = as_fail(l->err, AS_INVALID, AS_NO_OFFSET, "tensor '%s' lies the wrong way", name);
    if (!rc)
        *ret = w->tensor;
    return rc;
}

static as_code load(loading *l)
{
    const as_model_config *c = &l->b->c;
    as_code rc = load_table(l, "embeddings.word_embeddings.weight", c->vocab, &l->b->words);

    if (!rc)
        rc = load_table(l, "embeddings.position_embeddings.weight", c->positions, &l->b->places);
    if (!rc && c->types > 0)
        rc = load_table(l, "embeddings.token_type_embeddings.weight", c->types, &l->b->types);
    if (!rc)
        rc = load_norm(l, "embeddings", l->b->norm);
    l->b->layers = rc ? NULL : as_mem_zero(c->layers, sizeof(*l->b->layers));
    if (!rc && !l->b->layers)
        rc = as_fail_nomem(l->err, "the encoder");
    for (unsigned i = 0; !rc && i < c->layers; i++)
        rc = load_layer(l, i);
    return rc;
}

as_code as_bert_new(const as_weights *weights, const as_model_config *config, as_nn *nn,
                    as_bert **ret, as_err *err)
{
    as_bert *b = as_mem_zero(1, sizeof(*b));
    loading l = {.w = weights, .b = b, .err = err};
    as_code rc;

    if (!b)
        return as_fail_nomem(err, "the encoder");
    b->c = *config;
    b->nn = nn;
    rc = load(&l);
    if (rc)
        as_bert_free(b);
    else
        *ret = b;
    return rc;
}

static void norm_drop(float *norm[2])
{
    as_nn_drop(norm[0]);
    as_nn_drop(norm[1]);
}

void as_bert_free(as_bert *b)
{
    if (!b)
        return;
    for (unsigned i = 0; b->layers && i < b->c.layers; i++) {
        as_bert_layer *l = &b->layers[i];

        as_linear_free(l->qkv);
        as_linear_free(l->out);
        as_linear_free(l->wide);
        as_linear_free(l->narrow);
        norm_drop(l->norm1);
        norm_drop(l->norm2);
    }
    as_mem_free(b->layers);
    as_bert_wave_free(b->wave);
    norm_drop(b->norm);
    as_mem_free(b);
}
