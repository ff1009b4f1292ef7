/* Routes, fusion, filters and the trace, over stores that are written by hand. */
#include "made.h"

#include <math.h>

#include "base/banned.h"

static void a_value_of_the_question_comes_before_any_number_of_words(void **state)
{
    made *m = *state;
    as_retrieved *r;

    for (unsigned i = 1; i <= 20; i++)
        MADE_ADD(m, "2.4-CAPE", i,
                 BASE(EN, NETWORK, "Which hosts did the process contact and what did it send"));
    MADE_ADD(m, "2.4-CAPE", 99, BASE(EN, NETWORK, "It asked DNS for evil.example.com."));
    r = made_find(m, "which process did contact evil[.]example[.]com and what did it send");
    assert_int_equal(made_place(r, "evil.example.com"), 1);
    assert_true(r->passages[0].pinned);
    assert_int_equal(r->passages[0].routes[AS_ROUTE_EXACT].rank, 1);
    assert_true(made_holds(r->passages[0].reason, "exact #1: evil[.]example[.]com"));
    assert_true(r->n > 1 && !r->passages[1].pinned);
}

static void a_question_that_is_one_value_asks_no_other_route(void **state)
{
    made *m = *state;
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "It wrote C:\\Users\\x\\a.ps1 twice."));
    r = made_find(m, "C:\\Users\\x\\a.ps1");
    assert_int_equal(r->n, 1);
    assert_false(r->routes[AS_ROUTE_BM25].ran);
    assert_true(made_holds(r->routes[AS_ROUTE_BM25].note, "one value"));
    r = made_find(m, "C:\\Users\\x\\other.ps1"); /* not found as a whole: by its words */
    assert_true(r->routes[AS_ROUTE_BM25].ran);
}

static void the_start_of_a_hash_is_enough(void **state)
{
    made *m = *state;
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, ROWS(FILES, "- 0cc175b9c0f1b6a831c399e269772661 a.bin\n- other.bin"),
             ROWS(FILES, "- 92eb5ffee6ae2fec3ad71c777531578f b.bin"));
    r = made_find(m, "which file is 92eb5ffee6ae?");
    assert_int_equal(made_place(r, "b.bin"), 1);
    assert_int_equal(r->passages[0].n_marks, 1);
    assert_int_equal(r->passages[0].marks[0].end - r->passages[0].marks[0].begin, 12);
}

static void twins_are_one_and_come_in_the_language_of_the_question(void **state)
{
    made *m = *state;
    as_retrieved *r;
    as_retriever_query q = {.text = AS_LITERAL("Global\\one"), .lang = AS_LANG_ZH + 1};

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, SYSTEM, "It used the mutex Global\\one."),
             BASE(ZH, SYSTEM, "使用了互斥体 Global\\one。"),
             CHILD(AS_CHUNK_LANG_ANY, SYSTEM, KEYWORDS, 0, "mutex\nGlobal\\one"));
    r = made_find(m, "was the mutex Global\\one used?");
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].lang, AS_LANG_EN);
    r = made_find(m, "是否使用了互斥体 Global\\one？");
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].lang, AS_LANG_ZH);
    r = made_ask(m, &q);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].lang, AS_LANG_ZH);
    q.lang = AS_LANG_EN + 1;
    r = made_ask(m, &q);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].lang, AS_LANG_EN);
}

static void a_child_brings_its_parent(void **state)
{
    made *m = *state;
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, SYSTEM, "Nothing here says it."),
             CHILD(AS_LANG_EN, SYSTEM, SUMMARY, 0, "persistence by a service"),
             BASE(EN, SYSTEM, "Something else altogether."));
    r = made_find(m, "persistence");
    assert_int_equal(r->n, 1);
    assert_true(made_holds(r->passages[0].body, "Nothing here"));
    assert_int_equal(r->passages[0].routes[AS_ROUTE_CHILD].rank, 1);
    assert_int_equal(r->passages[0].routes[AS_ROUTE_BM25].rank, 0);
    assert_true(made_holds(r->passages[0].reason, "child #1 (summary)"));
}

static void scores_are_reciprocal_ranks_by_weight(void **state)
{
    made *m = *state;
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, SYSTEM, "alpha beta gamma"),
             CHILD(AS_LANG_EN, SYSTEM, SUMMARY, 0, "alpha beta"),
             BASE(EN, SYSTEM, "alpha delta epsilon zeta eta theta"));
    r = made_find(m, "alpha beta");
    assert_int_equal(r->n, 2);
    assert_true(made_holds(r->passages[0].body, "gamma"));
    assert_true(fabs(r->passages[0].score - (1.0 / 61 + 0.7 / 61)) < 1e-9);
    assert_true(fabs(r->passages[1].score - 1.0 / 62) < 1e-9);
}

static void filters_leave_only_what_passes(void **state)
{
    made *m = *state;
    as_retriever_query q = {.text = AS_LITERAL("needle")};
    int64_t cape, cuckoo;
    as_retrieved *r;

    cape = MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "needle in files of one"),
                    BASE(EN, NETWORK, "needle in the network of one"));
    cuckoo = MADE_ADD(m, "2.0.7", 2, BASE(EN, FILES, "needle in files of two"));
    assert_int_equal(made_ask(m, &q)->n, 3);
    q.sample = cape;
    r = made_ask(m, &q);
    assert_int_equal(r->n, 2);
    assert_int_equal(made_place(r, "of two"), 0);
    q.section = AS_SECTION_NETWORK + 1;
    r = made_ask(m, &q);
    assert_int_equal(r->n, 1);
    assert_int_equal(made_place(r, "network"), 1);
    q.sample = 0;
    q.section = 0;
    q.tool = AS_LITERAL("CUCKOO");
    r = made_ask(m, &q);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].sample, cuckoo);
    q.tool = AS_LITERAL("Joe");
    r = made_ask(m, &q);
    assert_int_equal(r->n, 0);
    assert_true(as_bytes_is(r->scope, "0 samples, 0 passages"));
    q.tool = (as_bytes){0};
    q.since_us = 1;
    assert_int_equal(made_ask(m, &q)->n, 3);
    q.since_us = INT64_MAX;
    assert_int_equal(made_ask(m, &q)->n, 0);
}

static void what_is_not_there_is_not_found_and_the_scope_is_told(void **state)
{
    made *m = *state;
    as_retrieved *r = made_find(m, "anything");

    assert_int_equal(r->n, 0);
    assert_true(as_bytes_is(r->scope, "0 samples, 0 passages"));
    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "needle"));
    r = made_find(m, "haystack");
    assert_int_equal(r->n, 0);
    assert_true(as_bytes_is(r->scope, "1 sample, 1 passage"));
    r = made_find(m, "");
    assert_int_equal(r->n, 0);
    assert_false(r->routes[AS_ROUTE_BM25].ran);
}

static void no_encoder_means_no_dense_route_and_the_trace_says_so(void **state)
{
    made *m = *state;
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "needle"));
    r = made_find(m, "needle");
    assert_false(r->routes[AS_ROUTE_DENSE].ran);
    assert_true(as_bytes_is(r->routes[AS_ROUTE_DENSE].note, "no text encoder is configured"));
    assert_true(r->routes[AS_ROUTE_BM25].ran);
    assert_int_equal(r->routes[AS_ROUTE_BM25].candidates, 1);
    assert_int_equal(r->routes[AS_ROUTE_BM25].found, 1);
    assert_true(r->us >= r->routes[AS_ROUTE_BM25].us);
}

static void passages_that_say_the_same_come_once(void **state)
{
    made *m = *state;
    as_retrieved *r;

    for (unsigned i = 1; i <= 5; i++)
        MADE_ADD(m, "2.4-CAPE", i, BASE(EN, FILES, "the needle was seen in this place"));
    r = made_find(m, "needle");
    assert_int_equal(r->n, 1);
    assert_int_equal(r->left_out, 4);
}

static void other_samples_have_their_turn_before_one_sample_takes_more(void **state)
{
    made *m = *state;
    int64_t first;
    as_retrieved *r;

    first = MADE_ADD(
        m, "2.4-CAPE", 1, BASE(EN, FILES, "needle needle needle a"),
        BASE(EN, FILES, "needle needle needle b"), BASE(EN, FILES, "needle needle needle c"),
        BASE(EN, FILES, "needle needle needle d"), BASE(EN, FILES, "needle needle needle e"));
    MADE_ADD(m, "2.4-CAPE", 2,
             BASE(EN, FILES, "one needle among very many other words that say nothing of it"));
    r = made_find(m, "needle");
    assert_int_equal(r->n, 6);
    r = made_ask(m, &(as_retriever_query){.text = AS_LITERAL("needle"), .k = 4});
    assert_int_equal(r->n, 4);
    assert_int_not_equal(made_place(r, "very many other"), 0);
    r = made_ask(m, &(as_retriever_query){.text = AS_LITERAL("needle"), .k = 4, .sample = first});
    assert_int_equal(r->n, 4);
}

static void text_in_quotes_is_looked_for_as_it_stands(void **state)
{
    made *m = *state;
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "memory of the process was dumped to a file"),
             BASE(EN, FILES, "the process memory was read by another"));
    r = made_find(m, "where is \"process memory\" read");
    assert_int_equal(made_place(r, "process memory"), 1);
    assert_true(r->passages[0].pinned);
    r = made_find(m, "哪里有“process memory”");
    assert_int_equal(made_place(r, "process memory"), 1);
}

static void marks_are_the_words_of_the_question(void **state)
{
    made *m = *state;
    as_retrieved *r;
    as_bytes body;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "It called NtCreateUserProcess for a.ps1 once."),
             BASE(ZH, FILES, "恶意程序写入了文件 a.ps1。"));
    r = made_find(m, "createuser");
    assert_int_equal(r->n, 1);
    body = r->passages[0].body;
    assert_int_equal(r->passages[0].n_marks, 1);
    assert_int_equal(r->passages[0].marks[0].end - r->passages[0].marks[0].begin,
                     strlen("NtCreateUserProcess"));
    assert_memory_equal(body.p + r->passages[0].marks[0].begin, "NtCreate", 8);
    r = made_find(m, "写入文件");
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].lang, AS_LANG_ZH);
    assert_true(r->passages[0].n_marks > 0);
    for (size_t i = 0; i < r->passages[0].n_marks; i++) {
        as_range at = r->passages[0].marks[i];

        assert_true(at.begin < at.end && at.end <= r->passages[0].body.n);
        assert_true((r->passages[0].body.p[at.begin] & 0xc0) != 0x80);
    }
}

static void the_snippet_of_a_long_body_holds_the_words(void **state)
{
    made *m = *state;
    as_buf text = {0};
    as_retrieved *r;
    as_range at;

    for (unsigned i = 0; i < 60; i++)
        as_buf_printf(&text, "Sentence %u 说的是别的事情 and nothing more.\n", i);
    as_buf_text(&text, "Here the needle lies in the hay.\nThe end of all.");
    as_buf_byte(&text, '\0');
    made_add(m, "2.4-CAPE", 1,
             &(made_chunk){AS_SECTION_FILES, AS_LANG_EN, AS_CHUNK_BASE, -1, (const char *)text.p},
             1);
    r = made_find(m, "needle hay");
    assert_int_equal(r->n, 1);
    at = r->passages[0].snippet;
    assert_true(at.end - at.begin < 800);
    assert_true(made_holds((as_bytes){r->passages[0].body.p + at.begin, at.end - at.begin},
                           "needle lies in the hay"));
    as_buf_done(&text);
}

static void nothing_in_a_question_is_syntax(void **state)
{
    static const char *const hostile[] = {
        "\"",
        "needle\"",
        "needle AND (",
        "NEAR(needle hay, 2)",
        "body: needle",
        "context : \"x\"",
        "-needle +hay ^first *",
        "needle*",
        "a OR OR b",
        "NOT needle",
        "'; DROP TABLE chunk; --",
        "{a b} : c",
        "\x01\x02\x1b[31m needle\x7f",
        "\xff\xfe needle \xc3",
        "“未闭合",
        "%s%n%x needle",
        "needle\\",
        "((((((((((((((((needle",
        "\"\"\"\"\"\"\"\"",
        "`needle` 「」『",
    };
    made *m = *state;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "the needle in the hay"));
    for (size_t i = 0; i < AS_COUNT(hostile); i++) {
        as_retrieved *r = made_find(m, hostile[i]);

        if (r->n != (strstr(hostile[i], "needle") != NULL))
            fail_msg("%zu passages for '%s'", r->n, hostile[i]);
    }
    assert_int_equal(made_find(m, "needle")->n, 1); /* the table is still there */
}

static void a_question_may_hold_a_nul_and_very_many_words(void **state)
{
    made *m = *state;
    as_buf text = {0};
    as_retriever_query q = {.text = {(const uint8_t *)"hay\0needle", 10}};
    as_retrieved *r = NULL;
    as_err err = {0};

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "the needle in the straw"));
    assert_int_equal(made_ask(m, &q)->n, 1);
    for (unsigned i = 0; i < 3000; i++)
        as_buf_printf(&text, "word%u ", i);
    q.text = as_buf_bytes(&text);
    assert_int_equal(made_ask(m, &q)->n, 0);
    as_buf_fill(&text, 'x', AS_RETRIEVE_TEXT_MAX);
    q.text = as_buf_bytes(&text);
    assert_int_equal(as_retrieve(m->s, &q, m->arena, &r, &err), AS_LIMIT);
    as_buf_done(&text);
}

static void what_was_removed_is_not_found(void **state)
{
    made *m = *state;
    as_err err = {0};
    int64_t one = MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "the needle in the hay"));

    MADE_ADD(m, "2.4-CAPE", 2, BASE(EN, FILES, "a needle elsewhere, in a stack"));
    assert_int_equal(made_find(m, "needle")->n, 2);
    assert_int_equal(as_store_remove_sample(m->s, one, &err), AS_OK);
    assert_int_equal(made_find(m, "needle")->n, 1);
}

static void evidence_and_document_are_those_of_the_chunk(void **state)
{
    made *m = *state;
    char id[AS_EVIDENCE_ID_MAX];
    as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "the needle in the hay"));
    r = made_find(m, "needle");
    assert_true(r->passages[0].n_evidence > 0);
    assert_true(r->passages[0].evidence[0].begin < r->passages[0].evidence[0].end);
    as_evidence_id(r->passages[0].doc_sha256, r->passages[0].evidence[0].begin,
                   r->passages[0].evidence[0].end, id);
    assert_true(strlen(id) > 18);
    assert_true(as_bytes_is(r->passages[0].tool, "CAPE"));
    assert_int_equal(r->passages[0].section, AS_SECTION_FILES);
}

static void each_allocation_of_a_search_may_fail(void **state)
{
    made *m = *state;
    as_retriever_query q = {.text = AS_LITERAL("which \"needle\" in evil.example.com 写入文件")};
    as_code rc = AS_NOMEM;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "the needle of evil.example.com"),
             BASE(ZH, FILES, "写入了文件 evil.example.com。"),
             CHILD(AS_LANG_EN, FILES, SUMMARY, 0, "needle"));
    for (uint64_t n = 1; rc != AS_OK; n++) {
        as_arena *a = as_arena_new((size_t)64 << 20);
        as_retrieved *r = NULL;
        as_err err = {0};

        assert_non_null(a);
        assert_true(n < 5000);
        as_mem_fail_at(n);
        rc = as_retrieve(m->s, &q, a, &r, &err);
        as_mem_fail_at(0);
        if (rc != AS_OK && rc != AS_NOMEM)
            fail_msg("allocation %llu: %s", (unsigned long long)n, err.msg);
        assert_true((rc == AS_OK) == (r != NULL));
        as_arena_free(a);
    }
    assert_int_equal(made_ask(m, &q)->n, 1);
}

static void a_route_of_weight_0_does_not_run(void **state)
{
    static const double alone[] = {0, 1, 0, 0}, none[] = {0, 0, 0, 0};
    as_retriever_query q = {.text = AS_LITERAL("needle \"hay\"")};
    made *m = *state;
    const as_retrieved *r;

    MADE_ADD(m, "2.4-CAPE", 1, BASE(EN, FILES, "a needle in hay"),
             CHILD(AS_LANG_EN, FILES, SUMMARY, 0, "a needle"));
    r = made_ask(m, &q);
    assert_true(r->routes[AS_ROUTE_EXACT].ran && r->routes[AS_ROUTE_CHILD].ran);
    q.weights = alone;
    r = made_ask(m, &q);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->passages[0].routes[AS_ROUTE_BM25].rank, 1);
    assert_int_equal(r->passages[0].routes[AS_ROUTE_CHILD].rank, 0);
    assert_false(r->passages[0].pinned);
    assert_false(r->routes[AS_ROUTE_EXACT].ran || r->routes[AS_ROUTE_CHILD].ran);
    assert_true(as_bytes_is(r->routes[AS_ROUTE_EXACT].note, "its weight is 0"));
    q.weights = none;
    assert_int_equal(made_ask(m, &q)->n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, made_begin, made_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_of_the_question_comes_before_any_number_of_words),
        TEST(a_question_that_is_one_value_asks_no_other_route),
        TEST(the_start_of_a_hash_is_enough),
        TEST(a_route_of_weight_0_does_not_run),
        TEST(twins_are_one_and_come_in_the_language_of_the_question),
        TEST(a_child_brings_its_parent),
        TEST(scores_are_reciprocal_ranks_by_weight),
        TEST(filters_leave_only_what_passes),
        TEST(what_is_not_there_is_not_found_and_the_scope_is_told),
        TEST(no_encoder_means_no_dense_route_and_the_trace_says_so),
        TEST(passages_that_say_the_same_come_once),
        TEST(other_samples_have_their_turn_before_one_sample_takes_more),
        TEST(text_in_quotes_is_looked_for_as_it_stands),
        TEST(marks_are_the_words_of_the_question),
        TEST(the_snippet_of_a_long_body_holds_the_words),
        TEST(nothing_in_a_question_is_syntax),
        TEST(a_question_may_hold_a_nul_and_very_many_words),
        TEST(what_was_removed_is_not_found),
        TEST(evidence_and_document_are_those_of_the_chunk),
        TEST(each_allocation_of_a_search_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
