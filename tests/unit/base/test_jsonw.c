#include "base/jsonw.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static void write_sample(as_jsonw *w)
{
    as_jsonw_object(w);
    as_jsonw_key(w, "pid");
    as_jsonw_u64(w, 4060);
    as_jsonw_key(w, "list");
    as_jsonw_array(w);
    as_jsonw_text(w, "a");
    as_jsonw_null(w);
    as_jsonw_object(w);
    as_jsonw_end(w);
    as_jsonw_array(w);
    as_jsonw_end(w);
    as_jsonw_end(w);
    as_jsonw_key_bytes(w, AS_LITERAL("n\n"));
    as_jsonw_number(w, AS_LITERAL("-1.5e3"));
    as_jsonw_key(w, "yes");
    as_jsonw_bool(w, true);
    as_jsonw_key(w, "no");
    as_jsonw_bool(w, false);
    as_jsonw_end(w);
}

static void expect_sample(unsigned indent, const char *want)
{
    as_buf b = {0};
    as_jsonw w = as_jsonw_to(&b, indent);

    write_sample(&w);
    as_buf_byte(&b, 0);
    assert_false(b.failed);
    assert_string_equal((const char *)b.p, want);
    as_buf_done(&b);
}

static void without_indent_it_is_one_line(void **state)
{
    (void)state;
    expect_sample(0, "{\"pid\":4060,\"list\":[\"a\",null,{},[]],\"n\\n\":-1.5e3,"
                     "\"yes\":true,\"no\":false}");
}

static void with_indent_each_item_has_its_line(void **state)
{
    (void)state;
    expect_sample(2, "{\n"
                     "  \"pid\": 4060,\n"
                     "  \"list\": [\n"
                     "    \"a\",\n"
                     "    null,\n"
                     "    {},\n"
                     "    []\n"
                     "  ],\n"
                     "  \"n\\n\": -1.5e3,\n"
                     "  \"yes\": true,\n"
                     "  \"no\": false\n"
                     "}");
}

static void expect_quoted(as_bytes text, const char *want)
{
    as_buf b = {0};
    as_jsonw w = as_jsonw_to(&b, 0);

    as_jsonw_str(&w, text);
    as_buf_byte(&b, 0);
    assert_string_equal((const char *)b.p, want);
    as_buf_done(&b);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    expect_quoted((as_bytes){NULL, 0}, "\"\"");
    expect_quoted(AS_LITERAL("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    expect_quoted(AS_LITERAL("\0\x1f\x7f"), "\"\\u0000\\u001f\\u007f\"");
    expect_quoted(AS_LITERAL("\xc2\x85\xc2\x9b\xe2\x80\xa8\xe2\x80\xa9"),
                  "\"\\u0085\\u009b\\u2028\\u2029\"");
    expect_quoted(AS_LITERAL("\xe6\x8a\xa5\xf0\x9f\x98\x80\xc2\xa0"),
                  "\"\xe6\x8a\xa5\xf0\x9f\x98\x80\xc2\xa0\"");
}

static void ill_formed_bytes_become_the_replacement_character(void **state)
{
    (void)state;
    expect_quoted(AS_LITERAL("a\xff\xc0z"), "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
    expect_quoted(AS_LITERAL("\xe6\x8a"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void a_special_byte_is_found_at_every_place(void **state)
{
    static const uint8_t special[] = {'"', '\\', 0, 0x1f, 0x7f, 0x80, '\n'};

    (void)state;
    for (size_t k = 0; k < AS_COUNT(special); k++) {
        for (size_t at = 0; at < 20; at++) {
            uint8_t text[20];
            as_buf b = {0};
            as_jsonw w = as_jsonw_to(&b, 0);

            memset(text, 'x', sizeof(text));
            text[at] = special[k];
            as_jsonw_str(&w, (as_bytes){text, sizeof(text)});
            assert_true(b.n > sizeof(text) + 2);
            for (size_t i = 0; i <= at; i++)
                assert_int_equal(b.p[i], i == 0 ? '"' : 'x');
            assert_int_not_equal(b.p[at + 1], 'x');
            for (size_t i = 0; i < 19 - at; i++)
                assert_int_equal(b.p[b.n - 2 - i], 'x');
            as_buf_done(&b);
        }
    }
}

static void values_at_the_top_stand_alone(void **state)
{
    as_buf b = {0};
    as_jsonw w = as_jsonw_to(&b, 0);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        as_jsonw_array(&w);
        as_jsonw_u64(&w, i);
        as_jsonw_end(&w);
        as_buf_byte(&b, '\n');
    }
    assert_true(as_bytes_is(as_buf_bytes(&b), "[0]\n[1]\n"));
    as_buf_done(&b);
}

static void the_deepest_level_can_be_used(void **state)
{
    as_buf b = {0};
    as_jsonw w = as_jsonw_to(&b, 0);

    (void)state;
    for (unsigned i = 0; i < AS_JSONW_DEPTH_MAX; i++)
        as_jsonw_array(&w);
    as_jsonw_u64(&w, 7);
    for (unsigned i = 0; i < AS_JSONW_DEPTH_MAX; i++)
        as_jsonw_end(&w);
    assert_int_equal(b.n, 2 * AS_JSONW_DEPTH_MAX + 1);
    assert_int_equal(w.depth, 0);
    as_buf_done(&b);
}

static void a_full_heap_only_marks_the_buffer(void **state)
{
    as_buf b = {0};
    as_jsonw w = as_jsonw_to(&b, 2);

    (void)state;
    as_mem_fail_at(1);
    write_sample(&w);
    as_mem_fail_at(0);
    assert_true(b.failed);
    assert_int_equal(b.n, 0);
    as_buf_done(&b);
}

static void hidden_characters_are_escaped_and_come_back(void **state)
{
    /* U+202E, U+200B, U+E0041 (a tag: a surrogate pair in JSON) */
    const as_bytes text = AS_LITERAL("a\xe2\x80\xae"
                                     "b\xe2\x80\x8b"
                                     "c\xf3\xa0\x81\x81"
                                     "d");
    as_buf out = {0};
    as_jsonw w = as_jsonw_to(&out, 0);

    (void)state;
    as_jsonw_str(&w, text);
    assert_true(as_bytes_is(as_buf_bytes(&out), "\"a\\u202eb\\u200bc\\udb40\\udc41d\""));
    as_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_indent_it_is_one_line),
        cmocka_unit_test(with_indent_each_item_has_its_line),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(ill_formed_bytes_become_the_replacement_character),
        cmocka_unit_test(a_special_byte_is_found_at_every_place),
        cmocka_unit_test(values_at_the_top_stand_alone),
        cmocka_unit_test(the_deepest_level_can_be_used),
        cmocka_unit_test(a_full_heap_only_marks_the_buffer),
        cmocka_unit_test(hidden_characters_are_escaped_and_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
