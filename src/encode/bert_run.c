/* One pass of texts through the layers: buffers, blocks, and the threads' step. */
#include "encode/bert_priv.h"

#include <string.h>

#include "base/banned.h"

#define BLOCK_MAX    128u                /* rows that one thread takes at a time */
#define SCORES_BYTES ((size_t)384 << 10) /* of the heads that are attended to at once */
#define WAVE_ROWS    512u                /* of texts in flight, for each thread */

typedef struct text {
    const as_bert_text *in;
    size_t padded, from; /* rows, and where they begin in the wave's buffers */
    size_t block;
} text;

typedef struct block {
    const text *t;
    size_t from, n; /* rows of the text */
} block;

/* What one thread computes in. */
typedef struct bench {
    float *wide, *scores, *heads, *sum;
    void *half, *weights, *inner;
} bench;

/*
 * q lies by block (head, row, part, number), k by text (head, row, part, number), v by text
 * (head, part, row, number): parts are three where floats are split, else one.
 */
struct as_bert_wave {
    as_bert *b;
    size_t room, longest; /* rows, and those of a text, that the buffers are for */
    text *texts;
    block *blocks;
    size_t n_texts, n_blocks, rows;
    void *q[2], *k[2], *v[2];
    bench *benches;
    unsigned layer; /* in hand; q, k and v of it are at [layer % 2] */
};

typedef struct as_bert_wave wave;

static size_t size_of(const wave *w)
{
    return as_dtype_size(as_nn_dtype(w->b->nn));
}

/* Rows of a text's blocks: its own length and the threads say, nothing else. */
static size_t block_rows(const as_bert *b, size_t padded)
{
    size_t rows = as_nn_padded((padded + as_nn_threads(b->nn) - 1) / as_nn_threads(b->nn));

    return rows > BLOCK_MAX ? BLOCK_MAX : rows;
}

/* Heads whose scores fit in the cache together; all groups are of one size. */
static size_t heads_at_once(const as_bert *b, size_t rows, size_t padded)
{
    size_t most = SCORES_BYTES / (rows * padded * sizeof(float)), heads = b->c.heads;

    for (size_t g = heads; g > 1; g--) {
        if (g <= most && heads % g == 0)
            return g;
    }
    return 1;
}

/* --- a block -------------------------------------------------------------------------------- */

static uint8_t *at(void *p, const wave *w, size_t numbers)
{
    return (uint8_t *)p + numbers * size_of(w);
}

static size_t parts_of(const wave *w)
{
    return as_nn_parts(w->b->nn);
}

/* Queries, keys and values of the next layer, from the block's rows. */
static as_code project(wave *w, const block *b, unsigned thread, unsigned layer, const void *rows,
                       as_err *err)
{
    const as_model_config *c = &w->b->c;
    bench *own = &w->benches[thread];
    size_t hidden = c->hidden, dim = hidden / c->heads, p = parts_of(w);
    size_t text_at = b->t->from * hidden * p, padded = b->t->padded;
    unsigned side = layer % 2;
    as_code rc =
        as_linear_run(w->b->nn, thread, w->b->layers[layer].qkv, b->n, rows, own->wide, err);

    for (size_t h = 0; !rc && h < c->heads; h++) {
        const float *x = own->wide + h * dim;

        as_rows_factor(w->b->nn, x, 3 * hidden, b->n, dim, false,
                       at(w->q[side], w, text_at + (b->from * hidden + h * b->n * dim) * p),
                       dim * p, dim);
        as_rows_factor(w->b->nn, x + hidden, 3 * hidden, b->n, dim, true,
                       at(w->k[side], w, text_at + (h * padded + b->from) * dim * p), dim * p, dim);
        as_rows_factor(w->b->nn, x + 2 * hidden, 3 * hidden, b->n, dim, true,
                       at(w->v[side], w, text_at + h * padded * dim * p + b->from * dim), dim,
                       padded * dim);
    }
    return rc;
}

/* Scores to weights, as factors of the sums to come. */
static void weigh(wave *w, const block *b, bench *own, size_t rows, size_t dim)
{
    size_t padded = b->t->padded, p = parts_of(w);
    float by = 1.0f / __builtin_sqrtf((float)dim);
    as_dtype type = p > 1 ? AS_F32 : as_nn_dtype(w->b->nn);

    as_rows_softmax(own->scores, rows, b->t->in->n, padded, by, type,
                    p > 1 ? (void *)own->scores : own->weights);
    if (p > 1)
        as_rows_factor(w->b->nn, own->scores, padded, rows, padded, false, own->weights, padded * p,
                       padded);
}

/* Some heads of the block's rows attend to the whole text. */
static as_code attend(wave *w, const block *b, unsigned thread, size_t head, size_t heads,
                      as_err *err)
{
    const as_model_config *c = &w->b->c;
    bench *own = &w->benches[thread];
    size_t hidden = c->hidden, dim = hidden / c->heads, p = parts_of(w);
    size_t text_at = b->t->from * hidden * p, padded = b->t->padded;
    size_t kv = text_at + head * padded * dim * p;
    unsigned side = w->layer % 2;
    as_product scores = {
        .batch = heads, .m = b->n, .n = padded, .k = dim * p, .b_transposed = true};
    as_product sums = {.batch = heads, .m = b->n, .n = dim, .k = padded * p};
    as_code rc =
        as_product_run(w->b->nn, thread, &scores,
                       at(w->q[side], w, text_at + (b->from * hidden + head * b->n * dim) * p),
                       at(w->k[side], w, kv), own->scores, err);

    if (rc)
        return rc;
    weigh(w, b, own, heads * b->n, dim);
    rc = as_product_run(w->b->nn, thread, &sums, own->weights, at(w->v[side], w, kv), own->heads,
                        err);
    for (size_t h = 0; !rc && h < heads; h++)
        as_rows_factor(w->b->nn, own->heads + h * b->n * dim, dim, b->n, dim, false,
                       at(own->half, w, (head + h) * dim), hidden * p, hidden);
    return rc;
}

/* The rows again as what the products take: in bf16 the norm has written them. */
static const void *rows_of(const wave *w, unsigned thread, const float *x, size_t rows)
{
    bench *own = &w->benches[thread];
    size_t n = w->b->c.hidden, p = parts_of(w);

    if (as_nn_dtype(w->b->nn) == AS_F32)
        return x;
    if (p > 1)
        as_rows_factor(w->b->nn, x, n, rows, n, false, own->half, n * p, n);
    return own->half;
}

/* Both products of the feed-forward part, from own->sum's rows back into it. */
static as_code feed_forward(wave *w, const block *b, unsigned thread, const void *rows, as_err *err)
{
    const as_bert_layer *l = &w->b->layers[w->layer];
    bench *own = &w->benches[thread];
    size_t n = w->b->c.ffn, p = parts_of(w);
    as_code rc = as_linear_run(w->b->nn, thread, l->wide, b->n, rows,
                               p > 1 ? (void *)own->wide : own->inner, err);

    if (rc)
        return rc;
    if (p > 1)
        as_rows_factor(w->b->nn, own->wide, n, b->n, n, false, own->inner, n * p, n);
    return as_linear_run(w->b->nn, thread, l->narrow, b->n, own->inner, own->sum, err);
}

static as_code layer_step(void *ctx, unsigned thread, size_t i, as_err *err)
{
    wave *w = ctx;
    const block *b = &w->blocks[i];
    const as_model_config *c = &w->b->c;
    const as_bert_layer *l = &w->b->layers[w->layer];
    bench *own = &w->benches[thread];
    uint16_t *half = as_nn_precision(w->b->nn) == AS_PRECISION_BF16 ? own->half : NULL;
    float *x = b->t->in->hidden + b->from * c->hidden, eps = (float)c->eps;
    size_t group = heads_at_once(w->b, b->n, b->t->padded);
    as_code rc = AS_OK;

    for (size_t h = 0; !rc && h < c->heads; h += group)
        rc = attend(w, b, thread, h, group, err);
    if (!rc)
        rc = as_linear_run(w->b->nn, thread, l->out, b->n, own->half, own->sum, err);
    if (rc)
        return rc;
    as_rows_norm(x, own->sum, l->norm1[0], l->norm1[1], eps, b->n, c->hidden, x, half);
    rc = feed_forward(w, b, thread, rows_of(w, thread, x, b->n), err);
    if (rc)
        return rc;
    as_rows_norm(x, own->sum, l->norm2[0], l->norm2[1], eps, b->n, c->hidden, x, half);
    return w->layer + 1 < c->layers
               ? project(w, b, thread, w->layer + 1, rows_of(w, thread, x, b->n), err)
               : AS_OK;
}

static bool add_row(const as_tensor *table, uint64_t row, size_t n, float *sum, float *scratch)
{
    if (!as_tensor_floats(table, row * n, n, scratch))
        return false;
    as_row_add(sum, scratch, n);
    return true;
}

/* The place in the table of positions of a text's first token. */
static size_t first_place(const as_model_config *c)
{
    return c->family == AS_MODEL_XLMR && c->pad >= 0 ? (size_t)c->pad + 1 : 0;
}

size_t as_bert_room(const as_model_config *config)
{
    size_t first = first_place(config);

    return config->positions > first ? config->positions - first : 0;
}

static as_code embed_row(wave *w, const as_bert_text *in, size_t i, float *x, float *scratch,
                         as_err *err)
{
    const as_model_config *c = &w->b->c;
    uint64_t place = first_place(c) + i;
    uint64_t type = in->second > 0 && i >= in->second && c->types > 1 ? 1 : 0;

    if (in->ids[i] >= c->vocab ||
        !as_tensor_floats(&w->b->words, (uint64_t)in->ids[i] * c->hidden, c->hidden, x) ||
        !add_row(&w->b->places, place, c->hidden, x, scratch) ||
        (c->types > 0 && !add_row(&w->b->types, type, c->hidden, x, scratch)))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "token %u is outside the vocabulary of %u words", in->ids[i], c->vocab);
    return AS_OK;
}

static as_code first_step(void *ctx, unsigned thread, size_t i, as_err *err)
{
    wave *w = ctx;
    const block *b = &w->blocks[i];
    const as_model_config *c = &w->b->c;
    bench *own = &w->benches[thread];
    float *x = b->t->in->hidden + b->from * c->hidden;
    as_code rc = AS_OK;

    for (size_t r = 0; !rc && r < b->n; r++) {
        float *row = x + r * c->hidden;

        if (b->from + r < b->t->in->n)
            rc = embed_row(w, b->t->in, b->from + r, row, own->sum, err);
        else
            memset(row, 0, c->hidden * sizeof(*row));
    }
    if (!rc && !as_row_finite(x, b->n * c->hidden))
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "the table of words is not all finite");
    if (rc)
        return rc;
    as_rows_norm(x, NULL, w->b->norm[0], w->b->norm[1], (float)c->eps, b->n, c->hidden, x,
                 as_nn_precision(w->b->nn) == AS_PRECISION_BF16 ? own->half : NULL);
    return project(w, b, thread, 0, rows_of(w, thread, x, b->n), err);
}

/* --- a wave --------------------------------------------------------------------------------- */

void as_bert_wave_free(as_bert_wave *w)
{
    if (!w)
        return;
    for (unsigned i = 0; w->benches && i < as_nn_threads(w->b->nn); i++) {
        bench *own = &w->benches[i];

        as_nn_drop(own->wide);
        as_nn_drop(own->scores);
        as_nn_drop(own->heads);
        as_nn_drop(own->sum);
        as_nn_drop(own->half);
        as_nn_drop(own->weights);
        as_nn_drop(own->inner);
    }
    for (unsigned side = 0; side < 2; side++) {
        as_nn_drop(w->q[side]);
        as_nn_drop(w->k[side]);
        as_nn_drop(w->v[side]);
    }
    as_mem_free(w->benches);
    as_mem_free(w->texts);
    as_mem_free(w->blocks);
    as_mem_free(w);
}

static void cut(wave *w)
{
    w->n_blocks = 0;
    for (size_t i = 0; i < w->n_texts; i++) {
        const text *t = &w->texts[i];

        for (size_t from = 0; from < t->padded; from += t->block) {
            size_t left = t->padded - from;

            w->blocks[w->n_blocks++] = (block){t, from, left < t->block ? left : t->block};
        }
    }
}

static bool bench_make(const wave *w, bench *own, size_t scores, size_t rows)
{
    const as_model_config *c = &w->b->c;
    size_t size = size_of(w) * parts_of(w);
    size_t wide = c->ffn > 3 * c->hidden ? c->ffn : 3 * c->hidden;

    own->wide = as_nn_take(rows * wide * sizeof(float));
    own->scores = as_nn_take(scores * sizeof(float));
    own->weights = as_nn_take(scores * size);
    own->heads = as_nn_take(rows * c->hidden * sizeof(float));
    own->sum = as_nn_take(rows * c->hidden * sizeof(float));
    own->half = as_nn_take(rows * c->hidden * size);
    own->inner = as_nn_take(rows * c->ffn * size);
    return own->wide && own->scores && own->weights && own->heads && own->sum && own->half &&
           own->inner;
}

/* Buffers for the largest wave of these texts; waves are cut as as_bert_run() cuts them. */
static as_code wave_make(wave *w, size_t rows, size_t longest, as_err *err)
{
    const as_model_config *c = &w->b->c;
    size_t size = rows * c->hidden * size_of(w) * parts_of(w), most = 0, scores = 0;
    bool ok;

    for (size_t padded = AS_NN_PAD; padded <= longest; padded += AS_NN_PAD) {
        size_t b = block_rows(w->b, padded), s = b * padded * heads_at_once(w->b, b, padded);

        most = b > most ? b : most;
        scores = s > scores ? s : scores;
    }
    w->texts = as_mem_zero(rows / AS_NN_PAD, sizeof(*w->texts));
    w->blocks = as_mem_zero(rows / AS_NN_PAD, sizeof(*w->blocks));
    w->benches = as_mem_zero(as_nn_threads(w->b->nn), sizeof(*w->benches));
    ok = w->texts && w->blocks && w->benches;
    for (unsigned side = 0; ok && side < 2; side++) {
        w->q[side] = as_nn_take(size);
        w->k[side] = as_nn_take(size);
        w->v[side] = as_nn_take(size);
        ok = w->q[side] && w->k[side] && w->v[side];
    }
    for (unsigned i = 0; ok && i < as_nn_threads(w->b->nn); i++)
        ok = bench_make(w, &w->benches[i], scores, most);
    return ok ? AS_OK : as_fail_nomem(err, "the encoder");
}

/* The buffers stay from one run to the next; longer texts get longer ones. */
static as_code wave_for(as_bert *b, size_t rows, size_t longest, wave **ret, as_err *err)
{
    wave *w = b->wave;
    as_code rc;

    if (w && w->room >= rows && w->longest >= longest) {
        *ret = w;
        return AS_OK;
    }
    as_bert_wave_free(w);
    b->wave = NULL;
    w = as_mem_zero(1, sizeof(*w));
    if (!w)
        return as_fail_nomem(err, "the encoder");
    w->b = b;
    w->room = rows;
    w->longest = longest;
    rc = wave_make(w, rows, longest, err);
    if (rc)
        as_bert_wave_free(w);
    else
        *ret = b->wave = w;
    return rc;
}

static as_code wave_run(wave *w, as_err *err)
{
    as_code rc;

    cut(w);
    rc = as_nn_run(w->b->nn, w->n_blocks, first_step, w, err);
    for (w->layer = 0; !rc && w->layer < w->b->c.layers; w->layer++)
        rc = as_nn_run(w->b->nn, w->n_blocks, layer_step, w, err);
    return rc;
}

static as_code measure(const as_bert *b, const as_bert_text *texts, size_t n, size_t *ret_longest,
                       size_t *ret_rows, as_err *err)
{
    size_t longest = 0;

    for (size_t i = 0; i < n; i++) {
        if (texts[i].n == 0 || texts[i].n > as_bert_room(&b->c))
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                           "a text of %zu tokens; the model reads 1 to %zu", texts[i].n,
                           as_bert_room(&b->c));
        longest = texts[i].n > longest ? texts[i].n : longest;
        *ret_rows += as_nn_padded(texts[i].n);
    }
    *ret_longest = as_nn_padded(longest);
    return AS_OK;
}

as_code as_bert_run(as_bert *b, const as_bert_text *texts, size_t n, as_err *err)
{
    size_t most = (size_t)WAVE_ROWS * as_nn_threads(b->nn), longest = 0, all = 0;
    wave *w = NULL;
    as_code rc = measure(b, texts, n, &longest, &all, err);

    if (!rc && n > 0)
        rc = wave_for(b, all < most ? all : most + longest, longest, &w, err);
    for (size_t i = 0; !rc && i < n;) {
        w->n_texts = w->rows = 0;
        for (; i < n && w->rows < most; i++) {
            text *t = &w->texts[w->n_texts++];

            *t = (text){.in = &texts[i], .padded = as_nn_padded(texts[i].n), .from = w->rows};
            t->block = block_rows(b, t->padded);
            w->rows += t->padded;
        }
        rc = wave_run(w, err);
    }
    return rc;
}
