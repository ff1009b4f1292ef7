#include "evidence/evidence.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define MANY 200000u

static void put_text(as_facts *f, as_draft *d, as_attr_name name, as_bytes text)
{
    assert_int_equal(as_draft_text(d, f, name, AS_FORM_TEXT, text), AS_OK);
}

static void put_evidence(as_draft *d, uint64_t begin, uint64_t end)
{
    d->evidence[d->n_evidence++] = (as_evidence){begin, end, 0, (as_step)begin};
}

static uint32_t add(as_facts *f, const as_draft *d)
{
    uint32_t fact = AS_NO_FACT;

    assert_int_equal(as_facts_add(f, d, &fact), AS_OK);
    return fact;
}

static void a_fact_keeps_what_its_draft_said(void **state)
{
    as_facts *f = as_facts_new(0);
    const as_fact *fact;
    as_draft d;
    as_value v;

    (void)state;
    as_draft_init(&d, AS_KIND_MUTEX);
    put_text(f, &d, AS_ATTR_NAME, AS_LITERAL("Local\\\0x"));
    put_text(f, &d, AS_ATTR_PID, AS_LITERAL("1234"));
    put_evidence(&d, 10, 20);
    put_evidence(&d, 30, 40);
    assert_int_equal(add(f, &d), 0);
    assert_int_equal(as_facts_count(f), 1);

    fact = as_facts_get(f, 0);
    assert_int_equal(fact->kind, AS_KIND_MUTEX);
    assert_int_equal(fact->flags, 0);
    assert_int_equal(as_fact_parent(f, fact), AS_NO_FACT);
    assert_int_equal(fact->n_attrs, 2);
    assert_int_equal(as_fact_attrs(f, fact)[1].name, AS_ATTR_PID);
    assert_int_equal(fact->n_evidence, 2);
    assert_int_equal(as_fact_evidence(f, fact)[0].begin, 10);
    assert_int_equal(as_fact_evidence(f, fact)[1].end, 40);

    assert_true(as_fact_attr(f, fact, AS_ATTR_NAME, &v));
    assert_int_equal(v.form, AS_FORM_TEXT);
    assert_true(as_bytes_eq(v.text, AS_LITERAL("Local\\\0x")));
    assert_true(as_bytes_eq(as_facts_text(f, v.str), v.text));
    assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_PID), "1234"));
    as_facts_free(f);
}

static void an_attribute_that_is_not_there_is_none(void **state)
{
    as_facts *f = as_facts_new(0);
    as_value v = {AS_FORM_TRUE, 77, {0}};
    const as_fact *fact;
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_MUTEX);
    put_evidence(&d, 1, 2);
    assert_int_equal(as_facts_add(f, &d, NULL), AS_OK);
    fact = as_facts_get(f, 0);
    assert_null(as_fact_attrs(f, fact));
    assert_false(as_fact_attr(f, fact, AS_ATTR_NAME, &v));
    assert_int_equal(v.str, 77);
    assert_null(as_fact_text(f, fact, AS_ATTR_NAME).p);

    /* Empty is something else than absent. */
    put_text(f, &d, AS_ATTR_NAME, AS_LITERAL(""));
    fact = as_facts_get(f, add(f, &d));
    assert_true(as_fact_attr(f, fact, AS_ATTR_NAME, &v));
    assert_int_equal(v.text.n, 0);
    as_facts_free(f);
}

static void the_first_of_two_attributes_of_a_name_is_read(void **state)
{
    as_facts *f = as_facts_new(0);
    const as_fact *fact;
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_SIGNATURE);
    put_text(f, &d, AS_ATTR_FAMILY, AS_LITERAL("one"));
    put_text(f, &d, AS_ATTR_FAMILY, AS_LITERAL("two"));
    put_evidence(&d, 1, 2);
    fact = as_facts_get(f, add(f, &d));
    assert_int_equal(fact->n_attrs, 2);
    assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_FAMILY), "one"));
    as_facts_free(f);
}

static as_form form_of(as_attr_name name, as_form form, as_bytes text)
{
    as_facts *f = as_facts_new(0);
    as_draft d;

    as_draft_init(&d, AS_KIND_PROCESS);
    assert_int_equal(as_draft_text(&d, f, name, form, text), AS_OK);
    assert_true(as_bytes_eq(as_facts_text(f, d.attrs[0].str), text));
    as_facts_free(f);
    return (as_form)d.attrs[0].form;
}

static void a_decimal_text_becomes_a_number_where_numbers_belong(void **state)
{
    static const char *const texts[] = {"",   "00",  "01",  "-1",  "+1", " 1",
                                        "1 ", "1.0", "1e3", "0x1", "one"};

    (void)state;
    assert_int_equal(form_of(AS_ATTR_PID, AS_FORM_TEXT, AS_LITERAL("0")), AS_FORM_NUMBER);
    assert_int_equal(form_of(AS_ATTR_PID, AS_FORM_TEXT, AS_LITERAL("1204")), AS_FORM_NUMBER);
    assert_int_equal(form_of(AS_ATTR_SIZE, AS_FORM_TEXT, AS_LITERAL("99999999999999999999999")),
                     AS_FORM_NUMBER);
    for (size_t i = 0; i < AS_COUNT(texts); i++)
        assert_int_equal(form_of(AS_ATTR_PID, AS_FORM_TEXT, as_bytes_of(texts[i])), AS_FORM_TEXT);
    assert_int_equal(form_of(AS_ATTR_PID, AS_FORM_TEXT, AS_LITERAL("1\0")), AS_FORM_TEXT);
    assert_int_equal(form_of(AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("12")), AS_FORM_TEXT);
    assert_int_equal(form_of(AS_ATTR_NAME, AS_FORM_NUMBER, AS_LITERAL("1e3")), AS_FORM_NUMBER);
    assert_int_equal(form_of(AS_ATTR_PID, AS_FORM_TRUE, AS_LITERAL("true")), AS_FORM_TRUE);
}

static void a_draft_holds_no_more_than_its_attributes(void **state)
{
    as_facts *f = as_facts_new(0);
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_MUTEX);
    for (unsigned i = 0; i < AS_DRAFT_ATTRS; i++)
        put_text(f, &d, AS_ATTR_NAME, AS_LITERAL("x"));
    assert_int_equal(as_draft_text(&d, f, AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("y")), AS_LIMIT);
    assert_int_equal(d.n_attrs, AS_DRAFT_ATTRS);
    put_evidence(&d, 1, 2);
    assert_int_equal(as_facts_get(f, add(f, &d))->n_attrs, AS_DRAFT_ATTRS);
    as_facts_free(f);
}

static void parts_may_come_before_their_fact(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t whole = 0, part;
    as_draft d;

    (void)state;
    assert_int_equal(as_facts_reserve(f, &whole), AS_OK);
    assert_true(as_facts_get(f, whole)->flags & AS_FACT_GONE);
    as_draft_init(&d, AS_KIND_MUTEX);
    d.parent = whole;
    put_evidence(&d, 5, 6);
    part = add(f, &d);
    assert_int_equal(as_fact_parent(f, as_facts_get(f, part)), AS_NO_FACT);

    as_draft_init(&d, AS_KIND_SIGNATURE);
    put_text(f, &d, AS_ATTR_NAME, AS_LITERAL("sig"));
    put_evidence(&d, 1, 9);
    assert_int_equal(as_facts_put(f, whole, &d), AS_OK);
    assert_int_equal(as_facts_count(f), 2);
    assert_false(as_facts_get(f, whole)->flags & AS_FACT_GONE);
    assert_true(as_bytes_is(as_fact_text(f, as_facts_get(f, whole), AS_ATTR_NAME), "sig"));
    assert_int_equal(as_fact_parent(f, as_facts_get(f, part)), whole);
    as_facts_free(f);
}

static void a_dropped_number_stands_for_another_parent(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t outer, dropped = 0, part;
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_PROCESS);
    put_evidence(&d, 1, 9);
    outer = add(f, &d);
    assert_int_equal(as_facts_reserve(f, &dropped), AS_OK);
    d.parent = dropped;
    part = add(f, &d);
    assert_int_equal(as_fact_parent(f, as_facts_get(f, part)), AS_NO_FACT);
    as_facts_drop(f, dropped, outer);
    assert_int_equal(as_fact_parent(f, as_facts_get(f, part)), outer);
    assert_true(as_facts_get(f, dropped)->flags & AS_FACT_GONE);
    as_facts_drop(f, dropped, AS_NO_FACT);
    assert_int_equal(as_fact_parent(f, as_facts_get(f, part)), AS_NO_FACT);
    as_facts_free(f);
}

static void a_fact_is_of_the_run_above_it(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t runs[2], gone = AS_NO_FACT, process, part, other;
    as_draft d;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        as_draft_init(&d, AS_KIND_ANALYSIS);
        put_evidence(&d, i, i + 1);
        runs[i] = add(f, &d);
    }
    assert_int_equal(as_facts_reserve(f, &gone), AS_OK);
    as_facts_drop(f, gone, runs[1]);
    as_draft_init(&d, AS_KIND_PROCESS);
    put_evidence(&d, 5, 6);
    d.parent = gone;
    process = add(f, &d);
    d.kind = AS_KIND_MUTEX;
    d.parent = process;
    part = add(f, &d);
    d.parent = AS_NO_FACT;
    other = add(f, &d);
    assert_int_equal(as_fact_run(f, runs[0]), runs[0]);
    assert_int_equal(as_fact_run(f, gone), runs[1]);
    assert_int_equal(as_fact_run(f, process), runs[1]);
    assert_int_equal(as_fact_run(f, part), runs[1]);
    assert_int_equal(as_fact_run(f, other), AS_NO_FACT);
    assert_int_equal(as_fact_run(f, AS_NO_FACT), AS_NO_FACT);
    assert_int_equal(as_facts_join(f, runs[0], runs[1]), AS_OK);
    assert_int_equal(as_fact_run(f, part), runs[0]);
    as_facts_free(f);
}

static void an_open_evidence_is_closed_where_it_began(void **state)
{
    as_facts *f = as_facts_new(0);
    const as_evidence *e;
    size_t from;
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_MUTEX);
    put_evidence(&d, 100, 0);
    assert_int_equal(add(f, &d), 0);
    from = as_facts_evidence_count(f);
    assert_int_equal(from, 1);
    d.n_evidence = 0;
    put_evidence(&d, 100, 0);
    put_evidence(&d, 100, 105);
    put_evidence(&d, 200, 0);
    assert_int_equal(add(f, &d), 1);
    as_facts_close_evidence(f, from, 100, 900);

    assert_int_equal(as_fact_evidence(f, as_facts_get(f, 0))[0].end, 0);
    e = as_fact_evidence(f, as_facts_get(f, 1));
    assert_int_equal(e[0].end, 900);
    assert_int_equal(e[1].end, 105);
    assert_int_equal(e[2].end, 0);
    as_facts_free(f);
}

/* A large report: its facts must read back, and the whole must stay small. */
static void two_hundred_thousand_facts_are_compact(void **state)
{
    as_facts *f = as_facts_new(0);
    char name[32];
    as_draft d;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        int n = snprintf(name, sizeof(name), "fact %u", i);

        as_draft_init(&d, AS_KIND_FILE_WRITTEN);
        put_text(f, &d, AS_ATTR_PATH, (as_bytes){(const uint8_t *)name, (size_t)n});
        put_text(f, &d, AS_ATTR_PROCESS_NAME, AS_LITERAL("explorer.exe"));
        put_evidence(&d, i, i + 1);
        assert_int_equal(add(f, &d), i);
    }
    assert_int_equal(as_facts_count(f), MANY);
    for (unsigned i = 0; i < MANY; i++) {
        const as_fact *fact = as_facts_get(f, i);

        (void)snprintf(name, sizeof(name), "fact %u", i);
        assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_PATH), name));
        assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_PROCESS_NAME), "explorer.exe"));
        assert_int_equal(as_fact_evidence(f, fact)->begin, i);
    }
    /* 60 bytes of rows, about 40 of text and table, a quarter of slack */
    assert_true(as_facts_memory(f) < MANY * (size_t)128);
    as_facts_free(f);
}

static as_code fill_up(as_facts *f, unsigned *n)
{
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_MUTEX);
    rc = as_draft_text(&d, f, AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("x"));
    put_evidence(&d, 1, 2);
    while (!rc && *n < 100000) {
        d.evidence[0].begin = *n;
        rc = as_facts_add(f, &d, NULL);
        *n += !rc;
    }
    return rc;
}

static void the_limit_holds_for_facts(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 40000; limit += 61) {
        as_facts *f = as_facts_new(limit);
        uint32_t reserved = 9;
        unsigned n = 0;

        assert_int_equal(fill_up(f, &n), AS_LIMIT);
        assert_true(as_facts_memory(f) <= limit);
        assert_int_equal(as_facts_count(f), n);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(as_facts_get(f, i)->n_attrs, 1);
            assert_int_equal(as_fact_evidence(f, as_facts_get(f, i))->begin, i);
        }
        if (as_facts_reserve(f, &reserved))
            assert_int_equal(reserved, 9);
        else
            assert_int_equal(reserved, n);
        /* A fact takes 52 bytes; what the limit allows is used, not wasted on slack. */
        assert_true(limit < 8000 || n > limit / 52 / 2);
        as_facts_free(f);
    }
}

static void there_are_not_more_facts_than_the_limit_says(void **state)
{
    as_facts *f = as_facts_new(SIZE_MAX);
    uint32_t fact = 0;
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_MUTEX);
    put_evidence(&d, 1, 2);
    for (size_t i = 0; i < AS_FACTS_MAX; i++)
        assert_int_equal(as_facts_reserve(f, &fact), AS_OK);
    assert_int_equal(fact, AS_FACTS_MAX - 1);
    assert_int_equal(as_facts_reserve(f, &fact), AS_LIMIT);
    assert_int_equal(as_facts_add(f, &d, &fact), AS_LIMIT);
    assert_int_equal(fact, AS_FACTS_MAX - 1);
    assert_int_equal(as_facts_put(f, fact, &d), AS_OK);
    as_facts_free(f);
}

/* A whole and its parts, more of them than the first room of any array. */
static as_code small_job(as_facts *f, uint32_t *whole)
{
    as_code rc = as_facts_reserve(f, whole);
    as_draft d;

    if (rc)
        return rc;
    as_draft_init(&d, AS_KIND_PROCESS);
    d.parent = *whole;
    put_evidence(&d, 3, 4);
    rc = as_draft_text(&d, f, AS_ATTR_PID, AS_FORM_TEXT, AS_LITERAL("77"));
    for (unsigned i = 0; i < 300 && !rc; i++)
        rc = as_facts_add(f, &d, NULL);
    d.parent = AS_NO_FACT;
    return rc ? rc : as_facts_put(f, *whole, &d);
}

static void each_failed_allocation_leaves_the_facts_whole(void **state)
{
    bool done = false;

    (void)state;
    for (unsigned at = 1; !done; at++) {
        as_facts *f = as_facts_new(0);
        uint32_t whole = AS_NO_FACT, ret = 0;
        as_draft d;
        as_code rc;

        as_mem_fail_at(at);
        rc = small_job(f, &whole);
        as_mem_fail_at(0);
        done = rc == AS_OK;
        assert_true(done || rc == AS_NOMEM);
        assert_true(!done || at > 8);
        for (size_t i = 0; i < as_facts_count(f); i++) {
            const as_fact *fact = as_facts_get(f, i);

            if (fact->flags & AS_FACT_GONE)
                continue;
            assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_PID), "77"));
            assert_int_equal(as_fact_evidence(f, fact)->begin, 3);
            assert_int_equal(as_fact_parent(f, fact), done && i > 0 ? whole : AS_NO_FACT);
        }
        as_draft_init(&d, AS_KIND_PROCESS);
        put_evidence(&d, 5, 6);
        assert_int_equal(as_facts_add(f, &d, &ret), AS_OK);
        assert_int_equal(ret, as_facts_count(f) - 1);
        assert_int_equal(as_fact_evidence(f, as_facts_get(f, ret))->begin, 5);
        as_facts_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_keeps_what_its_draft_said),
        cmocka_unit_test(an_attribute_that_is_not_there_is_none),
        cmocka_unit_test(the_first_of_two_attributes_of_a_name_is_read),
        cmocka_unit_test(a_decimal_text_becomes_a_number_where_numbers_belong),
        cmocka_unit_test(a_draft_holds_no_more_than_its_attributes),
        cmocka_unit_test(parts_may_come_before_their_fact),
        cmocka_unit_test(a_dropped_number_stands_for_another_parent),
        cmocka_unit_test(a_fact_is_of_the_run_above_it),
        cmocka_unit_test(an_open_evidence_is_closed_where_it_began),
        cmocka_unit_test(two_hundred_thousand_facts_are_compact),
        cmocka_unit_test(the_limit_holds_for_facts),
        cmocka_unit_test(there_are_not_more_facts_than_the_limit_says),
        cmocka_unit_test(each_failed_allocation_leaves_the_facts_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
