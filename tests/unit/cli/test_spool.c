#include "cli/cli_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* The byte that stands at `at` in every spool of these tests. */
static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 31 + (at >> 8));
}

static void fill(as_spool *s, size_t total, size_t piece)
{
    uint8_t *bytes = as_mem_get(piece);
    size_t at = 0;

    assert_non_null(bytes);
    while (at < total) {
        size_t n = total - at < piece ? total - at : piece;

        for (size_t i = 0; i < n; i++)
            bytes[i] = pattern(at + i);
        assert_int_equal(as_spool_add(s, (as_bytes){bytes, n}, NULL), AS_OK);
        at += n;
    }
    as_mem_free(bytes);
    assert_int_equal(as_spool_size(s), total);
}

static void expect_all(as_spool *s, size_t total, size_t piece)
{
    uint8_t *bytes = as_mem_get(piece);
    size_t at = 0;

    assert_non_null(bytes);
    while (at < total) {
        size_t n = total - at < piece ? total - at : piece;

        assert_int_equal(as_spool_take(s, bytes, n, NULL), AS_OK);
        for (size_t i = 0; i < n; i++)
            if (bytes[i] != pattern(at + i))
                fail_msg("byte %zu is wrong", at + i);
        at += n;
    }
    assert_int_equal(as_spool_take(s, bytes, 1, NULL), AS_IO);
    as_mem_free(bytes);
}

static void what_goes_in_comes_out_in_order(void **state)
{
    static const size_t totals[] = {1, AS_SPOOL_MEMORY - 1, AS_SPOOL_MEMORY, AS_SPOOL_MEMORY + 1,
                                    3 * AS_SPOOL_MEMORY + 17};
    static const size_t pieces[] = {37, 65536, AS_SPOOL_MEMORY, AS_SPOOL_MEMORY + 1,
                                    4 * AS_SPOOL_MEMORY};

    (void)state;
    for (size_t t = 0; t < AS_COUNT(totals); t++)
        for (size_t in = 0; in < AS_COUNT(pieces); in++)
            for (size_t out = 0; out < AS_COUNT(pieces); out++) {
                as_spool s = {0};

                fill(&s, totals[t], pieces[in]);
                expect_all(&s, totals[t], pieces[out]);
                as_spool_done(&s);
            }
}

static void a_small_spool_needs_no_file(void **state)
{
    as_spool s = {0};

    (void)state;
    assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
    fill(&s, AS_SPOOL_MEMORY, 1000);
    expect_all(&s, AS_SPOOL_MEMORY, 999);
    as_spool_done(&s);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

static void a_missing_temporary_folder_is_named(void **state)
{
    as_spool s = {0};
    as_err err = {0};
    uint8_t *bytes = as_mem_zero(1, AS_SPOOL_MEMORY + 1);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
    assert_int_equal(as_spool_add(&s, (as_bytes){bytes, AS_SPOOL_MEMORY + 1}, &err), AS_IO);
    assert_non_null(strstr(err.msg, "'/nonexistent'"));
    assert_int_equal(unsetenv("TMPDIR"), 0);
    as_spool_done(&s);
    as_mem_free(bytes);
}

static void a_view_shows_everything(void **state)
{
    static const size_t totals[] = {0, 100, 2 * AS_SPOOL_MEMORY + 5};

    (void)state;
    for (size_t t = 0; t < AS_COUNT(totals); t++) {
        as_spool s = {0};
        as_bytes all = {0};

        fill(&s, totals[t], 5000);
        assert_int_equal(as_spool_view(&s, &all, NULL), AS_OK);
        assert_int_equal(all.n, totals[t]);
        for (size_t i = 0; i < all.n; i++)
            if (all.p[i] != pattern(i))
                fail_msg("byte %zu is wrong", i);
        as_spool_done(&s);
    }
}

static void each_allocation_may_fail(void **state)
{
    static const uint8_t bytes[1000];
    bool done = false;

    (void)state;
    for (uint64_t n = 1; !done; n++) {
        as_spool s = {0};
        as_code rc = AS_OK;

        as_mem_fail_at(n);
        for (size_t i = 0; !rc && i < 600; i++)
            rc = as_spool_add(&s, (as_bytes){bytes, sizeof(bytes)}, NULL);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
        done = rc == AS_OK;
        as_spool_done(&s);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_in_order),
        cmocka_unit_test(a_small_spool_needs_no_file),
        cmocka_unit_test(a_missing_temporary_folder_is_named),
        cmocka_unit_test(a_view_shows_everything),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
