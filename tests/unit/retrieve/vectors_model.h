/*
 * vectors_model - private to the tests of vectors: a plain array that says what as_vectors
 * should say, and folders to try it in.
 */
#ifndef VECTORS_MODEL_H
#define VECTORS_MODEL_H

#include "retrieve/vectors_priv.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#if defined(__SANITIZE_THREAD__)
/*
 * hnswlib takes its global lock under that of a new element, and locks of elements under the
 * global one; but nobody else knows the new one yet, so they never wait for each other.
 */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "detect_deadlocks=0";
}
#endif

#define MODEL_MAX 4000u
#define HITS      10u
#define CLOSE     2e-6 /* f32 rounds, the model does not */

struct kept {
    int64_t id;
    as_vector_tags tags;
    double *v; /* (dim), of length 1 */
};

struct model {
    size_t dim, n;
    struct kept kept[MODEL_MAX];
    uint64_t random;
};

static inline uint64_t random_of(struct model *m, uint64_t below)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (m->random >> 33) % below;
}

/* A vector near one of `clusters` centres. */
static inline void random_vector(struct model *m, size_t clusters, float *v)
{
    uint64_t centre = random_of(m, clusters) * 77 + 5;

    for (size_t i = 0; i < m->dim; i++) {
        centre = centre * 6364136223846793005u + 1442695040888963407u;
        v[i] = (float)(centre >> 40) / 8388608.0F - 1 +
               0.7F * ((float)random_of(m, 1u << 20) / 524288.0F - 1);
    }
    v[0] += v[0] == 0 ? 1 : 0;
}

static inline struct kept *model_find(struct model *m, int64_t id)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->kept[i].id == id)
            return &m->kept[i];
    return NULL;
}

static inline void model_put(struct model *m, int64_t id, const float *v, as_vector_tags tags)
{
    struct kept *k = model_find(m, id);
    double sum = 0;

    if (!k) {
        assert_true(m->n < MODEL_MAX);
        k = &m->kept[m->n++];
        *k = (struct kept){.id = id, .v = malloc(m->dim * sizeof(double))};
        assert_non_null(k->v);
    }
    k->tags = tags;
    for (size_t i = 0; i < m->dim; i++)
        sum += (double)v[i] * v[i];
    for (size_t i = 0; i < m->dim; i++)
        k->v[i] = v[i] / sqrt(sum);
}

static inline void model_delete(struct model *m, int64_t id)
{
    struct kept *k = model_find(m, id);

    if (!k)
        return;
    free(k->v);
    *k = m->kept[--m->n];
}

static inline void model_clear(struct model *m)
{
    while (m->n)
        model_delete(m, m->kept[0].id);
}

static inline bool model_matches(const struct kept *k, const as_vector_tags *f)
{
    return !f ||
           ((!f->sample || f->sample == k->tags.sample) && (!f->tool || f->tool == k->tags.tool) &&
            (!f->section || f->section == k->tags.section) &&
            (!f->lang || f->lang == k->tags.lang));
}

static inline double model_score(const struct model *m, const struct kept *k, const float *query)
{
    double sum = 0, length = 0;

    for (size_t i = 0; i < m->dim; i++) {
        sum += k->v[i] * query[i];
        length += (double)query[i] * query[i];
    }
    return sum / sqrt(length);
}

struct scored {
    double score;
    int64_t id;
};

static inline int by_scored(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* All that match, best first; how many. */
static inline size_t model_search(const struct model *m, const float *query,
                                  const as_vector_tags *f, struct scored *all)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        if (model_matches(&m->kept[i], f))
            all[n++] = (struct scored){model_score(m, &m->kept[i], query), m->kept[i].id};
    qsort(all, n, sizeof(*all), by_scored);
    return n;
}

/*
 * Every hit is a vector that matches, once, with its score, in order. How many of the
 * first k of the model have a hit as good in their place.
 */
static inline size_t check_hits(struct model *m, const float *query, const as_vector_tags *f,
                                size_t k, const as_hit *hits, size_t n)
{
    static struct scored all[MODEL_MAX];
    size_t matching = model_search(m, query, f, all), good = 0;

    assert_int_equal(n, matching < k ? matching : k);
    for (size_t i = 0; i < n; i++) {
        struct kept *of = model_find(m, hits[i].id);

        assert_non_null(of);
        assert_true(model_matches(of, f));
        assert_true(fabs(model_score(m, of, query) - (double)hits[i].score) < CLOSE);
        if (i) {
            assert_true(hits[i].score <= hits[i - 1].score);
            assert_true(hits[i].score < hits[i - 1].score || hits[i].id > hits[i - 1].id);
        }
        good += fabs(all[i].score - (double)hits[i].score) < CLOSE;
    }
    return good;
}

/* The model and the vectors say the same, exactly. */
static inline void check_same(struct model *m, as_vectors *v, unsigned queries)
{
    as_hit hits[HITS];
    float query[512] = {0};
    size_t n = 99;

    assert_int_equal(as_vectors_count(v), m->n);
    for (size_t i = 0; i < m->n; i++)
        assert_true(as_vectors_has(v, m->kept[i].id));
    for (unsigned q = 0; q < queries; q++) {
        random_vector(m, 8, query);
        assert_int_equal(as_vectors_search_exact(v, query, HITS, NULL, hits, &n, NULL), AS_OK);
        assert_int_equal(check_hits(m, query, NULL, HITS, hits, n), n);
    }
}

/* --- folders -------------------------------------------------------------------------------- */

struct place {
    char top[64];    /* a temporary folder */
    char folder[96]; /* of the vectors, inside; does not exist yet */
};

static inline int place_remove_one(const char *path, const struct stat *st, int type,
                                   struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void place_empty(struct place *p)
{
    (void)nftw(p->folder, place_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int place_setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (!p)
        return -1;
    (void)snprintf(p->top, sizeof(p->top), "/tmp/test_vectors.XXXXXX");
    if (!mkdtemp(p->top))
        return -1;
    (void)snprintf(p->folder, sizeof(p->folder), "%s/vectors", p->top);
    *state = p;
    return 0;
}

static inline int place_teardown(void **state)
{
    struct place *p = *state;
    int failed = nftw(p->top, place_remove_one, 8, FTW_DEPTH | FTW_PHYS);

    free(p);
    return failed;
}

static inline as_vectors *open_vectors(const struct place *p, as_vectors_options options)
{
    as_vectors *v = NULL;
    as_err err = {0};

    if (as_vectors_open(p->folder, "test", &options, &v, &err))
        fail_msg("%s", err.msg);
    return v;
}

static inline void must(as_code rc)
{
    assert_int_equal(rc, AS_OK);
}

#endif
