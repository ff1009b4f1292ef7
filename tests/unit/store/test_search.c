/* The rank of chunks against BM25 as it is written down; bounds; filters; hostile input. */
#include "stores.h"

#include "store/search.h"

#include <math.h>

#include "base/banned.h"

#define WORDS   30u /* of a body, at most */
#define N_WORDS 12u /* that there are */

/* Bodies are of these, so that each is one token and no name. */
static const char *const vocabulary[N_WORDS] = {"alpha", "bravo", "carol", "delta",
                                                "echo",  "fox",   "golf",  "hotels",
                                                "india", "july",  "kilos", "lima"};

typedef struct corpus {
    size_t n;
    uint8_t (*count)[N_WORDS]; /* of each word in each body */
    uint8_t *length;
    uint64_t seed;
    size_t rare_each; /* "lima" stands in one of so many */
} corpus;

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 31;
}

static as_code put_chunks(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                          as_err *err)
{
    corpus *c = ctx;
    as_buf body = {0};
    as_code rc = AS_OK;

    (void)a;
    for (size_t i = 0; !rc && i < c->n; i++) {
        as_chunk chunk = {.parent = i % 5 == 4 ? (int)i - 1 : -1,
                          .role = i % 5 == 4 ? AS_CHUNK_SUMMARY : AS_CHUNK_BASE,
                          .section = (as_section)(i % AS_SECTION_COUNT),
                          .lang = (uint8_t)(i % 3),
                          .context = AS_LITERAL("one line above")};
        size_t n = 5 + next_random(&c->seed) % (WORDS - 5);

        as_buf_reset(&body);
        for (size_t k = 0; k < n; k++) {
            size_t word = next_random(&c->seed) % (1 + next_random(&c->seed) % (N_WORDS - 1));

            if (k == 0 && c->rare_each && i % c->rare_each == 0)
                word = N_WORDS - 1;
            as_buf_text(&body, vocabulary[word]);
            as_buf_byte(&body, ' ');
            c->count[i][word]++;
        }
        c->length[i] = (uint8_t)n;
        memcpy(chunk.uid, &i, sizeof(i));
        chunk.body = as_buf_bytes(&body);
        rc = put(sink, &chunk, err);
    }
    as_buf_done(&body);
    return rc;
}

static void fill(place *p, corpus *c, size_t n, size_t rare_each)
{
    as_store_add_options options = {.chunks = put_chunks, .chunks_ctx = c};
    as_added added = {0};
    as_err err = {0};
    char text[2048];

    *c = (corpus){.n = n, .seed = 7, .rare_each = rare_each};
    c->count = as_mem_zero(n, sizeof(*c->count));
    c->length = as_mem_zero(n, 1);
    assert_true(c->count && c->length);
    if (try_add(p->s,
                as_bytes_of(report_of(text, sizeof(text), HASH_A, MD5_A, "a.exe", "C:/x", "e.org")),
                &options, &added, &err))
        fail_msg("%s", err.msg);
}

static void empty(corpus *c)
{
    as_mem_free(c->count);
    as_mem_free(c->length);
}

/* BM25 with k1 1.2 and b 0.4 over the bodies alone. */
static double naive(const corpus *c, size_t i, const size_t *words, size_t n)
{
    double score = 0, all = 0, average;

    for (size_t k = 0; k < c->n; k++)
        all += c->length[k];
    average = all / (double)c->n;
    for (size_t w = 0; w < n; w++) {
        double df = 0, tf = c->count[i][words[w]];

        for (size_t k = 0; k < c->n; k++)
            df += c->count[k][words[w]] > 0;
        if (tf > 0)
            score += log(1 + ((double)c->n - df + 0.5) / (df + 0.5)) * tf * 2.2 /
                     (tf + 1.2 * (0.6 + 0.4 * (double)c->length[i] / average));
    }
    return score;
}

static as_search_found search(place *p, as_arena *a, const char *text,
                              const as_search_filter *filter, as_search_limits limits,
                              as_search_words *words)
{
    as_search_found found = {0};
    as_err err = {0};

    if (as_search_parse(as_bytes_of(text), a, words, &err) ||
        as_search_run(p->s, words->p, words->n, filter, &limits, a, &found, &err))
        fail_msg("%s", err.msg);
    return found;
}

static const as_search_filter none;

static void scores_are_those_of_bm25(void **state)
{
    static const size_t asked[] = {0, 3, 11};
    place *p = *state;
    as_arena *a = as_arena_new((size_t)1 << 28);
    as_search_words words;
    as_search_found found;
    corpus c;

    fill(p, &c, 500, 20);
    found = search(p, a, "alpha delta lima", &none, (as_search_limits){.base = 500, .child = 500},
                   &words);
    assert_int_equal(words.n, 3);
    assert_true(found.n_base > 300 && found.n_child > 50);
    for (size_t i = 0; i < found.n_base; i++) {
        size_t at = (size_t)found.base[i].id - 1;

        assert_true(fabs(found.base[i].score - naive(&c, at, asked, 3)) < 1e-9);
        assert_int_equal(found.base[i].role, AS_CHUNK_BASE);
        assert_int_equal(found.base[i].section, at % AS_SECTION_COUNT);
        assert_int_equal(found.base[i].words, (c.count[at][0] > 0) | (c.count[at][3] > 0) << 1 |
                                                  (c.count[at][11] > 0) << 2);
        if (i > 0)
            assert_true(found.base[i - 1].score >= found.base[i].score);
    }
    for (size_t i = 0; i < found.n_child; i++)
        assert_int_equal(found.child[i].parent, found.child[i].id - 1);
    assert_false(found.cut);
    as_arena_free(a);
    empty(&c);
}

/* So many rows that two phases are needed: what they leave out must be worth leaving out. */
static void rare_words_choose_and_common_ones_rank(void **state)
{
    place *p = *state;
    as_arena *a = as_arena_new((size_t)1 << 28);
    as_search_words words;
    as_search_found fast, all;
    corpus c;

    fill(p, &c, 12000, 150);
    fast = search(p, a, "alpha bravo lima", &none, (as_search_limits){.base = 10, .child = 10},
                  &words);
    assert_true(words.p[0].many && !words.p[2].many);
    assert_int_equal((int)words.p[2].df, 80);
    assert_true(fast.candidates >= 80 && fast.candidates < 4096);
    all = search(p, a, "alpha bravo lima", &none,
                 (as_search_limits){.base = 10, .child = 10, .all = true}, &words);
    assert_true(all.candidates > 8000);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(fast.base[i].id, all.base[i].id);
        assert_true(fabs(fast.base[i].score - all.base[i].score) < 0.05);
    }
    as_arena_free(a);
    empty(&c);
}

static void common_words_alone_give_chunks_that_have_them_all(void **state)
{
    place *p = *state;
    as_arena *a = as_arena_new((size_t)1 << 28);
    as_search_words words;
    as_search_found found;
    double df = 0;
    corpus c;

    fill(p, &c, 12000, 0);
    found = search(p, a, "alpha bravo carol", &none, (as_search_limits){.base = 10, .child = 10},
                   &words);
    assert_int_equal(found.n_base, 10);
    assert_true(found.cut);
    for (size_t i = 0; i < found.n_base; i++)
        assert_int_equal(found.base[i].words, 7);
    for (size_t i = 0; i < c.n; i++)
        df += c.count[i][1] > 0;
    assert_true(words.p[1].many);
    assert_true(fabs(words.p[1].df / df - 1) < 0.1); /* it is estimated well */
    as_arena_free(a);
    empty(&c);
}

static void filters_hold_for_every_row(void **state)
{
    place *p = *state;
    as_arena *a = as_arena_new((size_t)1 << 28);
    as_search_limits limits = {.base = 1000, .child = 1000};
    as_search_filter f = {.section = AS_SECTION_FILES + 1};
    as_search_words words;
    as_search_found found;
    uint64_t samples = 0, chunks = 0;
    as_err err = {0};
    corpus c;

    fill(p, &c, 600, 0);
    found = search(p, a, "alpha", &f, limits, &words);
    assert_true(found.n_base > 10);
    for (size_t i = 0; i < found.n_base; i++)
        assert_int_equal(found.base[i].section, AS_SECTION_FILES);
    f = (as_search_filter){.lang = 1};
    found = search(p, a, "alpha", &f, limits, &words);
    for (size_t i = 0; i < found.n_base; i++)
        assert_true(found.base[i].lang == 0 || found.base[i].lang == 2);
    f = (as_search_filter){.tool = AS_LITERAL("cUCKOO"), .sample = 1};
    assert_true(search(p, a, "alpha", &f, limits, &words).n_base > 100);
    assert_int_equal(as_search_scope(p->s, &f, &samples, &chunks, &err), AS_OK);
    assert_int_equal(samples, 1);
    assert_int_equal(chunks, 600);
    f.sample = 2;
    assert_int_equal(search(p, a, "alpha", &f, limits, &words).n_base, 0);
    f = (as_search_filter){.since_us = INT64_MAX};
    assert_int_equal(search(p, a, "alpha", &f, limits, &words).n_base, 0);
    as_arena_free(a);
    empty(&c);
}

static void words_that_are_nowhere_cost_nothing(void **state)
{
    place *p = *state;
    as_arena *a = as_arena_new((size_t)1 << 28);
    as_search_words words;
    as_search_found found;
    corpus c;

    found = search(p, a, "alpha", &none, (as_search_limits){.base = 5, .child = 5}, &words);
    assert_int_equal(found.n_base + found.n_child, 0); /* of an empty store */
    fill(p, &c, 50, 0);
    found = search(p, a, "zulu yankee", &none, (as_search_limits){.base = 5, .child = 5}, &words);
    assert_int_equal(words.n, 2);
    assert_int_equal(found.candidates, 0);
    found = search(p, a, "", &none, (as_search_limits){.base = 5, .child = 5}, &words);
    assert_int_equal(words.n, 0);
    assert_int_equal(found.n_base + found.n_child, 0);
    as_arena_free(a);
    empty(&c);
}

static void no_other_statement_may_call_the_rank(void **state)
{
    place *p = *state;
    as_arena *a = as_arena_new((size_t)1 << 28);
    as_search_words words;
    sqlite3_stmt *st = NULL;
    corpus c;

    fill(p, &c, 50, 0);
    (void)search(p, a, "alpha", &none, (as_search_limits){.base = 5, .child = 5}, &words);
    assert_int_equal(sqlite3_prepare_v2(p->s->db,
                                        "SELECT assay_rank(chunk_words, 1) FROM chunk_words WHERE "
                                        "chunk_words MATCH 'alpha'",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ERROR);
    (void)sqlite3_finalize(st);
    as_arena_free(a);
    empty(&c);
}

static void a_phrase_is_quoted_whatever_stands_in_it(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_search_word word = {0};
    as_err err = {0};

    (void)state;
    assert_int_equal(as_search_phrase(AS_LITERAL("a \"b\" c*"), a, &word, &err), AS_OK);
    assert_true(as_bytes_is(word.match, "\"a \"\"b\"\" c*\""));
    assert_int_equal(as_search_phrase(AS_LITERAL("..."), a, &word, &err), AS_OK);
    assert_int_equal(word.match.n, 0);
    as_arena_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(scores_are_those_of_bm25),
        TEST(rare_words_choose_and_common_ones_rank),
        TEST(common_words_alone_give_chunks_that_have_them_all),
        TEST(filters_hold_for_every_row),
        TEST(words_that_are_nowhere_cost_nothing),
        TEST(no_other_statement_may_call_the_rank),
        TEST(a_phrase_is_quoted_whatever_stands_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
