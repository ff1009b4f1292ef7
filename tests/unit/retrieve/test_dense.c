/*
 * The dense route, with an encoder that is made for the test: words that mean alike share a
 * direction, any other word has one of its own. The same text always gives the same vector.
 */
#include "made.h"

#include "base/hash.h"

#include <math.h>
#include <sys/stat.h>

#include "base/banned.h"

#define DIM      96u
#define CONCEPTS 8u

static const struct meaning {
    const char *word;
    unsigned concept;
} meanings[] = {
    {"exfiltrates", 0}, {"steals", 0},     {"credentials", 1}, {"passwords", 1}, {"browser", 2},
    {"chrome", 2},      {"survives", 3},   {"persistence", 3}, {"reboot", 4},    {"restart", 4},
    {"encrypts", 5},    {"ransomware", 5}, {"窃取", 0},        {"密码", 1},      {"浏览器", 2},
};

/* Other calls than these are counted, to see what is encoded once. */
static size_t encoded;

static void add_word(float *vector, as_bytes word)
{
    for (size_t i = 0; i < AS_COUNT(meanings); i++) {
        if (as_bytes_eq_nocase(word, as_bytes_of(meanings[i].word))) {
            vector[meanings[i].concept] += 1.0F;
            return;
        }
    }
    vector[CONCEPTS + as_hash64(word, 0) % (DIM - CONCEPTS)] += 0.1F;
}

/* Words stand between blanks and signs; of CJK text, those that have a meaning. */
static void encode_one(as_bytes text, float *vector)
{
    memset(vector, 0, DIM * sizeof(*vector));
    vector[DIM - 1] = 0.01F; /* never zero */
    for (size_t from = 0, at = 0; at <= text.n; at++) {
        if (at < text.n && text.p[at] > ' ' && !strchr(".,;:|?", text.p[at]))
            continue;
        if (at > from && text.p[from] < 0x80)
            add_word(vector, (as_bytes){text.p + from, at - from});
        from = at + 1;
    }
    for (size_t i = 0; i < AS_COUNT(meanings); i++) {
        if ((uint8_t)meanings[i].word[0] >= 0x80 && made_holds(text, meanings[i].word))
            vector[meanings[i].concept] += 1.0F;
    }
}

static as_code encode(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err)
{
    const bool *broken = ctx;

    if (*broken)
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "the endpoint is down");
    for (size_t i = 0; i < n; i++)
        encode_one(texts[i], ret + i * DIM);
    encoded += n;
    return AS_OK;
}

typedef struct dense {
    made *m;
    bool broken;
    as_encoder encoder;
    as_vectors *vectors;
} dense;

static void dense_begin(dense *d, made *m)
{
    as_vectors_options options = {.dim = DIM};
    as_err err = {0};
    char folder[96];

    *d = (dense){.m = m};
    d->encoder = (as_encoder){"test", DIM, 0.3F, encode, encode, &d->broken};
    (void)snprintf(folder, sizeof(folder), "%s/vectors", m->home);
    (void)mkdir(folder, 0700);
    if (as_vectors_open(folder, "test", &options, &d->vectors, &err))
        fail_msg("%s", err.msg);
}

static size_t fill(dense *d)
{
    as_err err = {0};
    size_t n = 0;

    if (as_retrieve_fill(d->m->s, &d->encoder, d->vectors, NULL, &n, &err))
        fail_msg("%s", err.msg);
    return n;
}

static as_retrieved *ask(dense *d, const char *text)
{
    as_retriever_query q = {
        .text = as_bytes_of(text), .encoder = &d->encoder, .vectors = d->vectors};

    return made_ask(d->m, &q);
}

static void add_samples(made *m)
{
    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "It exfiltrates browser credentials."),
             BASE(ZH, FILES, "它窃取浏览器密码。"), BASE(EN, SYSTEM, "It survives a reboot."),
             ROWS(FILES, "- steals passwords"),
             CHILD(AS_LANG_EN, SYSTEM, SUMMARY, 2, "It survives a reboot."));
    MADE_ADD(m, "2.0.7", 2, BASE(EN, FILES, "It encrypts the documents."),
             BASE(EN, NETWORK, "It asked for a page."));
}

static void a_paraphrase_that_shares_no_word_is_found(void **state)
{
    dense d;
    as_retrieved *r;

    dense_begin(&d, *state);
    add_samples(d.m);
    assert_int_equal(fill(&d), 6);
    r = ask(&d, "persistence after restart");
    assert_int_equal(made_place(r, "survives a reboot"), 1);
    assert_int_equal(r->passages[0].routes[AS_ROUTE_DENSE].rank, 1);
    assert_int_equal(r->passages[0].routes[AS_ROUTE_BM25].rank, 0);
    assert_true(r->routes[AS_ROUTE_DENSE].ran);
    assert_true(made_holds(r->routes[AS_ROUTE_DENSE].note, "test, exact"));
    r = made_find(d.m, "persistence after restart"); /* not without it */
    assert_int_equal(made_place(r, "survives a reboot"), 0);
    as_vectors_close(d.vectors);
}

static void another_language_is_found_and_shown_in_that_of_the_question(void **state)
{
    dense d;
    as_retrieved *r;

    dense_begin(&d, *state);
    add_samples(d.m);
    (void)fill(&d);
    r = ask(&d, "theft of chrome passwords: steals");
    assert_int_equal(made_place(r, "exfiltrates browser"), 1);
    r = ask(&d, "是否窃取密码");
    assert_int_equal(made_place(r, "它窃取浏览器密码"), 1);
    assert_int_equal(made_place(r, "exfiltrates browser"), 0); /* its twin */
    as_vectors_close(d.vectors);
}

static void filters_hold_for_meaning_too(void **state)
{
    dense d;
    as_retriever_query q = {.text = AS_LITERAL("ransomware")};
    as_retrieved *r;

    dense_begin(&d, *state);
    add_samples(d.m);
    (void)fill(&d);
    q.encoder = &d.encoder;
    q.vectors = d.vectors;
    assert_int_equal(made_place(made_ask(d.m, &q), "encrypts"), 1);
    q.tool = AS_LITERAL("cuckoo");
    assert_int_equal(made_place(made_ask(d.m, &q), "encrypts"), 1);
    q.tool = AS_LITERAL("cape");
    assert_int_equal(made_place(made_ask(d.m, &q), "encrypts"), 0);
    q.tool = (as_bytes){0};
    q.section = AS_SECTION_NETWORK + 1;
    assert_int_equal(made_place(made_ask(d.m, &q), "encrypts"), 0);
    q.section = 0;
    q.since_us = INT64_MAX;
    r = made_ask(d.m, &q);
    assert_int_equal(r->n, 0);
    as_vectors_close(d.vectors);
}

static void what_is_far_from_the_question_is_not_shown(void **state)
{
    dense d;
    as_retrieved *r;

    dense_begin(&d, *state);
    add_samples(d.m);
    (void)fill(&d);
    r = ask(&d, "weather tomorrow");
    assert_int_equal(r->n, 0);
    assert_true(r->routes[AS_ROUTE_DENSE].candidates > 0);
    as_vectors_close(d.vectors);
}

static void chunks_are_encoded_once_and_rows_never(void **state)
{
    dense d;

    dense_begin(&d, *state);
    add_samples(d.m);
    encoded = 0;
    assert_int_equal(fill(&d), 6);
    assert_int_equal(encoded, 6);
    assert_int_equal(fill(&d), 0);
    MADE_ADD(d.m, "2.0.7", 3, BASE(EN, NETWORK, "It asked for another page."));
    assert_int_equal(fill(&d), 1);
    assert_int_equal(encoded, 7);
    as_vectors_close(d.vectors);
}

static void an_encoder_that_is_down_costs_its_route_alone(void **state)
{
    dense d;
    as_retrieved *r;

    dense_begin(&d, *state);
    add_samples(d.m);
    (void)fill(&d);
    d.broken = true;
    r = ask(&d, "credentials");
    assert_int_equal(made_place(r, "browser credentials"), 1);
    assert_false(r->routes[AS_ROUTE_DENSE].ran);
    assert_true(made_holds(r->routes[AS_ROUTE_DENSE].note, "the endpoint is down"));
    as_vectors_close(d.vectors);
}

static void vectors_of_removed_chunks_find_nothing(void **state)
{
    dense d;
    as_err err = {0};
    as_retrieved *r;

    dense_begin(&d, *state);
    add_samples(d.m);
    (void)fill(&d);
    r = ask(&d, "ransomware");
    assert_int_equal(made_place(r, "encrypts"), 1);
    assert_int_equal(as_store_remove_sample(d.m->s, r->passages[0].sample, &err), AS_OK);
    assert_int_equal(made_place(ask(&d, "ransomware"), "encrypts"), 0);
    as_vectors_close(d.vectors);
}

static void vectors_of_another_size_are_refused(void **state)
{
    dense d;
    as_err err = {0};

    dense_begin(&d, *state);
    d.encoder.dim = 8;
    assert_int_equal(as_retrieve_fill(d.m->s, &d.encoder, d.vectors, NULL, NULL, &err),
                     AS_UNAVAILABLE);
    as_vectors_close(d.vectors);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, made_begin, made_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_paraphrase_that_shares_no_word_is_found),
        TEST(another_language_is_found_and_shown_in_that_of_the_question),
        TEST(filters_hold_for_meaning_too),
        TEST(what_is_far_from_the_question_is_not_shown),
        TEST(chunks_are_encoded_once_and_rows_never),
        TEST(an_encoder_that_is_down_costs_its_route_alone),
        TEST(vectors_of_removed_chunks_find_nothing),
        TEST(vectors_of_another_size_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
