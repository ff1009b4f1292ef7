/* Texts to windows, windows through the encoder, rows to vectors. */
#include "encode/model_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Rows of one run of the encoder: its results wait in memory until they are pooled. */
#define RUN_ROWS 8192u

typedef struct window {
    size_t text;
    size_t from, n; /* tokens of the text */
    size_t fresh;   /* of these, that no window before had */
    size_t ids;     /* where its ids begin, special ones included */
    size_t n_ids;
} window;

typedef struct job {
    as_model *m;
    const as_prefix *prefix; /* NULL: none */
    const as_bytes *texts;
    size_t n_texts;
    as_tokens tokens;
    uint32_t *ids;
    size_t n_ids, cap_ids;
    window *windows;
    size_t n_windows, cap_windows;
    size_t tokens_n, split;
    as_err *err;
} job;

static void job_done(job *j)
{
    as_tokens_done(&j->tokens);
    as_mem_free(j->ids);
    as_mem_free(j->windows);
}

static bool push_id(job *j, uint32_t id)
{
    void *ids = j->ids;
    bool ok = as_mem_room(&ids, &j->cap_ids, j->n_ids, sizeof(*j->ids));

    j->ids = ids;
    if (ok)
        j->ids[j->n_ids++] = id;
    return ok;
}

static as_code push_window(job *j, size_t text, size_t from, size_t n, size_t fresh)
{
    as_specials s = as_tokenizer_specials(j->m->tokenizer);
    void *windows = j->windows;
    window w = {text, from, n, fresh, j->n_ids, 0};
    bool ok = as_mem_room(&windows, &j->cap_windows, j->n_windows, sizeof(*j->windows));

    j->windows = windows;
    ok = ok && push_id(j, (uint32_t)s.bos);
    for (size_t i = 0; ok && j->prefix && i < j->prefix->n; i++)
        ok = push_id(j, j->prefix->ids[i]);
    for (size_t i = 0; ok && i < n; i++)
        ok = push_id(j, j->tokens.p[from + i].id);
    ok = ok && push_id(j, (uint32_t)s.eos);
    if (!ok)
        return as_fail_nomem(j->err, "the tokens of a text");
    w.n_ids = j->n_ids - w.ids;
    j->windows[j->n_windows++] = w;
    return AS_OK;
}

/* Windows of one text whose tokens are at hand. */
static as_code cut(job *j, size_t text)
{
    size_t room = j->m->max_tokens - 2 - (j->prefix ? j->prefix->n : 0), n = j->tokens.n;
    size_t overlap = room > 4 * (size_t)AS_MODEL_OVERLAP ? AS_MODEL_OVERLAP : room / 4;
    size_t seen = 0;
    as_code rc;

    j->tokens_n += n;
    j->split += n > room;
    do {
        size_t from = seen > overlap ? seen - overlap : 0;
        size_t take = n - from < room ? n - from : room;

        rc = push_window(j, text, from, take, from + take - seen);
        seen = from + take;
    } while (!rc && seen < n);
    return rc;
}

static as_code read_texts(job *j)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < j->n_texts; i++) {
        rc = as_tokens_read(j->m->tokenizer, j->texts[i], &j->tokens, j->err);
        if (!rc)
            rc = cut(j, i);
    }
    return rc;
}

static int longer_first(const void *a, const void *b)
{
    const window *x = a, *y = b;

    if (x->n_ids != y->n_ids)
        return x->n_ids < y->n_ids ? 1 : -1;
    return x->ids < y->ids ? -1 : x->ids > y->ids;
}

/* --- vectors -------------------------------------------------------------------------------- */

/* A window's vector, of length 1, times its share of the text, added to the text's. */
static void pool(const as_model *m, const window *w, float *rows, float *ret)
{
    size_t dim = m->c.hidden;
    float *v = rows;

    if (m->pooling == AS_POOL_MEAN) {
        for (size_t i = 1; i < w->n_ids; i++)
            as_row_add(v, rows + i * dim, dim);
    }
    as_row_unit(v, dim);
    for (size_t i = 0; i < dim; i++)
        ret[i] += v[i] * (float)(w->fresh > 0 ? w->fresh : 1);
}

/* Windows [from, to): side by side through the layers. */
static as_code run(job *j, size_t from, size_t to, float *hidden, float *ret)
{
    size_t dim = j->m->c.hidden, row = 0;
    as_bert_text *texts = as_mem_zero(to - from, sizeof(*texts));
    as_code rc;

    if (!texts)
        return as_fail_nomem(j->err, "the encoder");
    for (size_t i = from; i < to; i++) {
        const window *w = &j->windows[i];

        texts[i - from] =
            (as_bert_text){.ids = j->ids + w->ids, .n = w->n_ids, .hidden = hidden + row * dim};
        row += as_nn_padded(w->n_ids);
    }
    rc = as_bert_run(j->m->bert, texts, to - from, j->err);
    for (size_t i = from; !rc && i < to; i++)
        pool(j->m, &j->windows[i], texts[i - from].hidden, ret + j->windows[i].text * dim);
    as_mem_free(texts);
    return rc;
}

static as_code run_all(job *j, float *ret)
{
    size_t dim = j->m->c.hidden, to;
    size_t most = RUN_ROWS + as_nn_padded(j->m->max_tokens);
    float *hidden = as_nn_take(most * dim * sizeof(*hidden));
    as_code rc = AS_OK;

    if (!hidden)
        return as_fail_nomem(j->err, "the encoder");
    qsort(j->windows, j->n_windows, sizeof(*j->windows), longer_first);
    for (size_t from = 0; !rc && from < j->n_windows; from = to) {
        size_t rows = 0;

        for (to = from; to < j->n_windows && rows < RUN_ROWS; to++)
            rows += as_nn_padded(j->windows[to].n_ids);
        rc = run(j, from, to, hidden, ret);
    }
    as_nn_drop(hidden);
    return rc;
}

static as_code finish(const job *j, float *ret, as_err *err)
{
    size_t dim = j->m->c.hidden;

    for (size_t i = 0; i < j->n_texts; i++) {
        as_row_unit(ret + i * dim, dim);
        if (!as_row_finite(ret + i * dim, dim))
            return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                           "the model '%s' gives a vector that is not finite: its weights are "
                           "damaged",
                           j->m->name);
    }
    return AS_OK;
}

as_code as_model_encode(as_model *m, as_encode_as as, const as_bytes *texts, size_t n, float *ret,
                        as_model_stats *stats, as_err *err)
{
    job j = {.m = m, .texts = texts, .n_texts = n, .err = err};
    as_code rc;

    if (m->c.reranker)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'%s' judges pairs of texts; it makes no vectors", m->name);
    j.prefix = as == AS_ENCODE_QUERY ? &m->query : as == AS_ENCODE_PASSAGE ? &m->passage : NULL;
    memset(ret, 0, n * m->c.hidden * sizeof(*ret));
    rc = read_texts(&j);
    if (!rc && j.n_windows > 0)
        rc = run_all(&j, ret);
    if (!rc)
        rc = finish(&j, ret, err);
    if (!rc && stats) {
        stats->tokens += j.tokens_n;
        stats->windows += j.n_windows;
        stats->split += j.split;
    }
    job_done(&j);
    return rc;
}

/* --- token by token ------------------------------------------------------------------------- */

static as_code keep_rows(job *j, float *rows)
{
    size_t dim = j->m->c.hidden;
    float *hidden = as_nn_take(as_nn_padded(j->m->max_tokens) * dim * sizeof(*hidden));
    as_code rc = AS_OK;

    if (!hidden)
        return as_fail_nomem(j->err, "the encoder");
    for (size_t i = 0; !rc && i < j->n_windows; i++) {
        const window *w = &j->windows[i];
        as_bert_text text = {.ids = j->ids + w->ids, .n = w->n_ids, .hidden = hidden};
        size_t skip = w->n - w->fresh;

        rc = as_bert_run(j->m->bert, &text, 1, j->err);
        if (!rc && w->fresh > 0)
            memcpy(rows + (w->from + skip) * dim, hidden + (1 + skip) * dim,
                   w->fresh * dim * sizeof(*rows));
    }
    as_nn_drop(hidden);
    return rc;
}

static as_code rows_of(job *j, as_arena *arena, as_model_tokens *ret)
{
    size_t n = j->tokens.n;
    as_token *tokens = as_arena_take(arena, n + 1, sizeof(*tokens));
    float *rows = as_arena_take(arena, n * j->m->c.hidden + 1, sizeof(*rows));
    as_code rc;

    if (!tokens || !rows)
        return as_fail_nomem(j->err, "the tokens of a text");
    rc = keep_rows(j, rows);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++)
        tokens[i] = j->tokens.p[i];
    *ret = (as_model_tokens){.n = n, .tokens = tokens, .rows = rows};
    return AS_OK;
}

as_code as_model_tokens_of(as_model *m, as_bytes text, as_arena *arena, as_model_tokens *ret,
                           as_err *err)
{
    job j = {.m = m, .texts = &text, .n_texts = 1, .err = err};
    as_code rc = read_texts(&j);

    if (!rc)
        rc = rows_of(&j, arena, ret);
    job_done(&j);
    return rc;
}
