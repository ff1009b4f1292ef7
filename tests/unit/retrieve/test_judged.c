/* Judged questions and collections are read as they are written, and refused where they lie. */
#include "retrieve/judged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define ROWS_LANG 2 /* AS_CHUNK_LANG_ANY of retrieve.h */

#define HEAD                                                                                       \
    "{\"id\":\"a-1\",\"split\":\"dev\",\"lang\":\"en\",\"kind\":\"lexical\",\"scope\":\"report\"," \
    "\"report\":\"x/a.json\",\"question\":\"who?\","
#define GOOD                                                                                       \
    HEAD "\"relevant\":[{\"section\":\"network\",\"contains\":[\"8.8.8.8\",\"\\u57df\"]},"         \
         "{\"contains\":[\"x\"],\"section\":\"files\",\"why\":{}}]}\n"

static as_code read_text(as_arena *a, as_bytes text, as_judged_set *ret, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open_bytes(text, NULL, &source, err);

    rc = rc ? rc : as_judged_read(source, a, ret, err);
    as_source_free(source);
    return rc;
}

static void a_question_is_read_whole(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_judged_set set = {0};
    as_err err = {0};

    (void)state;
    assert_non_null(a);
    if (read_text(a, AS_LITERAL(GOOD GOOD), &set, &err))
        fail_msg("byte %zu: %s", err.offset, err.msg);
    assert_int_equal(set.n, 2);
    assert_true(as_bytes_is(set.p[1].id, "a-1"));
    assert_true(as_bytes_is(set.p[1].report, "x/a.json"));
    assert_false(set.p[0].whole_store);
    assert_int_equal(set.p[0].n_relevant, 2);
    assert_int_equal(set.p[0].relevant[0].section, AS_SECTION_NETWORK);
    assert_int_equal(set.p[0].relevant[0].n, 2);
    assert_true(as_bytes_is(set.p[0].relevant[0].contains[1], "域"));
    as_arena_free(a);
}

static void a_passage_fits_where_one_of_its_lines_has_all(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_judged_set set = {0};

    (void)state;
    assert_non_null(a);
    assert_int_equal(read_text(a, AS_LITERAL(GOOD), &set, NULL), AS_OK);
#define FITS(section, lang, body)                                                                  \
    as_judged_fits(&set.p[0], AS_SECTION_##section, lang, AS_LITERAL(body))
    assert_true(FITS(NETWORK, 1, "one\n域名 8.8.8.8"));
    assert_false(FITS(NETWORK, 1, "域名\n8.8.8.8"));
    assert_false(FITS(REGISTRY, 1, "域名 8.8.8.8"));
    assert_true(FITS(FILES, 0, "x"));
    assert_false(FITS(FILES, 0, ""));
    /* What stands above rows is no row. */
    assert_false(FITS(FILES, ROWS_LANG, "x"));
    assert_true(FITS(FILES, ROWS_LANG, "y\n- x"));
#undef FITS
    as_arena_free(a);
}

static void expect_fault(const char *text, const char *said)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_judged_set set = {0};
    as_err err = {0};

    assert_non_null(a);
    assert_int_equal(read_text(a, as_bytes_of(text), &set, &err), AS_INVALID);
    assert_string_equal(err.msg, said);
    assert_int_equal(set.n, 0);
    as_arena_free(a);
}

static void what_is_no_question_is_refused(void **state)
{
    (void)state;
    expect_fault("[]", "a question or a judgement is an object");
    expect_fault("{}", "'id' is missing");
    expect_fault("{\"id\":1}", "'id' is not a text");
    expect_fault("{\"id\":\"\",\"id\":\"\"}", "'id' stands there twice");
    expect_fault("{\"scope\":\"all\"}", "'scope' is not 'report' or 'store'");
    expect_fault(HEAD "\"relevant\":{}}", "'relevant' is not a list of judgements");
    expect_fault(HEAD "\"relevant\":[]}", "'relevant' is not a list with anything in it");
    expect_fault(HEAD "\"relevant\":[{\"section\":\"run\"}]}", "'contains' is missing");
    expect_fault(HEAD "\"relevant\":[{\"section\":\"x\"}]}",
                 "'section' is not the name of a section");
    expect_fault(HEAD "\"relevant\":[{\"contains\":[]}]}",
                 "'contains' is not a list with anything in it");
    expect_fault(HEAD "\"relevant\":[{\"contains\":[\"\"]}]}",
                 "'contains' is not a list of texts with something in them");
    expect_fault(HEAD "\"relevant\":[{\"contains\":7}]}", "'contains' is not a list of texts");
}

static void every_truncation_is_refused_and_every_failed_allocation_told(void **state)
{
    as_bytes good = AS_LITERAL(GOOD);
    uint64_t before = 0, n = 0;

    (void)state;
    for (size_t cut = 1; cut + 1 < good.n; cut++) {
        as_arena *a = as_arena_new((size_t)1 << 20);
        as_judged_set set = {0};

        assert_non_null(a);
        assert_int_equal(read_text(a, (as_bytes){good.p, cut}, &set, NULL), AS_INVALID);
        as_arena_free(a);
    }
    for (bool failed = true; failed; n++) {
        as_judged_set set = {0};
        as_arena *a = as_arena_new((size_t)1 << 20);
        as_code rc;

        assert_non_null(a);
        before = as_mem_count();
        as_mem_fail_at(n + 1);
        rc = read_text(a, good, &set, NULL);
        failed = as_mem_count() - before > n;
        as_mem_fail_at(0);
        assert_true(rc == AS_NOMEM || (rc == AS_OK && set.n == 1));
        as_arena_free(a);
    }
    assert_true(n > 5);
}

/* --- a collection ------------------------------------------------------------------------------
 */

#define TEXTS                                                                                      \
    ".I 1\n.T\ntitle\n.A\nname\n.W\n  one\ntwo .\n.I 2\n.T\nx\n.W\n\n.I 3\r\n.W\r\nthree\r\n"
#define QUERIES    ".I 001\n.W\nfirst ?\n.I 004\n.W\nsecond\n"
#define JUDGEMENTS "1 3 4\n1 1 1\n2 2 -1\n2 3 2\n 2  1  3 \n2 1 2\n1 2 5\n"

static as_code collect(as_arena *a, const char *texts, const char *queries, const char *judgements,
                       as_collection *ret, as_err *err)
{
    return as_cranfield_read(as_bytes_of(texts), as_bytes_of(queries), as_bytes_of(judgements), a,
                             ret, err);
}

static void a_collection_is_read_by_the_order_of_its_records(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_collection c = {0};
    as_err err = {0};

    (void)state;
    assert_non_null(a);
    if (collect(a, TEXTS, QUERIES, JUDGEMENTS, &c, &err))
        fail_msg("byte %zu: %s", err.offset, err.msg);
    assert_int_equal(c.n_texts, 3);
    assert_true(as_bytes_is(c.texts[0], "one\ntwo ."));
    assert_int_equal(c.texts[1].n, 0);
    assert_true(as_bytes_is(c.texts[2], "three"));
    assert_int_equal(c.n_queries, 2);
    assert_true(as_bytes_is(c.queries[1].text, "second"));
    /* Grade 1 is the best; 5 and -1 are none; a text that is judged twice has the better. */
    assert_int_equal(c.queries[0].n_relevant, 2);
    assert_int_equal(c.queries[0].relevant[0].text, 0);
    assert_true(c.queries[0].relevant[0].gain == 4.0);
    assert_true(c.queries[0].relevant[1].gain == 1.0);
    assert_int_equal(c.queries[1].n_relevant, 2);
    assert_int_equal(c.queries[1].relevant[0].text, 0);
    assert_true(c.queries[1].relevant[0].gain == 3.0);
    assert_int_equal(c.queries[1].relevant[1].text, 2);
    as_arena_free(a);
}

static void what_is_no_collection_is_refused(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_collection c = {0};
    as_err err = {0};

    (void)state;
    assert_non_null(a);
    assert_int_equal(collect(a, "x\n", QUERIES, JUDGEMENTS, &c, &err), AS_INVALID);
    assert_int_equal(collect(a, TEXTS, ".W\n", JUDGEMENTS, &c, &err), AS_INVALID);
    assert_int_equal(collect(a, TEXTS, QUERIES, "1 3 4\nx\n", &c, &err), AS_INVALID);
    assert_int_equal(err.offset, 6);
    assert_int_equal(collect(a, TEXTS, QUERIES, "0 1 1", &c, &err), AS_INVALID);
    assert_int_equal(collect(a, TEXTS, QUERIES, "3 1 1", &c, &err), AS_INVALID);
    assert_int_equal(collect(a, TEXTS, QUERIES, "1 4 1", &c, &err), AS_INVALID);
    assert_string_equal(err.msg, "there is no query 1 or no text 4");
    assert_int_equal(c.n_texts, 0);
    as_arena_free(a);
}

static void a_collection_survives_truncation_and_failed_allocations(void **state)
{
    bool failed = true;

    (void)state;
    for (size_t cut = 0; cut <= sizeof(TEXTS) - 1; cut++) {
        as_arena *a = as_arena_new((size_t)1 << 20);
        as_collection c = {0};
        as_bytes texts = {(const uint8_t *)TEXTS, cut};
        as_code rc;

        assert_non_null(a);
        rc = as_cranfield_read(texts, AS_LITERAL(QUERIES), AS_LITERAL(JUDGEMENTS), a, &c, NULL);
        assert_true(rc == AS_OK || rc == AS_INVALID);
        as_arena_free(a);
    }
    for (uint64_t n = 0; failed; n++) {
        as_arena *a = as_arena_new((size_t)1 << 20);
        as_collection c = {0};
        uint64_t before;
        as_code rc;

        assert_non_null(a);
        before = as_mem_count();
        as_mem_fail_at(n + 1);
        rc = collect(a, TEXTS, QUERIES, JUDGEMENTS, &c, NULL);
        failed = as_mem_count() - before > n;
        as_mem_fail_at(0);
        assert_int_equal(rc, failed ? AS_NOMEM : AS_OK);
        as_arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_read_whole),
        cmocka_unit_test(a_passage_fits_where_one_of_its_lines_has_all),
        cmocka_unit_test(what_is_no_question_is_refused),
        cmocka_unit_test(every_truncation_is_refused_and_every_failed_allocation_told),
        cmocka_unit_test(a_collection_is_read_by_the_order_of_its_records),
        cmocka_unit_test(what_is_no_collection_is_refused),
        cmocka_unit_test(a_collection_survives_truncation_and_failed_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
