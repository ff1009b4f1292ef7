#include "base/buf.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static void appends_follow_each_other(void **state)
{
    as_buf b = {0};

    (void)state;
    as_buf_text(&b, "pid ");
    as_buf_u64(&b, 0);
    as_buf_byte(&b, ' ');
    as_buf_u64(&b, UINT64_MAX);
    as_buf_fill(&b, '.', 3);
    as_buf_hex(&b, AS_LITERAL("\x00\xff\x1a"));
    as_buf_printf(&b, " %s=%d", "x", -5);
    as_buf_add(&b, AS_LITERAL("\0z"));
    assert_false(b.failed);
    assert_true(
        as_bytes_eq(as_buf_bytes(&b), AS_LITERAL("pid 0 18446744073709551615...00ff1a x=-5\0z")));
    as_buf_done(&b);
    assert_null(b.p);
    as_buf_done(&b);
    as_buf_done(NULL);
}

static void an_empty_buffer_has_an_empty_view(void **state)
{
    as_buf b = {0};

    (void)state;
    as_buf_add(&b, (as_bytes){NULL, 0});
    as_buf_hex(&b, (as_bytes){NULL, 0});
    as_buf_text(&b, NULL);
    assert_int_equal(as_buf_bytes(&b).n, 0);
    assert_non_null(as_buf_bytes(&b).p);
    assert_false(b.failed);
    as_buf_done(&b);
}

static void a_long_format_is_written_whole(void **state)
{
    as_buf b = {0};

    (void)state;
    for (int width = 250; width < 262; width++) {
        as_buf_reset(&b);
        as_buf_printf(&b, "%*d|", width, 7);
        assert_int_equal(b.n, (size_t)width + 1);
        assert_memory_equal(b.p + b.n - 2, "7|", 2);
    }
    as_buf_printf(&b, "%100000d", 1);
    assert_int_equal(b.n, 262 + 100000);
    as_buf_done(&b);
}

static void room_is_used_by_moving_n(void **state)
{
    as_buf b = {0};
    uint8_t *at = as_buf_room(&b, 5000);

    (void)state;
    assert_non_null(at);
    memset(at, 'q', 5000);
    b.n += 5000;
    assert_true(b.cap >= 5000);
    assert_non_null(as_buf_room(&b, 0));
    as_buf_done(&b);
}

static void more_than_the_limit_fails_without_an_allocation(void **state)
{
    as_buf b = {0};
    uint64_t before = as_mem_count();

    (void)state;
    assert_null(as_buf_room(&b, AS_BUF_MAX + 1));
    assert_true(b.failed);
    as_buf_reset(&b);
    assert_null(as_buf_room(&b, SIZE_MAX));
    as_buf_reset(&b);
    as_buf_hex(&b, (as_bytes){(const uint8_t *)"", AS_BUF_MAX});
    assert_true(b.failed);
    assert_int_equal(as_mem_count(), before);
}

static void a_failure_sticks_until_reset(void **state)
{
    as_buf b = {0};

    (void)state;
    as_buf_text(&b, "kept");
    as_mem_fail_at(1);
    as_buf_fill(&b, 'x', 100000);
    as_mem_fail_at(0);
    assert_true(b.failed);
    as_buf_byte(&b, 'x');
    as_buf_printf(&b, "%d", 1);
    as_buf_u64(&b, 1);
    as_buf_hex(&b, AS_LITERAL("x"));
    assert_null(as_buf_room(&b, 0));
    assert_true(as_bytes_is(as_buf_bytes(&b), "kept"));
    as_buf_reset(&b);
    as_buf_text(&b, "new");
    assert_false(b.failed);
    assert_true(as_bytes_is(as_buf_bytes(&b), "new"));
    as_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_follow_each_other),
        cmocka_unit_test(an_empty_buffer_has_an_empty_view),
        cmocka_unit_test(a_long_format_is_written_whole),
        cmocka_unit_test(room_is_used_by_moving_n),
        cmocka_unit_test(more_than_the_limit_fails_without_an_allocation),
        cmocka_unit_test(a_failure_sticks_until_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
