/*
 * Facts that are told again in another as_facts, and what was stored since a mark.
 */
#include "evidence/evidence_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static as_step key(as_facts *f, const char *text)
{
    as_str str = 0;

    assert_int_equal(as_facts_intern(f, as_bytes_of(text), &str), AS_OK);
    return str | AS_STEP_KEY;
}

/* A fact at /a/7/b, under `parent`. */
static uint32_t add(as_facts *f, uint32_t parent, const char *name, uint64_t begin)
{
    uint32_t fact = AS_NO_FACT;
    as_node a = 0, seven = 0;
    as_draft d;

    assert_int_equal(as_facts_node(f, 0, key(f, "a"), &a), AS_OK);
    assert_int_equal(as_facts_node(f, a, 7, &seven), AS_OK);
    as_draft_init(&d, AS_KIND_DROPPED);
    d.parent = parent;
    assert_int_equal(as_draft_text(&d, f, AS_ATTR_NAME, AS_FORM_TEXT, as_bytes_of(name)), AS_OK);
    assert_int_equal(as_draft_text(&d, f, AS_ATTR_SIZE, AS_FORM_TEXT, AS_LITERAL("42")), AS_OK);
    d.evidence[d.n_evidence++] = (as_evidence){begin, begin + 10, seven, key(f, "b")};
    d.evidence[d.n_evidence++] = (as_evidence){begin + 20, begin + 30, 0, AS_STEP_NONE};
    assert_int_equal(as_facts_add(f, &d, &fact), AS_OK);
    return fact;
}

static void assert_pointer(const as_facts *f, uint32_t fact, size_t which, const char *text)
{
    as_buf b = {0};

    as_facts_pointer(f, &as_fact_evidence(f, as_facts_get(f, fact))[which], &b);
    assert_true(as_bytes_is(as_buf_bytes(&b), text));
    as_buf_done(&b);
}

static void a_copy_says_what_the_fact_says(void **state)
{
    as_facts *from = as_facts_new(0), *to = as_facts_new(0);
    uint32_t up = add(from, AS_NO_FACT, "up.exe", 100), part = add(from, up, "part.exe", 200);
    uint32_t there = add(to, AS_NO_FACT, "there.exe", 5), first = 0, second = 0;
    as_copier *c = as_copier_new(to, from, 1000);
    const as_fact *fact;
    as_value size = {0};

    (void)state;
    assert_non_null(c);
    assert_int_equal(as_copier_fact(c, up, AS_NO_FACT, 0, &first), AS_OK);
    assert_int_equal(as_copier_fact(c, part, first, AS_FACT_CARRIED, &second), AS_OK);
    as_copier_free(c);
    as_facts_free(from);
    assert_true(first == there + 1 && second == there + 2);
    fact = as_facts_get(to, second);
    assert_int_equal(fact->kind, AS_KIND_DROPPED);
    assert_int_equal(fact->flags, AS_FACT_CARRIED);
    assert_int_equal(as_fact_parent(to, fact), first);
    assert_true(as_bytes_is(as_fact_text(to, fact, AS_ATTR_NAME), "part.exe"));
    assert_true(as_fact_attr(to, fact, AS_ATTR_SIZE, &size) && size.form == AS_FORM_NUMBER);
    assert_int_equal(as_fact_evidence(to, fact)[0].begin, 1200);
    assert_int_equal(as_fact_evidence(to, fact)[0].end, 1210);
    assert_pointer(to, second, 0, "/a/7/b");
    assert_pointer(to, second, 1, "");
    assert_true(as_bytes_is(as_fact_text(to, as_facts_get(to, there), AS_ATTR_NAME), "there.exe"));
    as_facts_free(to);
}

/* One path of a million facts is stored once, in a copy too. */
static void shared_paths_are_copied_once(void **state)
{
    as_facts *from = as_facts_new(0), *to = as_facts_new(0);
    uint32_t fact = add(from, AS_NO_FACT, "a.exe", 100), copy = 0;
    as_copier *c = as_copier_new(to, from, 0);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(as_copier_fact(c, fact, AS_NO_FACT, 0, &copy), AS_OK);
    assert_int_equal(to->nodes.n, 2);
    assert_int_equal(as_facts_count(to), 100);
    as_copier_free(c);
    as_facts_free(from);
    as_facts_free(to);
}

static void a_copy_that_finds_no_memory_leaves_nothing(void **state)
{
    as_facts *from = as_facts_new(0);
    uint32_t fact = add(from, AS_NO_FACT, "a.exe", 100);
    size_t failures = 0;

    (void)state;
    for (uint64_t n = 1;; n++) {
        as_facts *to = as_facts_new(0);
        as_copier *c = as_copier_new(to, from, 0);
        uint32_t copy = 77;
        as_code rc;

        as_mem_fail_at(n);
        rc = as_copier_fact(c, fact, AS_NO_FACT, 0, &copy);
        as_mem_fail_at(0);
        if (rc) {
            assert_int_equal(rc, AS_NOMEM);
            assert_true(copy == 77 && as_facts_count(to) == 0 && to->attrs.n == 0);
            assert_int_equal(as_copier_fact(c, fact, AS_NO_FACT, 0, &copy), AS_OK);
            assert_pointer(to, copy, 0, "/a/7/b");
            failures++;
        }
        as_copier_free(c);
        as_facts_free(to);
        if (!rc)
            break;
    }
    assert_true(failures > 2);
    as_facts_free(from);
}

static void what_came_after_a_mark_goes(void **state)
{
    as_facts *f = as_facts_new(0);
    uint32_t kept = add(f, AS_NO_FACT, "kept.exe", 100), again;
    as_mark mark = as_facts_mark(f);

    (void)state;
    (void)add(f, kept, "gone.exe", 200);
    as_facts_rewind(f, &mark);
    assert_int_equal(as_facts_count(f), kept + 1);
    again = add(f, kept, "again.exe", 300);
    assert_int_equal(again, kept + 1);
    assert_pointer(f, again, 0, "/a/7/b");
    assert_true(as_bytes_is(as_fact_text(f, as_facts_get(f, kept), AS_ATTR_NAME), "kept.exe"));
    assert_true(as_bytes_is(as_fact_text(f, as_facts_get(f, again), AS_ATTR_NAME), "again.exe"));
    as_facts_free(f);
}

static void facts_change_places(void **state)
{
    as_facts *a = as_facts_new(0), *b = as_facts_new(0);

    (void)state;
    (void)add(a, AS_NO_FACT, "a.exe", 100);
    as_facts_swap(a, b);
    assert_int_equal(as_facts_count(a), 0);
    assert_true(as_bytes_is(as_fact_text(b, as_facts_get(b, 0), AS_ATTR_NAME), "a.exe"));
    as_facts_free(a);
    as_facts_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_says_what_the_fact_says),
        cmocka_unit_test(shared_paths_are_copied_once),
        cmocka_unit_test(a_copy_that_finds_no_memory_leaves_nothing),
        cmocka_unit_test(what_came_after_a_mark_goes),
        cmocka_unit_test(facts_change_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
