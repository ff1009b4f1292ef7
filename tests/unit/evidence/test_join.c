#include "evidence/evidence_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static uint32_t add(as_facts *f, uint32_t parent, as_attr_name name, const char *text,
                    uint64_t begin, uint64_t end)
{
    uint32_t fact = AS_NO_FACT;
    as_draft d;

    as_draft_init(&d, AS_KIND_DROPPED);
    d.parent = parent;
    assert_int_equal(as_draft_text(&d, f, name, AS_FORM_TEXT, as_bytes_of(text)), AS_OK);
    d.evidence[d.n_evidence++] = (as_evidence){begin, end, 0, 0};
    assert_int_equal(as_facts_add(f, &d, &fact), AS_OK);
    return fact;
}

static void join(as_facts *f, uint32_t into, uint32_t from)
{
    assert_int_equal(as_facts_join(f, into, from), AS_OK);
}

static const as_evidence *evidence(const as_facts *f, uint32_t fact)
{
    return as_fact_evidence(f, as_facts_get(f, fact));
}

static uint32_t parent(const as_facts *f, uint32_t fact)
{
    return as_fact_parent(f, as_facts_get(f, fact));
}

static bool gone(const as_facts *f, uint32_t fact)
{
    return as_facts_get(f, fact)->flags & AS_FACT_GONE;
}

static void what_one_fact_lacks_comes_from_the_other(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a.exe", 10, 20);
    uint32_t between = add(f, AS_NO_FACT, AS_ATTR_NAME, "other", 30, 40);
    uint32_t b = add(f, AS_NO_FACT, AS_ATTR_MD5, "d41d8", 50, 60);
    const as_fact *fact;

    (void)state;
    join(f, a, b);
    fact = as_facts_get(f, a);
    assert_true(gone(f, b) && !gone(f, a) && !gone(f, between));
    assert_int_equal(fact->n_attrs, 2);
    assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_NAME), "a.exe"));
    assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_MD5), "d41d8"));
    assert_int_equal(fact->n_evidence, 2);
    assert_true(evidence(f, a)[0].begin == 10 && evidence(f, a)[0].end == 20);
    assert_true(evidence(f, a)[1].begin == 50 && evidence(f, a)[1].end == 60);
    assert_true(as_bytes_is(as_fact_text(f, as_facts_get(f, between), AS_ATTR_NAME), "other"));
    assert_int_equal(evidence(f, between)[0].begin, 30);
    as_facts_free(f);
}

static void an_attribute_that_is_there_stays(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "mine", 1, 2);
    uint32_t b = add(f, AS_NO_FACT, AS_ATTR_NAME, "yours", 3, 4);

    (void)state;
    join(f, a, b);
    assert_int_equal(as_facts_get(f, a)->n_attrs, 1);
    assert_true(as_bytes_is(as_fact_text(f, as_facts_get(f, a), AS_ATTR_NAME), "mine"));
    as_facts_free(f);
}

static void a_name_that_one_fact_has_twice_comes_over_twice(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 1, 2), b = AS_NO_FACT;
    as_draft d;

    (void)state;
    as_draft_init(&d, AS_KIND_DROPPED);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(as_draft_text(&d, f, AS_ATTR_TYPE, AS_FORM_TEXT, AS_LITERAL("PE32")),
                         AS_OK);
    d.evidence[d.n_evidence++] = (as_evidence){3, 4, 0, 0};
    assert_int_equal(as_facts_add(f, &d, &b), AS_OK);
    join(f, a, b);
    assert_int_equal(as_facts_get(f, a)->n_attrs, 3);
    as_facts_free(f);
}

static void evidence_that_is_there_is_not_told_twice(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 1, 9);
    uint32_t same = add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 1, 9);
    uint32_t first = add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 1, 8);
    uint32_t last = add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 2, 9);

    (void)state;
    join(f, a, same);
    assert_int_equal(as_facts_get(f, a)->n_evidence, 1);
    assert_true(gone(f, same));
    join(f, a, first);
    join(f, a, last);
    assert_int_equal(as_facts_get(f, a)->n_evidence, 3);
    as_facts_free(f);
}

static void children_follow_their_parent(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 1, 2);
    uint32_t b = add(f, AS_NO_FACT, AS_ATTR_NAME, "b", 3, 4);
    uint32_t c = add(f, AS_NO_FACT, AS_ATTR_NAME, "c", 5, 6);
    uint32_t of_a = add(f, a, AS_ATTR_NAME, "x", 7, 8);
    uint32_t of_b = add(f, b, AS_ATTR_NAME, "y", 9, 10);
    uint32_t of_c = add(f, c, AS_ATTR_NAME, "z", 11, 12);

    (void)state;
    join(f, b, c);
    assert_int_equal(parent(f, of_c), b);
    join(f, a, b);
    assert_int_equal(parent(f, of_a), a);
    assert_int_equal(parent(f, of_b), a);
    assert_int_equal(parent(f, of_c), a);
    assert_int_equal(parent(f, a), AS_NO_FACT);
    as_facts_free(f);
}

static void a_joined_number_stands_for_the_fact_it_went_into(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 1, 2);
    uint32_t b = add(f, AS_NO_FACT, AS_ATTR_NAME, "b", 3, 4);
    uint32_t c = add(f, AS_NO_FACT, AS_ATTR_NAME, "c", 5, 6);

    (void)state;
    join(f, a, a);
    assert_false(gone(f, a));
    join(f, a, b);
    join(f, b, a); /* the two are one already */
    assert_false(gone(f, a));
    assert_int_equal(as_facts_get(f, a)->n_evidence, 2);
    join(f, b, c);
    assert_true(gone(f, c));
    assert_int_equal(as_facts_get(f, a)->n_evidence, 3);
    as_facts_free(f);
}

static void a_fact_that_takes_in_its_parent_takes_its_place(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t top = add(f, AS_NO_FACT, AS_ATTR_NAME, "top", 1, 2);
    uint32_t mid = add(f, top, AS_ATTR_NAME, "mid", 3, 4);
    uint32_t low = add(f, mid, AS_ATTR_NAME, "low", 5, 6);
    uint32_t leaf = add(f, low, AS_ATTR_NAME, "leaf", 7, 8);

    (void)state;
    join(f, low, mid);
    assert_int_equal(parent(f, low), top);
    assert_int_equal(parent(f, leaf), low);
    join(f, leaf, top); /* two levels up */
    assert_int_equal(parent(f, leaf), AS_NO_FACT);
    assert_int_equal(parent(f, low), leaf);
    as_facts_free(f);
}

static void children_of_a_number_that_was_never_put_have_no_parent(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t reserved = 0, child;

    (void)state;
    assert_int_equal(as_facts_reserve(f, &reserved), AS_OK);
    child = add(f, reserved, AS_ATTR_NAME, "x", 1, 2);
    assert_int_equal(parent(f, child), AS_NO_FACT);
    join(f, child, add(f, reserved, AS_ATTR_NAME, "y", 3, 4));
    assert_int_equal(parent(f, child), AS_NO_FACT);
    as_facts_free(f);
}

/* Joined in pairs with others between, each range would move each time: 100 MB, if it did. */
static void thousands_join_one_fact_cheaply(void **state)
{
    as_facts *f = as_facts_new((size_t)8 << 20);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 1, 2);
    uint32_t b = add(f, AS_NO_FACT, AS_ATTR_NAME, "b", 3, 4);

    (void)state;
    for (uint32_t i = 0; i < 6000; i++) {
        uint64_t begin = 10 + (uint64_t)i * 10;

        join(f, i % 2 ? a : b, add(f, AS_NO_FACT, AS_ATTR_NAME, "x", begin, begin + 5));
    }
    assert_int_equal(as_facts_get(f, a)->n_evidence, 3001);
    assert_int_equal(as_facts_get(f, b)->n_evidence, 3001);
    for (uint32_t i = 0; i < 6000; i++)
        assert_int_equal(evidence(f, i % 2 ? a : b)[i / 2 + 1].begin, 10 + (uint64_t)i * 10);
    as_facts_free(f);
}

static void a_fact_has_no_more_evidence_than_it_can_count(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 0, 1), b = 0;

    (void)state;
    for (uint64_t i = 1; i < UINT16_MAX; i++)
        join(f, a, add(f, AS_NO_FACT, AS_ATTR_NAME, "x", i, i + 1));
    assert_int_equal(as_facts_get(f, a)->n_evidence, UINT16_MAX);
    b = add(f, AS_NO_FACT, AS_ATTR_MD5, "b", 1u << 20, 1u << 21);
    assert_int_equal(as_facts_join(f, a, b), AS_LIMIT);
    assert_int_equal(as_facts_get(f, a)->n_evidence, UINT16_MAX);
    assert_int_equal(as_facts_get(f, a)->n_attrs, 1);
    assert_int_equal(evidence(f, a)[UINT16_MAX - 1].begin, UINT16_MAX - 1);
    assert_false(gone(f, b));
    /* What it has already is no more. */
    join(f, a, add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 7, 8));
    as_facts_free(f);
}

/* Evidence is joined while the container it names is still being read. */
static void open_evidence_is_closed_after_a_join(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t a = add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 1, 2);
    size_t from;

    (void)state;
    for (uint64_t i = 0; i < 4; i++) /* 5 of 8 places are taken */
        join(f, a, add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 10 + i, 20));
    from = as_facts_evidence_count(f);
    join(f, a, add(f, AS_NO_FACT, AS_ATTR_NAME, "x", 500, 0));
    assert_int_equal(as_facts_get(f, a)->n_evidence, 6);
    assert_int_equal(evidence(f, a)[5].end, 0);
    as_facts_close_evidence(f, from, 500, 600);
    assert_int_equal(evidence(f, a)[5].end, 600);
    assert_true(evidence(f, a)[0].begin == 1 && evidence(f, a)[4].begin == 13);
    as_facts_free(f);
}

static as_code join_job(as_facts *f, uint32_t *ret)
{
    as_code rc = AS_OK;

    *ret = 0;
    for (uint32_t i = 1; i < as_facts_count(f) && !rc; i++) {
        rc = as_facts_join(f, 0, i);
        *ret += !rc;
    }
    return rc;
}

static void expect_joined(const as_facts *f, uint32_t n)
{
    const as_fact *fact = as_facts_get(f, 0);

    assert_int_equal(fact->n_evidence, n + 1);
    assert_int_equal(fact->n_attrs, n > 0 ? 2 : 1);
    assert_true(as_bytes_is(as_fact_text(f, fact, AS_ATTR_NAME), "a"));
    for (uint32_t i = 0; i <= n; i++)
        assert_int_equal(evidence(f, 0)[i].begin, 10 * i);
    for (uint32_t i = 1; i < as_facts_count(f); i++) {
        assert_true(gone(f, i) == (i <= n));
        assert_true(as_bytes_is(as_fact_text(f, as_facts_get(f, i), AS_ATTR_MD5), "b"));
        assert_int_equal(evidence(f, i)->begin, 10 * i);
    }
}

static as_facts *facts_to_join(void)
{
    as_facts *f = as_facts_new(0);

    (void)add(f, AS_NO_FACT, AS_ATTR_NAME, "a", 0, 1);
    for (uint32_t i = 1; i < 200; i++)
        (void)add(f, AS_NO_FACT, AS_ATTR_MD5, "b", 10 * i, 10 * i + 1);
    return f;
}

static void each_failed_allocation_leaves_a_join_undone(void **state)
{
    bool done = false;

    (void)state;
    for (unsigned at = 1; !done; at++) {
        as_facts *f = facts_to_join();
        uint32_t n = 0;
        as_code rc;

        as_mem_fail_at(at);
        rc = join_job(f, &n);
        as_mem_fail_at(0);
        done = rc == AS_OK;
        assert_true(done || rc == AS_NOMEM);
        assert_true(!done || at > 1);
        expect_joined(f, n);
        assert_int_equal(join_job(f, &n), AS_OK);
        expect_joined(f, 199);
        as_facts_free(f);
    }
}

static void the_limit_leaves_a_join_undone(void **state)
{
    bool done = false, met = false;

    (void)state;
    for (size_t more = 0; !done; more += 512) {
        as_facts *f = facts_to_join();
        uint32_t n = 0;
        as_code rc;

        f->limit = f->used + more;
        rc = join_job(f, &n);
        assert_true(as_facts_memory(f) <= f->limit);
        done = rc == AS_OK;
        met = met || rc == AS_LIMIT;
        assert_true(done || rc == AS_LIMIT);
        expect_joined(f, n);
        as_facts_free(f);
    }
    assert_true(met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_fact_lacks_comes_from_the_other),
        cmocka_unit_test(an_attribute_that_is_there_stays),
        cmocka_unit_test(a_name_that_one_fact_has_twice_comes_over_twice),
        cmocka_unit_test(evidence_that_is_there_is_not_told_twice),
        cmocka_unit_test(children_follow_their_parent),
        cmocka_unit_test(a_joined_number_stands_for_the_fact_it_went_into),
        cmocka_unit_test(a_fact_that_takes_in_its_parent_takes_its_place),
        cmocka_unit_test(children_of_a_number_that_was_never_put_have_no_parent),
        cmocka_unit_test(thousands_join_one_fact_cheaply),
        cmocka_unit_test(a_fact_has_no_more_evidence_than_it_can_count),
        cmocka_unit_test(open_evidence_is_closed_after_a_join),
        cmocka_unit_test(each_failed_allocation_leaves_a_join_undone),
        cmocka_unit_test(the_limit_leaves_a_join_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
