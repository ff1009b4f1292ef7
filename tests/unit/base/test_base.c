#include "base/base.h"

#include <ctype.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static void a_failure_fills_the_error_and_returns_its_code(void **state)
{
    as_err err = {0};

    (void)state;
    assert_int_equal(as_fail(&err, AS_INVALID, 17, "bad byte in '%s'", "x.json"), AS_INVALID);
    assert_int_equal(err.code, AS_INVALID);
    assert_int_equal(err.offset, 17);
    assert_string_equal(err.msg, "bad byte in 'x.json'");
}

static void a_failure_without_a_place_to_tell_it_still_has_its_code(void **state)
{
    (void)state;
    assert_int_equal(as_fail(NULL, AS_LIMIT, 0, "%s", "too much"), AS_LIMIT);
    assert_int_equal(as_fail_nomem(NULL, "x"), AS_NOMEM);
}

static void no_memory_has_one_form(void **state)
{
    as_err err = {0};

    (void)state;
    assert_int_equal(as_fail_nomem(&err, "a report"), AS_NOMEM);
    assert_string_equal(err.msg, "no memory for a report");
    assert_true(err.offset == AS_NO_OFFSET);
}

static void a_message_never_carries_control_characters(void **state)
{
    as_err err = {0};

    (void)state;
    (void)as_fail(&err, AS_IO, 0, "a\x1b[31m\nb\xe2\x80\xae\xff\xc2\x9b");
    assert_string_equal(err.msg, "a\\x1b[31m\\x0ab\\u{202e}\\xff\\u{9b}");
    (void)as_fail(&err, AS_IO, 0, "\xe6\x8a\xa5\xe5\x91\x8a");
    assert_string_equal(err.msg, "\xe6\x8a\xa5\xe5\x91\x8a");
}

static void a_long_message_is_cut_at_a_whole_character(void **state)
{
    char text[1001];
    as_err err = {0};

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        size_t n;

        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe6\x8a\xa5", 4);
        (void)as_fail(&err, AS_IO, 0, "%s", text);
        n = strlen(err.msg);
        assert_in_range(n, sizeof(err.msg) - 4, sizeof(err.msg) - 1);
        assert_string_equal(err.msg + n - 3, "...");
        assert_int_equal((n - 3 - shift) % 3, 0);
    }
}

static void a_message_that_just_fits_is_not_cut(void **state)
{
    char text[sizeof(((as_err *)0)->msg)];
    as_err err = {0};

    (void)state;
    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)as_fail(&err, AS_IO, 0, "%s", text);
    assert_string_equal(err.msg, text);
}

static void each_code_has_its_name_and_status(void **state)
{
    static const struct {
        as_code code;
        int exit_status;
        const char *name;
    } codes[] = {
#define AS_X(name, exit_status, http_status) {AS_##name, exit_status, #name},
        AS_CODE_MAP(AS_X)
#undef AS_X
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(codes); i++) {
        const char *name = as_code_name(codes[i].code);

        assert_int_equal(as_code_exit(codes[i].code), codes[i].exit_status);
        assert_int_equal(strlen(name), strlen(codes[i].name));
        for (size_t k = 0; name[k]; k++)
            assert_int_equal(name[k], tolower((unsigned char)codes[i].name[k]));
    }
    assert_int_equal(as_code_exit((as_code)99), 4);
    assert_non_null(as_code_name((as_code)99));
}

static void bytes_compare_with_their_length(void **state)
{
    (void)state;
    assert_true(as_bytes_eq(AS_LITERAL("a\0b"), AS_LITERAL("a\0b")));
    assert_false(as_bytes_eq(AS_LITERAL("a\0b"), AS_LITERAL("a\0c")));
    assert_false(as_bytes_is(AS_LITERAL("a\0b"), "a"));
    assert_true(as_bytes_is((as_bytes){NULL, 0}, ""));
    assert_true(as_bytes_is((as_bytes){NULL, 0}, NULL));
    assert_true(as_bytes_cmp(AS_LITERAL("ab"), AS_LITERAL("abc")) < 0);
    assert_true(as_bytes_cmp(AS_LITERAL("b"), AS_LITERAL("abc")) > 0);
    assert_true(as_bytes_cmp(AS_LITERAL("\xff"), AS_LITERAL("a")) > 0);
    assert_int_equal(as_bytes_cmp(AS_LITERAL("ab"), AS_LITERAL("ab")), 0);
    assert_int_equal(as_bytes_cmp((as_bytes){NULL, 0}, (as_bytes){NULL, 0}), 0);
}

static void case_folds_in_ascii_only(void **state)
{
    (void)state;
    assert_true(as_bytes_eq_nocase(AS_LITERAL("KERNEL32.dll"), AS_LITERAL("kernel32.DLL")));
    assert_false(as_bytes_eq_nocase(AS_LITERAL("@["), AS_LITERAL("`{")));
    assert_false(as_bytes_eq_nocase(AS_LITERAL("\xc3\x84"), AS_LITERAL("\xc3\xa4")));
    assert_true(as_bytes_has_nocase(AS_LITERAL("C:\\Windows\\System32"), "system32"));
    assert_true(as_bytes_has_nocase(AS_LITERAL("abc"), ""));
    assert_true(as_bytes_has_nocase(AS_LITERAL("aab"), "AB"));
    assert_false(as_bytes_has_nocase(AS_LITERAL("ab"), "abc"));
    assert_false(as_bytes_has_nocase((as_bytes){NULL, 0}, "a"));
    assert_true(as_bytes_ends_nocase(AS_LITERAL("x.EXE"), ".exe"));
    assert_true(as_bytes_ends_nocase(AS_LITERAL("x"), ""));
    assert_false(as_bytes_ends_nocase(AS_LITERAL("exe"), ".exe"));
    assert_false(as_bytes_ends_nocase(AS_LITERAL("x.exe "), ".exe"));
}

static void bytes_are_shown_in_printable_ascii(void **state)
{
    char text[64];

    (void)state;
    assert_string_equal(as_bytes_show(AS_LITERAL("a\0\x7f\xe6\n\r\t~"), text, sizeof(text)),
                        "a\\x00\\x7f\\xe6\\n\\r\\t~");
    assert_string_equal(as_bytes_show((as_bytes){NULL, 0}, text, sizeof(text)), "");
}

static void showing_never_writes_past_its_room(void **state)
{
    char text[32];

    (void)state;
    for (size_t cap = 8; cap < 20; cap++) {
        memset(text, '#', sizeof(text));
        as_bytes_show(AS_LITERAL("ab\x01\x02\x03\x04\x05\x06"), text, cap);
        assert_true(strlen(text) < cap);
        assert_string_equal(text + strlen(text) - 3, "...");
        assert_int_equal(text[cap], '#');
    }
    assert_string_equal(as_bytes_show(AS_LITERAL("1234567"), text, 8), "1234567");
    assert_string_equal(as_bytes_show(AS_LITERAL("12345678"), text, 8), "1234...");
}

static void numbers_are_the_whole_text_or_nothing(void **state)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "18446744073709551616",
                                      "1.0",
                                      "99999999999999999999999"};
    uint64_t n = 7;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++)
        assert_false(as_bytes_u64(as_bytes_of(bad[i]), &n));
    assert_int_equal(n, 7);
    assert_true(as_bytes_u64(AS_LITERAL("18446744073709551615"), &n));
    assert_true(n == UINT64_MAX);
    assert_true(as_bytes_u64(AS_LITERAL("007"), &n));
    assert_int_equal(n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_fills_the_error_and_returns_its_code),
        cmocka_unit_test(a_failure_without_a_place_to_tell_it_still_has_its_code),
        cmocka_unit_test(no_memory_has_one_form),
        cmocka_unit_test(a_message_never_carries_control_characters),
        cmocka_unit_test(a_long_message_is_cut_at_a_whole_character),
        cmocka_unit_test(a_message_that_just_fits_is_not_cut),
        cmocka_unit_test(each_code_has_its_name_and_status),
        cmocka_unit_test(bytes_compare_with_their_length),
        cmocka_unit_test(case_folds_in_ascii_only),
        cmocka_unit_test(bytes_are_shown_in_printable_ascii),
        cmocka_unit_test(showing_never_writes_past_its_room),
        cmocka_unit_test(numbers_are_the_whole_text_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
