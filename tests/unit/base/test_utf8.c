#include "base/utf8.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static bool is_scalar(uint32_t cp)
{
    return cp < 0x110000 && (cp < 0xd800 || cp > 0xdfff);
}

static void every_scalar_value_is_written_and_read_back(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        uint8_t text[4];
        size_t n, used = 0;

        if (!is_scalar(cp))
            continue;
        n = as_utf8_put(cp, text);
        if (as_utf8_next((as_bytes){text, n}, &used) != (int32_t)cp || used != n)
            fail_msg("U+%04X", cp);
    }
}

/* The oracle: plain arithmetic, then a look whether the value was allowed that length. */
static bool well_formed(const uint8_t *p, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t cp = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return false;
        cp = cp << 6 | (p[i] & 0x3fu);
    }
    return is_scalar(cp) && cp >= least[n];
}

static void every_sequence_of_three_bytes_is_judged_as_the_table_says(void **state)
{
    (void)state;
    for (uint32_t v = 0x80; v < 0x1000000; v++) {
        uint8_t p[3] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16)};
        size_t used = 9, n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : 3;
        bool good = n > 0 && p[0] < 0xf0 && well_formed(p, n);
        int32_t cp = as_utf8_next((as_bytes){p, 3}, &used);

        if ((cp >= 0) != good || used != (good ? n : 1))
            fail_msg("%02x %02x %02x", p[0], p[1], p[2]);
    }
}

static void forms_of_four_bytes_keep_their_bounds(void **state)
{
    (void)state;
    for (uint32_t lead = 0xf0; lead < 0x100; lead++) {
        for (uint32_t second = 0; second < 0x100; second++) {
            uint8_t p[4] = {(uint8_t)lead, (uint8_t)second, 0x80, 0xbf};
            size_t used;
            bool good = lead < 0xf8 && well_formed(p, 4);

            assert_int_equal(as_utf8_next((as_bytes){p, 4}, &used) >= 0, good);
            assert_int_equal(used, good ? 4 : 1);
            assert_int_equal(as_utf8_next((as_bytes){p, 3}, &used), -1);
        }
    }
}

static void a_cut_character_is_ill_formed(void **state)
{
    static const char *const whole[] = {"\xc3\xa4", "\xe6\x8a\xa5", "\xf0\x9f\x98\x80"};
    size_t used;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(whole); i++) {
        for (size_t n = 1; n < strlen(whole[i]); n++) {
            as_bytes cut = {(const uint8_t *)whole[i], n};

            assert_int_equal(as_utf8_next(cut, &used), -1);
            assert_int_equal(used, 1);
            assert_int_equal(as_utf8_check(cut), 0);
        }
    }
}

static void the_first_ill_formed_byte_is_found_anywhere(void **state)
{
    uint8_t text[64];

    (void)state;
    for (size_t n = 0; n <= sizeof(text); n++) {
        memset(text, 'a', sizeof(text));
        assert_int_equal(as_utf8_check((as_bytes){text, n}), n);
        for (size_t bad = 0; bad < n; bad++) {
            text[bad] = 0x80;
            assert_int_equal(as_utf8_check((as_bytes){text, n}), bad);
            text[bad] = 'a';
        }
    }
    assert_int_equal(as_utf8_check(AS_LITERAL("\xe6\x8a\xa5 \xc0\xaf")), 4);
    assert_int_equal(as_utf8_check(AS_LITERAL("a\0b")), 3);
    assert_int_equal(as_utf8_check((as_bytes){NULL, 0}), 0);
    assert_int_equal(as_utf8_check(AS_LITERAL("\xed\xa0\x80")), 0);
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(as_utf8_width_of('a'), 1);
    assert_int_equal(as_utf8_width_of(0), 0);
    assert_int_equal(as_utf8_width_of(0x1b), 0);
    assert_int_equal(as_utf8_width_of(0xe4), 1);
    assert_int_equal(as_utf8_width_of(0x301), 0);
    assert_int_equal(as_utf8_width_of(0x200b), 0);
    assert_int_equal(as_utf8_width_of(0x202e), 0);
    assert_int_equal(as_utf8_width_of(0x4e2d), 2);
    assert_int_equal(as_utf8_width_of(0x3000), 2);
    assert_int_equal(as_utf8_width_of(0xff21), 2);
    assert_int_equal(as_utf8_width_of(0xac00), 2);
    assert_int_equal(as_utf8_width_of(0x1160), 0);
    assert_int_equal(as_utf8_width_of(0x1f600), 2);
    assert_int_equal(as_utf8_width_of(0x20000), 2);
    assert_int_equal(as_utf8_width_of(0x2026), 1);
    assert_int_equal(as_utf8_width_of(0x110000), 0);
    assert_int_equal(as_utf8_width(AS_LITERAL("report \xe6\x8a\xa5\xe5\x91\x8a: e\xcc\x81")), 14);
    assert_int_equal(as_utf8_width((as_bytes){NULL, 0}), 0);
}

static void every_class_of_hidden_character_is_known(void **state)
{
    static const uint32_t hidden[][2] = {
        {0x00, 0x1f},         {0x7f, 0x9f},       {0xad, 0xad},       {0x034f, 0x034f},
        {0x061c, 0x061c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},     {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xd800, 0xdfff},     {0xe000, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},     {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
        {0x1bca0, 0x1bca3},   {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
        {0x110000, 0x110010}, {0x40000, 0x40010},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(hidden); i++) {
        for (uint32_t cp = hidden[i][0]; cp <= hidden[i][1]; cp++) {
            if (!as_utf8_is_hidden(cp))
                fail_msg("U+%04X", cp);
        }
    }
}

static void what_a_reader_can_see_is_not_hidden(void **state)
{
    static const uint32_t seen[][2] = {
        {0x20, 0x7e},       {0xa0, 0xac},       {0xae, 0x17f},    {0x301, 0x301},
        {0x600, 0x605},     {0x6dd, 0x6dd},     {0x2010, 0x2027}, {0x3000, 0x3002},
        {0x4e00, 0x9fa5},   {0xac00, 0xd7a3},   {0xff01, 0xff5e}, {0xfffc, 0xfffd},
        {0x1f600, 0x1f64f}, {0x20000, 0x20100},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(seen); i++) {
        for (uint32_t cp = seen[i][0]; cp <= seen[i][1]; cp++) {
            if (as_utf8_is_hidden(cp))
                fail_msg("U+%04X", cp);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_is_written_and_read_back),
        cmocka_unit_test(every_sequence_of_three_bytes_is_judged_as_the_table_says),
        cmocka_unit_test(forms_of_four_bytes_keep_their_bounds),
        cmocka_unit_test(a_cut_character_is_ill_formed),
        cmocka_unit_test(the_first_ill_formed_byte_is_found_anywhere),
        cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(every_class_of_hidden_character_is_known),
        cmocka_unit_test(what_a_reader_can_see_is_not_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
