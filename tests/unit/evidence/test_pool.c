#include "evidence/evidence_priv.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define MANY 300000u

static as_bytes numbered(char *dst, size_t cap, unsigned i)
{
    int n = snprintf(dst, cap, "C:\\Windows\\%u", i);

    return (as_bytes){(const uint8_t *)dst, (size_t)n};
}

static as_str intern(as_facts *f, as_bytes text)
{
    as_str str = UINT32_MAX;

    assert_int_equal(as_facts_intern(f, text, &str), AS_OK);
    return str;
}

static void expect_text(const as_facts *f, as_str str, as_bytes want)
{
    assert_true(as_bytes_eq(as_facts_text(f, str), want));
}

static void equal_texts_have_one_id(void **state)
{
    as_facts *f = as_facts_new(0);
    as_str a = intern(f, AS_LITERAL("svchost.exe")), b = intern(f, AS_LITERAL("svchost.exf"));

    (void)state;
    assert_int_equal(intern(f, AS_LITERAL("svchost.exe")), a);
    assert_int_equal(intern(f, AS_LITERAL("svchost.exf")), b);
    assert_int_not_equal(a, b);
    assert_int_not_equal(intern(f, AS_LITERAL("svchost.ex")), a);
    expect_text(f, a, AS_LITERAL("svchost.exe"));
    expect_text(f, b, AS_LITERAL("svchost.exf"));
    as_facts_free(f);
}

static void the_empty_text_is_0_and_costs_nothing(void **state)
{
    as_facts *f = as_facts_new(0);
    size_t before = as_facts_memory(f);

    (void)state;
    assert_int_equal(intern(f, (as_bytes){NULL, 0}), 0);
    assert_int_equal(intern(f, AS_LITERAL("")), 0);
    assert_int_equal(as_facts_memory(f), before);
    expect_text(f, 0, AS_LITERAL(""));
    as_facts_free(f);
    as_facts_free(NULL);
}

static void nul_bytes_are_text(void **state)
{
    as_facts *f = as_facts_new(0);
    as_str one = intern(f, AS_LITERAL("\0")), two = intern(f, AS_LITERAL("\0\0"));
    as_str ab = intern(f, AS_LITERAL("a\0b")), ac = intern(f, AS_LITERAL("a\0c"));

    (void)state;
    assert_true(one != 0 && one != two && ab != ac && ab != intern(f, AS_LITERAL("a")));
    expect_text(f, two, AS_LITERAL("\0\0"));
    expect_text(f, ac, AS_LITERAL("a\0c"));
    as_facts_free(f);
}

static void views_stay_valid_while_the_pool_grows(void **state)
{
    as_facts *f = as_facts_new(0);
    as_bytes early = as_facts_text(f, intern(f, AS_LITERAL("the first text")));
    char text[32];

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(intern(f, numbered(text, sizeof(text), i)), i + 2);
    assert_true(as_bytes_eq(early, AS_LITERAL("the first text")));
    assert_ptr_equal(as_facts_text(f, 1).p, early.p);
    for (unsigned i = 0; i < MANY; i++) {
        as_bytes want = numbered(text, sizeof(text), i);

        expect_text(f, i + 2, want);
        assert_int_equal(intern(f, want), i + 2);
    }
    as_facts_free(f);
}

static void long_texts_stand_beside_short_ones(void **state)
{
    static const size_t sizes[] = {65531, 65532, 65533, 262139, 262140, 262144, 5000000};
    as_facts *f = as_facts_new(0);
    uint8_t *big = as_mem_zero(5000000, 1);

    (void)state;
    for (size_t i = 0; i < AS_COUNT(sizes); i++) {
        as_str str, small;

        memset(big, (int)('a' + i), sizes[i]);
        str = intern(f, (as_bytes){big, sizes[i]});
        small = intern(f, (as_bytes){big, 3});
        expect_text(f, str, (as_bytes){big, sizes[i]});
        expect_text(f, small, (as_bytes){big, 3});
        assert_int_equal(intern(f, (as_bytes){big, sizes[i]}), str);
    }
    as_mem_free(big);
    as_facts_free(f);
}

static void a_text_over_4_gib_is_refused_unread(void **state)
{
    as_facts *f = as_facts_new(SIZE_MAX);
    uint8_t byte = 0;
    as_str str = 9;

    (void)state;
    assert_int_equal(as_facts_intern(f, (as_bytes){&byte, AS_TEXT_MAX + 1}, &str), AS_LIMIT);
    assert_int_equal(str, 9);
    as_facts_free(f);
}

/* Every limit up to what a job needs: what was stored before stays, and no byte more is used. */
static void the_limit_holds_for_texts(void **state)
{
    char text[32];
    bool met = false, kept = false;

    (void)state;
    for (size_t limit = 1; limit < 60000; limit += 97) {
        as_facts *f = as_facts_new(limit);
        as_str str = 0;
        as_code rc = AS_OK;
        unsigned n = 0;

        while (n < 1000 && !rc) {
            rc = as_facts_intern(f, numbered(text, sizeof(text), n), &str);
            n += rc == AS_OK;
            assert_true(as_facts_memory(f) <= limit);
        }
        assert_true(rc == AS_OK || rc == AS_LIMIT);
        assert_int_equal(str, n);
        for (unsigned i = 0; i < n; i++) {
            expect_text(f, i + 1, numbered(text, sizeof(text), i));
            assert_int_equal(intern(f, numbered(text, sizeof(text), i)), i + 1);
        }
        met = met || rc == AS_LIMIT;
        kept = kept || (rc == AS_LIMIT && n > 0);
        as_facts_free(f);
    }
    assert_true(met && kept);
}

static void each_failed_allocation_leaves_the_texts_whole(void **state)
{
    char text[32];
    bool done = false;

    (void)state;
    for (unsigned at = 1; !done; at++) {
        as_facts *f = as_facts_new(0);
        unsigned failed = 0;

        as_mem_fail_at(at);
        for (unsigned i = 0; i < 5000; i++) {
            as_str str = UINT32_MAX;
            as_code rc = as_facts_intern(f, numbered(text, sizeof(text), i), &str);

            if (rc) {
                assert_int_equal(rc, AS_NOMEM);
                assert_int_equal(str, UINT32_MAX);
                failed++;
                as_mem_fail_at(0);
                str = intern(f, numbered(text, sizeof(text), i));
            }
            assert_int_equal(str, i + 1);
        }
        as_mem_fail_at(0);
        done = failed == 0;
        assert_true(done || failed == 1);
        assert_true(!done || at > 5);
        for (unsigned i = 0; i < 5000; i++)
            expect_text(f, i + 1, numbered(text, sizeof(text), i));
        as_facts_free(f);
    }
    as_mem_fail_at(1);
    assert_null(as_facts_new(0));
    as_mem_fail_at(0);
}

/* Two texts of one tag would be told apart by their bytes; make all tags one to see it. */
static void texts_of_equal_hash_are_told_apart(void **state)
{
    as_facts *f = as_facts_new(0);
    as_str a = intern(f, AS_LITERAL("first"));
    as_str other = 0;
    uint32_t tag = (uint32_t)as_hash64(AS_LITERAL("second"), f->pool.seed);

    (void)state;
    /* The stored text claims the hash of one that is not stored yet. */
    memset(f->pool.slots, 0, f->pool.n_slots * sizeof(*f->pool.slots));
    f->pool.slots[tag & (f->pool.n_slots - 1)] = (as_slot){a, tag};
    other = intern(f, AS_LITERAL("second"));
    assert_int_not_equal(other, a);
    expect_text(f, other, AS_LITERAL("second"));
    assert_int_equal(intern(f, AS_LITERAL("second")), other);
    as_facts_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_one_id),
        cmocka_unit_test(the_empty_text_is_0_and_costs_nothing),
        cmocka_unit_test(nul_bytes_are_text),
        cmocka_unit_test(views_stay_valid_while_the_pool_grows),
        cmocka_unit_test(long_texts_stand_beside_short_ones),
        cmocka_unit_test(a_text_over_4_gib_is_refused_unread),
        cmocka_unit_test(the_limit_holds_for_texts),
        cmocka_unit_test(each_failed_allocation_leaves_the_texts_whole),
        cmocka_unit_test(texts_of_equal_hash_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
