#include "unit/retrieve/vectors_model.h"

#include <float.h>
#include <pthread.h>

#include "base/banned.h"

#if defined(__SANITIZE_THREAD__)
#define BUILD_THREADS 1u /* hnswlib's own inserting races, in ways that do no harm */
#else
#define BUILD_THREADS 2u
#endif

static as_vector_tags random_tags(struct model *m)
{
    return (as_vector_tags){(int64_t)random_of(m, 20) + 1, (uint32_t)random_of(m, 3) + 1,
                            (uint32_t)random_of(m, 4) + 1, (uint32_t)random_of(m, 2) + 1};
}

/* Each part asked for or not. */
static as_vector_tags random_filter(struct model *m)
{
    as_vector_tags f = random_tags(m);

    f.sample *= (int64_t)random_of(m, 2);
    f.tool *= (uint32_t)random_of(m, 2);
    f.section *= (uint32_t)random_of(m, 2);
    f.lang *= (uint32_t)random_of(m, 2);
    return f;
}

static void change(struct model *m, as_vectors *v, size_t ids, unsigned deletes)
{
    int64_t id = (int64_t)random_of(m, ids) - 3;
    float vector[512] = {0};
    as_vector_tags tags = random_tags(m);

    if (random_of(m, 100) < deletes) {
        must(as_vectors_delete(v, id, NULL));
        model_delete(m, id);
        assert_false(as_vectors_has(v, id));
    } else {
        random_vector(m, 8, vector);
        must(as_vectors_put(v, id, vector, &tags, NULL));
        model_put(m, id, vector, tags);
        assert_true(as_vectors_has(v, id));
    }
    assert_int_equal(as_vectors_count(v), m->n);
}

struct tally {
    size_t good, all;
};

static void ask(struct model *m, as_vectors *v, struct tally *t)
{
    as_vector_tags filter = random_filter(m), *f = random_of(m, 3) ? &filter : NULL;
    size_t k = random_of(m, HITS) + 1, n = 99;
    float query[512] = {0};
    as_hit hits[HITS];

    random_vector(m, 8, query);
    must(as_vectors_search_exact(v, query, k, f, hits, &n, NULL));
    assert_int_equal(check_hits(m, query, f, k, hits, n), n);
    must(as_vectors_search(v, query, k, f, hits, &n, NULL));
    t->good += check_hits(m, query, f, k, hits, n);
    t->all += n;
}

/* Puts, deletes, replaces, commits, opens again and searches, at random. */
static void live_a_while(struct place *p, size_t dim, as_vectors_options options, unsigned steps,
                         size_t ids, double recall)
{
    static struct model m;
    struct tally t = {0};
    as_vectors *v;

    m = (struct model){.dim = dim, .random = dim + steps};
    place_empty(p);
    options.dim = dim;
    options.threads = BUILD_THREADS;
    v = open_vectors(p, options);
    for (unsigned i = 0; i < steps; i++) {
        change(&m, v, ids, i > steps / 2 ? 60 : 20);
        if (random_of(&m, 10) == 0)
            ask(&m, v, &t);
        if (random_of(&m, 40) == 0)
            must(as_vectors_commit(v, NULL));
        if (random_of(&m, 400) == 0) {
            must(as_vectors_commit(v, NULL));
            must(as_vectors_check(v, NULL));
            as_vectors_close(v);
            options.dim = 0;
            v = open_vectors(p, options);
            assert_int_equal(as_vectors_dim(v), dim);
            check_same(&m, v, 1);
        }
    }
    must(as_vectors_commit(v, NULL));
    as_vectors_close(v);
    v = open_vectors(p, options);
    check_same(&m, v, 5);
    as_vectors_close(v);
    model_clear(&m);
    assert_true(t.all > 100);
    assert_true((double)t.good >= recall * (double)t.all);
}

static void whatever_is_done_the_exact_scan_says_what_a_plain_array_says(void **state)
{
    static const size_t dims[] = {1, 2, 7, 64, 100, 384};

    for (size_t i = 0; i < AS_COUNT(dims); i++)
        live_a_while(*state, dims[i], (as_vectors_options){0}, 1500, 300, 1);
}

static void whatever_is_done_the_graph_finds_almost_all(void **state)
{
    live_a_while(*state, 32, (as_vectors_options){.exact_max = 120, .ef = 100}, 5000, 1800, .97);
}

static void fill(struct model *m, as_vectors *v, size_t n)
{
    float vector[512] = {0};

    for (size_t i = 0; i < n; i++) {
        as_vector_tags tags = random_tags(m);

        random_vector(m, 8, vector);
        must(as_vectors_put(v, (int64_t)i, vector, &tags, NULL));
        model_put(m, (int64_t)i, vector, tags);
    }
    must(as_vectors_commit(v, NULL));
}

static const as_vectors_options graph_options = {
    .dim = 48, .exact_max = 400, .threads = BUILD_THREADS};

static struct model shared;

static as_vectors *open_filled(struct place *p, size_t n)
{
    as_vectors *v;

    model_clear(&shared);
    shared = (struct model){.dim = 48, .random = 4};
    place_empty(p);
    v = open_vectors(p, graph_options);
    fill(&shared, v, n);
    return v;
}

static void the_graph_is_kept_over_a_restart_and_grows(void **state)
{
    as_vectors *v = open_filled(*state, 300);
    as_vectors_options mine = graph_options;
    struct tally t = {0};
    size_t had;

    assert_string_equal(as_vectors_engine(v), "exact");
    must(as_vectors_index(v, NULL));
    assert_string_equal(as_vectors_engine(v), "exact");
    fill(&shared, v, 1000);
    assert_string_equal(as_vectors_engine(v), "hnsw");
    had = v->graph.graph.n;
    as_vectors_close(v);

    mine.read_only = true;
    v = open_vectors(*state, mine);
    assert_string_equal(as_vectors_engine(v), "hnsw");
    assert_int_equal(v->graph.graph.n, had);
    for (unsigned i = 0; i < 300; i++)
        ask(&shared, v, &t);
    assert_true((double)t.good >= .98 * (double)t.all);
    as_vectors_close(v);

    v = open_vectors(*state, graph_options);
    fill(&shared, v, 1010); /* replaces all: a third is dead, the files are written anew */
    assert_int_equal(v->set.n, 1010);
    assert_string_equal(as_vectors_engine(v), "hnsw");
    for (unsigned i = 0; i < 50; i++)
        change(&shared, v, 2000, 0);
    assert_true(v->graph.graph.n < v->set.n);
    must(as_vectors_commit(v, NULL));
    for (unsigned i = 0; i < 300; i++)
        ask(&shared, v, &t);
    had = v->graph.graph.n;
    must(as_vectors_index(v, NULL));
    assert_true(v->graph.graph.n > had && v->graph.graph.n == v->set.n);
    must(as_vectors_check(v, NULL));
    for (unsigned i = 0; i < 300; i++)
        ask(&shared, v, &t);
    assert_true((double)t.good >= .98 * (double)t.all);
    as_vectors_close(v);
    model_clear(&shared);
}

static void a_graph_of_another_m_is_built_anew_if_m_is_asked_for(void **state)
{
    as_vectors *v = open_filled(*state, 900);
    as_vectors_options other = graph_options;

    assert_int_equal(v->graph.graph.m, 16);
    as_vectors_close(v);
    other.m = 8;
    v = open_vectors(*state, other);
    must(as_vectors_commit(v, NULL));
    assert_int_equal(v->graph.graph.m, 8);
    as_vectors_close(v);
    v = open_vectors(*state, graph_options);
    must(as_vectors_commit(v, NULL));
    assert_int_equal(v->graph.graph.m, 8);
    as_vectors_close(v);
    model_clear(&shared);
}

static void equal_vectors_come_in_the_order_of_their_ids(void **state)
{
    float v[3] = {1, 2, 3}, other[3] = {1, 2, -3};
    as_vectors *vs = open_vectors(*state, (as_vectors_options){.dim = 3});
    as_hit hits[5];
    size_t n = 0;

    for (int64_t id = 500; id > 0; id--) /* more than are ranked again */
        must(as_vectors_put(vs, id, id % 2 ? v : other, NULL, NULL));
    must(as_vectors_search(vs, v, 5, NULL, hits, &n, NULL));
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(hits[i].id, 2 * i + 1);
    assert_true(fabsf(hits[0].score - 1) < 1e-6F);
    must(as_vectors_search_exact(vs, v, 5, NULL, hits, &n, NULL));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(hits[i].id, 2 * i + 1);
    as_vectors_close(vs);
}

static void length_does_not_count(void **state)
{
    float small[2] = {FLT_MIN / 1024, 0}, big[2] = {FLT_MAX, FLT_MAX}, query[2] = {3, 1};
    as_vectors *v = open_vectors(*state, (as_vectors_options){.dim = 2});
    as_hit hits[2];
    size_t n = 0;

    must(as_vectors_put(v, 1, small, NULL, NULL));
    must(as_vectors_put(v, 2, big, NULL, NULL));
    must(as_vectors_search(v, query, 2, NULL, hits, &n, NULL));
    assert_int_equal(n, 2);
    assert_int_equal(hits[0].id, 1);
    assert_true(fabs((double)hits[0].score - 3 / sqrt(10)) < 1e-6);
    assert_true(fabs((double)hits[1].score - 4 / sqrt(20)) < 1e-6);
    as_vectors_close(v);
}

static void what_is_not_a_direction_is_refused(void **state)
{
    const float bad[][3] = {{0, 0, 0}, {1, NAN, 0}, {INFINITY, 0, 0}, {0, 0, -INFINITY}};
    float good[3] = {0, 1, 0};
    as_vectors *v = open_vectors(*state, (as_vectors_options){.dim = 3});
    as_hit hits[1] = {{7, 7}};
    as_err err = {0};
    size_t n = 77;

    must(as_vectors_put(v, 1, good, NULL, NULL));
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        assert_int_equal(as_vectors_put(v, 1, bad[i], NULL, &err), AS_INVALID);
        assert_int_equal(as_vectors_search(v, bad[i], 1, NULL, hits, &n, &err), AS_INVALID);
        assert_int_equal(as_vectors_search_exact(v, bad[i], 1, NULL, hits, &n, &err), AS_INVALID);
    }
    assert_int_equal(n, 77);
    assert_int_equal(as_vectors_search(v, good, AS_VECTORS_HITS_MAX + 1, NULL, hits, &n, &err),
                     AS_LIMIT);
    must(as_vectors_search(v, good, 0, NULL, hits, &n, &err));
    assert_int_equal(n, 0);
    assert_int_equal(hits[0].id, 7);
    must(as_vectors_search(v, good, 1, NULL, hits, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(hits[0].id, 1);
    as_vectors_close(v);
}

static void options_out_of_range_are_refused(void **state)
{
    const as_vectors_options bad[] = {
        {.dim = 0},           {.dim = AS_VECTORS_DIM_MAX + 1},       {.dim = 4, .m = 3},
        {.dim = 4, .m = 129}, {.dim = 4, .ef_construction = 100000}, {.dim = 4, .threads = 1000},
    };
    struct place *p = *state;
    as_vectors *v = NULL;
    char name[600];

    for (size_t i = 0; i < AS_COUNT(bad); i++)
        assert_int_equal(as_vectors_open(p->folder, "test", &bad[i], &v, NULL), AS_USAGE);
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = 0;
    assert_int_equal(as_vectors_open(p->folder, name, &graph_options, &v, NULL), AS_LIMIT);
    assert_null(v);
    as_vectors_close(NULL);
}

static void another_model_or_dimension_is_refused(void **state)
{
    struct place *p = *state;
    as_vectors_options options = {.dim = 5};
    as_vectors *v = open_vectors(p, options);
    as_err err = {0};

    as_vectors_close(v);
    v = NULL;
    assert_int_equal(as_vectors_open(p->folder, "other", &options, &v, &err), AS_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "'test', not 'other'"));
    options.dim = 6;
    assert_int_equal(as_vectors_open(p->folder, "test", &options, &v, &err), AS_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "5 dimensions, not 6"));
    options.dim = 0;
    v = open_vectors(p, options);
    assert_int_equal(as_vectors_dim(v), 5);
    as_vectors_close(v);
}

static void a_reader_changes_nothing_and_reads_beside_the_writer(void **state)
{
    struct place *p = *state;
    as_vectors_options read = {.read_only = true};
    float a[2] = {1, 0}, b[2] = {0, 1};
    as_vectors *writer, *reader = NULL;
    as_hit hits[2];
    as_err err = {0};
    size_t n = 0;

    assert_int_equal(as_vectors_open(p->folder, "test", &read, &reader, &err), AS_NOT_FOUND);
    assert_int_equal(access(p->folder, F_OK), -1);
    writer = open_vectors(p, (as_vectors_options){.dim = 2});
    assert_int_equal(as_vectors_open(p->folder, "test", &graph_options, &reader, &err),
                     AS_UNAVAILABLE);
    must(as_vectors_put(writer, 1, a, NULL, NULL));
    reader = open_vectors(p, read);
    assert_int_equal(as_vectors_count(reader), 0);
    must(as_vectors_search(reader, a, 2, NULL, hits, &n, NULL));
    assert_int_equal(n, 0);
    as_vectors_close(reader);
    must(as_vectors_commit(writer, NULL));
    must(as_vectors_put(writer, 2, b, NULL, NULL));
    reader = open_vectors(p, read);
    must(as_vectors_search(reader, a, 2, NULL, hits, &n, NULL));
    assert_int_equal(n, 1);
    assert_int_equal(as_vectors_put(reader, 3, a, NULL, &err), AS_USAGE);
    assert_int_equal(as_vectors_delete(reader, 1, &err), AS_USAGE);
    assert_int_equal(as_vectors_commit(reader, &err), AS_USAGE);
    assert_int_equal(as_vectors_index(reader, &err), AS_USAGE);
    as_vectors_close(writer); /* without the second vector */
    must(as_vectors_search(reader, a, 2, NULL, hits, &n, NULL));
    assert_int_equal(n, 1);
    as_vectors_close(reader);
    writer = open_vectors(p, (as_vectors_options){0});
    assert_int_equal(as_vectors_count(writer), 1);
    assert_false(as_vectors_has(writer, 2));
    as_vectors_close(writer);
}

/* --- memory that fails --------------------------------------------------------------------- */

typedef as_code job_fn(void *ctx);

/* Fails each allocation in turn until the job needs no more. */
static void fail_each(job_fn *job, void *ctx)
{
    as_code rc = AS_NOMEM;
    uint64_t n;

    for (n = 1; rc; n++) {
        as_mem_fail_at(n);
        rc = job(ctx);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        assert_true(n < 10000);
    }
    assert_true(n > 2);
}

static as_code job_open(void *ctx)
{
    struct place *p = ctx;
    as_vectors *v = NULL;
    as_code rc = as_vectors_open(p->folder, "test", &graph_options, &v, NULL);

    assert_true((rc == AS_OK) == (v != NULL));
    as_vectors_close(v);
    return rc;
}

static as_code job_put(void *ctx)
{
    float vector[48] = {1, 2, 3};
    as_code rc = as_vectors_put(ctx, 5000, vector, NULL, NULL);

    assert_int_equal(as_vectors_has(ctx, 5000), rc == AS_OK);
    return rc;
}

static as_code job_search(void *ctx)
{
    float query[48] = {1, 2, 3};
    as_hit hits[HITS];
    size_t n = 0;

    return as_vectors_search(ctx, query, HITS, NULL, hits, &n, NULL);
}

static as_code job_exact(void *ctx)
{
    float query[48] = {1, 2, 3};
    as_hit hits[HITS];
    size_t n = 0;

    return as_vectors_search_exact(ctx, query, HITS, NULL, hits, &n, NULL);
}

static as_code job_index(void *ctx)
{
    return as_vectors_index(ctx, NULL);
}

static void every_allocation_may_fail(void **state)
{
    as_vectors *v = open_filled(*state, 700);

    as_vectors_close(v);
    fail_each(job_open, *state);
    v = open_vectors(*state, graph_options);
    fail_each(job_search, v);
    fail_each(job_exact, v);
    fail_each(job_put, v);
    must(as_vectors_commit(v, NULL));
    fail_each(job_index, v);
    assert_int_equal(v->graph.graph.n, v->set.n);
    must(as_vectors_delete(v, 5000, NULL));
    check_same(&shared, v, 3);
    as_vectors_close(v);
    model_clear(&shared);
}

/* --- threads --------------------------------------------------------------------------------- */

#define ASKERS    4u
#define QUESTIONS 150u

struct asker {
    as_vectors *v;
    pthread_t thread;
    as_hit hits[QUESTIONS][HITS];
    size_t n[QUESTIONS];
    bool failed;
};

static void *ask_all(void *ctx)
{
    struct asker *a = ctx;
    struct model m = {.dim = 48, .random = 99};
    float query[48] = {0};

    for (size_t i = 0; i < QUESTIONS; i++) {
        as_vector_tags filter = random_filter(&m);

        random_vector(&m, 8, query);
        a->failed |= as_vectors_search(a->v, query, HITS, i % 2 ? &filter : NULL, a->hits[i],
                                       &a->n[i], NULL) != AS_OK;
    }
    return NULL;
}

static void searches_beside_each_other_find_what_one_finds(void **state)
{
    static struct asker askers[ASKERS];
    as_vectors *v = open_filled(*state, 1200);

    assert_string_equal(as_vectors_engine(v), "hnsw");
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.v = v};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_all, &askers[i]), 0);
    }
    for (size_t i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
    for (size_t i = 0; i < ASKERS; i++) {
        assert_false(askers[i].failed);
        for (size_t q = 0; q < QUESTIONS; q++) {
            assert_int_equal(askers[i].n[q], askers[0].n[q]);
            for (size_t k = 0; k < askers[i].n[q]; k++)
                assert_int_equal(askers[i].hits[q][k].id, askers[0].hits[q][k].id);
        }
    }
    as_vectors_close(v);
    model_clear(&shared);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whatever_is_done_the_exact_scan_says_what_a_plain_array_says),
        TEST(whatever_is_done_the_graph_finds_almost_all),
        TEST(the_graph_is_kept_over_a_restart_and_grows),
        TEST(a_graph_of_another_m_is_built_anew_if_m_is_asked_for),
        TEST(equal_vectors_come_in_the_order_of_their_ids),
        TEST(length_does_not_count),
        TEST(what_is_not_a_direction_is_refused),
        TEST(options_out_of_range_are_refused),
        TEST(another_model_or_dimension_is_refused),
        TEST(a_reader_changes_nothing_and_reads_beside_the_writer),
        TEST(every_allocation_may_fail),
        TEST(searches_beside_each_other_find_what_one_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
