#include "retrieve/vectors_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BLOCK 256u /* rows scored at a time: their dots stay in the first cache */

/* Candidates of the int8 scan that are ranked again: these hold the k nearest in f32. */
#define EXTRA(k) (4 * (k) + 32)

/* A filter that leaves this many is answered by a scan of them. */
#define SCAN_SHARE 4u /* of exact_max */

struct search {
    const as_vectors *v;
    const as_vset *s;
    const as_vector_tags *filter; /* NULL: all */
    size_t k;
    float *unit; /* (dim) */
    int8_t *code;
    float scale, error;
    as_near *near; /* a heap, the worst on top */
    size_t n_near, cap_near;
    as_hit *hits;
};

/* --- what matches --------------------------------------------------------------------------------
 */

static bool kind_matches(const as_vector_tags *kind, const as_vector_tags *filter)
{
    return (!filter->tool || filter->tool == kind->tool) &&
           (!filter->section || filter->section == kind->section) &&
           (!filter->lang || filter->lang == kind->lang);
}

static bool matches(const struct search *q, uint32_t row)
{
    const as_vrow *r = &q->s->rows[row];

    if (q->s->dead[row])
        return false;
    if (!q->filter)
        return true;
    return (!q->filter->sample || q->filter->sample == q->s->samples.p[r->sample].tags.sample) &&
           kind_matches(&q->s->kinds.p[r->kind].tags, q->filter);
}

static bool admit(const void *ctx, uint32_t row)
{
    return matches(ctx, row);
}

/* At most so many rows match. */
static size_t count_matches(const struct search *q)
{
    const as_vector_tags *f = q->filter;
    size_t n = 0;

    if (!f)
        return q->s->live;
    for (size_t i = 0; i < q->s->kinds.n; i++)
        if (kind_matches(&q->s->kinds.p[i].tags, f))
            n += q->s->kinds.p[i].live;
    if (f->sample) {
        as_vector_tags sample = {.sample = f->sample};
        const as_vgroup *g = as_vgroups_find(&q->s->samples, &sample);
        size_t of_sample = g ? g->live : 0;

        n = of_sample < n ? of_sample : n;
    }
    return n;
}

/* --- candidates
 * ------------------------------------------------------------------------------------ */

/* Ties go by id, so that the same k come out whatever the order of the rows. */
static bool worse(const struct search *q, as_near a, as_near b)
{
    if (a.score != b.score)
        return a.score < b.score;
    return q->s->rows[a.row].id > q->s->rows[b.row].id;
}

static void keep(struct search *q, as_near x)
{
    as_near *h = q->near;
    size_t at, next;

    if (q->n_near < q->cap_near) {
        for (at = q->n_near++; at > 0 && worse(q, x, h[(at - 1) / 2]); at = (at - 1) / 2)
            h[at] = h[(at - 1) / 2];
        h[at] = x;
        return;
    }
    if (!worse(q, h[0], x))
        return;
    for (at = 0; (next = 2 * at + 1) < q->n_near; at = next) {
        next += next + 1 < q->n_near && worse(q, h[next + 1], h[next]);
        if (!worse(q, h[next], x))
            break;
        h[at] = h[next];
    }
    h[at] = x;
}

/* The score that a row must have to be of interest. */
static float floor_of(const struct search *q)
{
    return q->n_near < q->cap_near ? -INFINITY : q->near[0].score;
}

static void scan_rows(struct search *q, size_t from, size_t to)
{
    int32_t dots[BLOCK];

    for (size_t at = from; at < to; at += BLOCK) {
        size_t n = to - at < BLOCK ? to - at : BLOCK;

        q->v->scan->dots(as_vset_codes(q->s, at), q->s->stride, n, q->code, dots);
        for (size_t i = 0; i < n; i++) {
            as_near x = {(float)dots[i] * q->s->scales[at + i] * q->scale, (uint32_t)(at + i)};

            if (x.score >= floor_of(q) && matches(q, x.row))
                keep(q, x);
        }
    }
}

static void scan_one(struct search *q, uint32_t row)
{
    int32_t dot = q->v->scan->dot(as_vset_codes(q->s, row), q->code, q->s->stride);
    as_near x = {(float)dot * q->s->scales[row] * q->scale, row};

    if (x.score >= floor_of(q))
        keep(q, x);
}

/* The rows of a group are a chain from the last to the first; codes are fetched one ahead. */
static void scan_group(struct search *q, const as_vgroup *g, bool of_sample)
{
    for (uint32_t row = g->last, next; row != AS_VECTORS_NONE; row = next) {
        const as_vrow *r = &q->s->rows[row];

        next = of_sample ? r->sample_next : r->kind_next;
        if (next != AS_VECTORS_NONE) {
            __builtin_prefetch(&q->s->rows[next]);
            for (size_t i = 0; i < q->s->stride; i += 64)
                __builtin_prefetch(as_vset_codes(q->s, next) + i);
        }
        if (matches(q, row))
            scan_one(q, row);
    }
}

/* All rows that match. */
static void scan_matches(struct search *q)
{
    const as_vector_tags *f = q->filter;

    if (!f || (!f->sample && count_matches(q) * 2 > q->s->n)) {
        scan_rows(q, 0, q->s->n);
    } else if (f->sample) {
        as_vector_tags sample = {.sample = f->sample};
        const as_vgroup *g = as_vgroups_find(&q->s->samples, &sample);

        if (g)
            scan_group(q, g, true);
    } else {
        for (size_t i = 0; i < q->s->kinds.n; i++)
            if (kind_matches(&q->s->kinds.p[i].tags, f))
                scan_group(q, &q->s->kinds.p[i], false);
    }
}

/* --- ranking in f32
 * --------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b)
{
    const as_hit *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static as_code rank_again(struct search *q, as_err *err)
{
    const as_vset *s = q->s;

    q->hits = as_mem_get(q->n_near * sizeof(*q->hits));
    if (!q->hits)
        return as_fail_nomem(err, "a search");
    for (size_t i = 0; i < q->n_near; i++) {
        uint32_t row = q->near[i].row;
        const float *f32 = as_vset_f32(s, row);

        if (i + 1 < q->n_near)
            for (size_t k = 0; k < s->dim; k += 16)
                __builtin_prefetch(as_vset_f32(s, q->near[i + 1].row) + k);
        if (as_sum64((as_bytes){(const uint8_t *)f32, s->dim * sizeof(float)}, 0) !=
            s->rows[row].sum)
            return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                           "vector %lld is damaged on disk; remove the folder and embed again",
                           (long long)s->rows[row].id);
        q->hits[i] = (as_hit){s->rows[row].id, (float)as_vector_dot(q->unit, f32, s->dim)};
    }
    if (q->n_near)
        qsort(q->hits, q->n_near, sizeof(*q->hits), by_score);
    return AS_OK;
}

/* --- the graph
 * ----------------------------------------------------------------------------------------- */

/*
 * Asks the graph, and scans the rows that came after it. *ret_done is false if it found
 * too few or gave up: where few rows match, the walk goes far for each of them.
 */
static as_code ask_graph(struct search *q, size_t matching, bool *ret_done, as_err *err)
{
    const as_graph *g = &q->v->graph.graph;
    size_t ef = q->v->options.ef > 2 * q->k ? q->v->options.ef : 2 * q->k, n = 0;
    as_graph_query ask = {
        .codes = as_vset_codes(q->s, 0),
        .scales = q->s->scales,
        .stride = q->s->stride,
        .scan = q->v->scan,
        .query = q->code,
        .query_scale = q->scale,
        .admit = admit,
        .admit_ctx = q,
        .ef = ef,
        .visits_max = matching / 2,
    };
    as_near *found = as_mem_get(ef * sizeof(*found));
    bool whole = false;
    as_code rc;

    if (!found)
        return as_fail_nomem(err, "a search");
    rc = as_graph_search(g, &ask, found, &n, &whole, err);
    if (!rc) {
        for (size_t i = 0; i < n; i++)
            keep(q, found[i]);
        *ret_done = whole && n >= (matching < q->k ? matching : q->k);
        if (*ret_done)
            scan_rows(q, g->n, q->s->n);
        else
            q->n_near = 0;
    }
    as_mem_free(found);
    return rc;
}

/* --- the whole
 * ------------------------------------------------------------------------------------------ */

static void finish(struct search *q)
{
    as_mem_free(q->unit);
    as_mem_free(q->near);
    as_mem_free(q->hits);
}

static as_code begin(struct search *q, const as_vectors *v, const float *query, size_t k,
                     const as_vector_tags *filter, as_err *err)
{
    size_t dim = v->set.dim;

    *q = (struct search){.v = v, .s = &v->set, .k = k, .filter = filter, .cap_near = EXTRA(k)};
    if (k > AS_VECTORS_HITS_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "more than %u hits", AS_VECTORS_HITS_MAX);
    if (filter && !filter->sample && !filter->tool && !filter->section && !filter->lang)
        q->filter = NULL;
    q->unit = as_mem_get(dim * sizeof(float) + v->set.stride);
    q->near = as_mem_get(q->cap_near * sizeof(*q->near));
    if (!q->unit || !q->near)
        return as_fail_nomem(err, "a search");
    if (!as_vector_unit(query, dim, q->unit))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the vector asked for is zero or not finite");
    q->code = (int8_t *)(q->unit + dim);
    as_vector_quantize(q->unit, dim, v->set.stride, q->code, &q->scale, &q->error);
    return AS_OK;
}

static void give(const struct search *q, as_hit *hits, size_t *ret_n)
{
    *ret_n = q->n_near < q->k ? q->n_near : q->k;
    if (*ret_n)
        memcpy(hits, q->hits, *ret_n * sizeof(*hits));
}

as_code as_vectors_search(as_vectors *v, const float *query, size_t k, const as_vector_tags *filter,
                          as_hit *hits, size_t *ret_n, as_err *err)
{
    const as_graph *g = &v->graph.graph;
    struct search q;
    bool done = false;
    as_code rc = begin(&q, v, query, k, filter, err);

    if (!rc) {
        size_t matching = count_matches(&q);

        if (g->n && matching > v->options.exact_max / (q.filter ? SCAN_SHARE : 1))
            rc = ask_graph(&q, matching, &done, err);
        if (!rc && !done)
            scan_matches(&q);
    }
    if (!rc)
        rc = rank_again(&q, err);
    if (!rc)
        give(&q, hits, ret_n);
    finish(&q);
    return rc;
}

/*
 * How much more than by int8 the product with any row can be: with a query q = c + e and a
 * row r = d + f, where c and d are what the codes stand for, q r - c d = e r + c f, and
 * |r| = 1, |c| <= 1 + |e|. The rest is for rounding.
 */
static float most_off(const struct search *q, float error)
{
    return q->error + (1 + q->error) * error + 1e-5F;
}

/* All rows that may reach `least`, however many. */
static as_code collect(struct search *q, float least, as_err *err)
{
    int32_t dots[BLOCK];

    q->n_near = 0;
    for (size_t at = 0; at < q->s->n; at += BLOCK) {
        size_t n = q->s->n - at < BLOCK ? q->s->n - at : BLOCK;

        q->v->scan->dots(as_vset_codes(q->s, at), q->s->stride, n, q->code, dots);
        for (size_t i = 0; i < n; i++) {
            as_near x = {(float)dots[i] * q->s->scales[at + i] * q->scale, (uint32_t)(at + i)};

            if (x.score + most_off(q, q->s->rows[x.row].error) < least || !matches(q, x.row))
                continue;
            if (!as_mem_room((void **)&q->near, &q->cap_near, q->n_near, sizeof(*q->near)))
                return as_fail_nomem(err, "a search");
            q->near[q->n_near++] = x;
        }
    }
    return AS_OK;
}

as_code as_vectors_search_exact(as_vectors *v, const float *query, size_t k,
                                const as_vector_tags *filter, as_hit *hits, size_t *ret_n,
                                as_err *err)
{
    struct search q;
    as_code rc = begin(&q, v, query, k, filter, err);

    if (!rc) {
        scan_matches(&q);
        rc = rank_again(&q, err);
    }
    /* What was left out has at most the floor by int8: could it be among the k? */
    if (!rc && q.n_near == q.cap_near && k &&
        floor_of(&q) + most_off(&q, v->set.error_max) >= q.hits[k - 1].score) {
        float least = q.hits[k - 1].score;

        as_mem_free(q.hits);
        q.hits = NULL;
        rc = collect(&q, least, err);
        if (!rc)
            rc = rank_again(&q, err);
    }
    if (!rc)
        give(&q, hits, ret_n);
    finish(&q);
    return rc;
}
