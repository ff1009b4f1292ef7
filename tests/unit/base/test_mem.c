#include "base/base.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static void nothing_is_still_a_pointer(void **state)
{
    void *p = as_mem_get(0), *q = as_mem_zero(0, 8);

    (void)state;
    assert_non_null(p);
    assert_non_null(q);
    p = as_mem_resize(p, 0);
    assert_non_null(p);
    as_mem_free(p);
    as_mem_free(q);
    as_mem_free(NULL);
}

static void zeroed_memory_that_overflows_is_refused(void **state)
{
    volatile size_t half = SIZE_MAX / 2; /* hidden from the compiler, which would warn */

    (void)state;
    assert_null(as_mem_zero(half, 3));
}

static void the_nth_allocation_and_all_after_it_fail(void **state)
{
    void *first, *second;

    (void)state;
    as_mem_fail_at(2);
    first = as_mem_get(1);
    second = as_mem_get(1);
    assert_null(as_mem_zero(1, 1));
    assert_null(as_mem_resize(NULL, 1));
    as_mem_fail_at(0);
    assert_non_null(first);
    assert_null(second);
    second = as_mem_get(1);
    assert_non_null(second);
    as_mem_free(first);
    as_mem_free(second);
}

static void an_array_doubles_when_it_is_full(void **state)
{
    size_t cap = 0, before;
    void *p = NULL;

    (void)state;
    for (size_t n = 0; n < 1000; n++) {
        assert_true(as_mem_room(&p, &cap, n, sizeof(size_t)));
        assert_true(cap > n);
        ((size_t *)p)[n] = n;
    }
    assert_int_equal(cap, 1024);
    before = cap;
    as_mem_fail_at(1);
    assert_true(as_mem_room(&p, &cap, 1000, sizeof(size_t))); /* there is room: nothing to ask */
    assert_false(as_mem_room(&p, &cap, 1024, sizeof(size_t)));
    as_mem_fail_at(0);
    assert_int_equal(cap, before);
    assert_int_equal(((size_t *)p)[999], 999);
    assert_false(as_mem_room(&p, &cap, 1024, SIZE_MAX / 1024));
    as_mem_free(p);
}

static void a_failed_resize_leaves_the_old_block(void **state)
{
    char *p = as_mem_get(4);

    (void)state;
    assert_non_null(p);
    memcpy(p, "abc", 4);
    as_mem_fail_at(1);
    assert_null(as_mem_resize(p, 4096));
    as_mem_fail_at(0);
    assert_string_equal(p, "abc");
    as_mem_free(p);
}

static void allocations_are_counted(void **state)
{
    uint64_t before = as_mem_count();

    (void)state;
    as_mem_free(as_mem_get(1));
    as_mem_free(as_mem_zero(1, 1));
    assert_int_equal(as_mem_count() - before, 2);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    as_arena *a = as_arena_new((size_t)64 << 20);
    uint8_t *last = NULL;

    (void)state;
    assert_non_null(a);
    for (size_t size = 1; size < 40000; size = size * 3 + 1) {
        for (unsigned i = 0; i < 20; i++) {
            uint8_t *p = as_arena_take(a, size, 1);

            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t k = 0; k < size; k++)
                assert_int_equal(p[k], 0);
            memset(p, 0xee, size);
            assert_ptr_not_equal(p, last);
            last = p;
        }
    }
    as_arena_free(a);
}

static void an_arena_stops_at_its_limit(void **state)
{
    as_arena *a = as_arena_new(100);
    as_bytes copy = {NULL, 7};

    (void)state;
    assert_non_null(as_arena_take(a, 64, 1));
    assert_null(as_arena_take(a, 64, 1));
    assert_int_equal(as_arena_copy(a, (as_bytes){(const uint8_t *)a, 37}, &copy), AS_NOMEM);
    assert_int_equal(copy.n, 7);
    assert_int_equal(as_arena_used(a), 64);
    assert_non_null(as_arena_take(a, 36, 1));
    assert_int_equal(as_arena_used(a), 100);
    assert_null(as_arena_take(a, 1, 1));
    as_arena_free(a);
}

static void an_arena_of_nothing_gives_nothing(void **state)
{
    as_arena *a = as_arena_new(0);
    as_bytes copy;

    (void)state;
    assert_null(as_arena_take(a, 1, 1));
    assert_int_equal(as_arena_copy(a, (as_bytes){NULL, 0}, &copy), AS_OK);
    assert_int_equal(copy.n, 0);
    assert_non_null(copy.p);
    as_arena_free(a);
    as_arena_free(NULL);
}

static void a_take_that_overflows_is_refused(void **state)
{
    as_arena *a = as_arena_new(SIZE_MAX);

    (void)state;
    assert_null(as_arena_take(a, SIZE_MAX / 2, 3));
    assert_null(as_arena_take(a, SIZE_MAX, 1));
    assert_null(as_arena_take(a, 1, SIZE_MAX - 8));
    assert_null(as_arena_take(a, SIZE_MAX / 16 + 2, 16));
    assert_int_equal(as_arena_used(a), 0);
    assert_non_null(as_arena_take(a, 0, 8));
    as_arena_free(a);
}

static void copies_live_as_long_as_the_arena(void **state)
{
    as_arena *a = as_arena_new((size_t)1 << 20);
    as_bytes copies[300];

    (void)state;
    for (size_t i = 0; i < AS_COUNT(copies); i++) {
        uint8_t text[300];

        memset(text, (int)i, i);
        assert_int_equal(as_arena_copy(a, (as_bytes){text, i}, &copies[i]), AS_OK);
    }
    for (size_t i = 0; i < AS_COUNT(copies); i++) {
        assert_int_equal(copies[i].n, i);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(copies[i].p[k], (uint8_t)i);
    }
    as_arena_free(a);
}

static void an_arena_survives_a_heap_that_says_no(void **state)
{
    as_arena *a;
    as_bytes copy = {NULL, 9};

    (void)state;
    as_mem_fail_at(1);
    a = as_arena_new(1000);
    as_mem_fail_at(0);
    assert_null(a);

    a = as_arena_new((size_t)1 << 20);
    as_mem_fail_at(1);
    assert_null(as_arena_take(a, 1, 8));
    assert_null(as_arena_take(a, 1, 100000));
    assert_int_equal(as_arena_copy(a, AS_LITERAL("x"), &copy), AS_NOMEM);
    as_mem_fail_at(0);
    assert_int_equal(copy.n, 9);
    assert_int_equal(as_arena_used(a), 0);
    assert_non_null(as_arena_take(a, 1, 8));
    as_arena_free(a);
}

static void small_objects_share_a_block(void **state)
{
    as_arena *a = as_arena_new((size_t)16 << 20);
    uint64_t before = as_mem_count();

    (void)state;
    for (unsigned i = 0; i < 10000; i++)
        assert_non_null(as_arena_take(a, 1, 32));
    assert_true(as_mem_count() - before < 20);
    as_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_still_a_pointer),
        cmocka_unit_test(zeroed_memory_that_overflows_is_refused),
        cmocka_unit_test(the_nth_allocation_and_all_after_it_fail),
        cmocka_unit_test(an_array_doubles_when_it_is_full),
        cmocka_unit_test(a_failed_resize_leaves_the_old_block),
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(an_arena_stops_at_its_limit),
        cmocka_unit_test(an_arena_of_nothing_gives_nothing),
        cmocka_unit_test(a_take_that_overflows_is_refused),
        cmocka_unit_test(copies_live_as_long_as_the_arena),
        cmocka_unit_test(an_arena_survives_a_heap_that_says_no),
        cmocka_unit_test(small_objects_share_a_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
