#include "base/escape.h"
#include "base/utf8.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

typedef void escape_fn(as_buf *out, as_bytes text);

static void expect_bytes(escape_fn *f, as_bytes text, const char *want)
{
    as_buf b = {0};

    f(&b, text);
    assert_false(b.failed);
    as_buf_byte(&b, 0);
    assert_string_equal((const char *)b.p, want);
    as_buf_done(&b);
}

static void expect(escape_fn *f, const char *text, const char *want)
{
    expect_bytes(f, as_bytes_of(text), want);
}

static void plain_text_stays_as_it_is(void **state)
{
    static const char text[] =
        "C:\\Users\\x \xe6\x8a\xa5\xe5\x91\x8a caf\xc3\xa9 \xf0\x9f\x98\x80 ~";

    (void)state;
    expect(as_escape_visible, text, text);
    expect_bytes(as_escape_visible, (as_bytes){NULL, 0}, "");
}

static void hidden_characters_become_readable(void **state)
{
    (void)state;
    expect_bytes(as_escape_visible, AS_LITERAL("a\0b"), "a\\x00b");
    expect(as_escape_visible, "\x1b[2J\n\r\t\x7f", "\\x1b[2J\\n\\r\\t\\x7f");
    expect(as_escape_visible,
           "\xc2\x9b"
           "31m",
           "\\u{9b}31m");
    expect(as_escape_visible,
           "x\xe2\x80\xae"
           "cod.exe",
           "x\\u{202e}cod.exe");
    expect(as_escape_visible, "\xef\xbb\xbf\xe2\x80\x8b\xf3\xa0\x81\xa1",
           "\\u{feff}\\u{200b}\\u{e0061}");
}

static void ill_formed_bytes_are_shown_one_by_one(void **state)
{
    (void)state;
    expect(as_escape_visible, "\xc0\xaf\xe6\x8a", "\\xc0\\xaf\\xe6\\x8a");
    expect(as_escape_visible, "\xed\xa0\x80", "\\xed\\xa0\\x80");
    expect(as_escape_visible,
           "12345678\xff"
           "12345678",
           "12345678\\xff12345678");
}

/* Every byte at every place of the eight-byte steps, and every character of the planes in use. */
static void the_result_is_always_visible(void **state)
{
    as_buf b = {0};

    (void)state;
    for (uint32_t cp = 0; cp < 0x30000; cp++) {
        uint8_t text[24];
        size_t at = cp % 17, used, n;
        as_bytes rest;

        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        memset(text, 'a', sizeof(text));
        n = as_utf8_put(cp, text + at);
        as_buf_reset(&b);
        as_escape_visible(&b, (as_bytes){text, sizeof(text)});
        if (!as_utf8_is_hidden(cp))
            assert_true(as_bytes_eq(as_buf_bytes(&b), (as_bytes){text, sizeof(text)}));
        else
            assert_true(b.n > sizeof(text) - n);
        for (rest = as_buf_bytes(&b); rest.n > 0; rest.p += used, rest.n -= used) {
            int32_t one = as_utf8_next(rest, &used);

            if (one < 0 || as_utf8_is_hidden((uint32_t)one))
                fail_msg("U+%04X came through", cp);
        }
    }
    as_buf_done(&b);
}

static void expect_cut(as_bytes raw, size_t max, const char *want)
{
    as_buf b = {0};

    as_escape_visible_cut(&b, raw, max);
    as_buf_byte(&b, 0);
    assert_string_equal((const char *)b.p, want);
    as_buf_done(&b);
}

static void a_cut_says_how_much_is_left_out(void **state)
{
    (void)state;
    expect_cut(AS_LITERAL("0123456789"), 10, "0123456789");
    expect_cut(AS_LITERAL("0123456789"), 9, "012345678\xe2\x80\xa6(+1 B)");
    expect_cut(AS_LITERAL("0123456789"), 0, "\xe2\x80\xa6(+10 B)");
    expect_cut(AS_LITERAL(""), 0, "");
    expect_cut(AS_LITERAL("\xe6\x8a\xa5\xe5\x91\x8a!"), 3, "\xe6\x8a\xa5\xe5\x91\x8a!");
    expect_cut(AS_LITERAL("\xe6\x8a\xa5\xe5\x91\x8a!"), 1, "\xe6\x8a\xa5\xe2\x80\xa6(+4 B)");
    expect_cut(AS_LITERAL("ab\ncd"), 4, "ab\\n\xe2\x80\xa6(+2 B)");
    expect_cut(AS_LITERAL("ab\ncd"), 3, "ab\xe2\x80\xa6(+3 B)");
    expect_cut(AS_LITERAL("\x01\x02"), 7, "\\x01\xe2\x80\xa6(+1 B)");
}

static void html_cannot_be_opened(void **state)
{
    (void)state;
    expect(as_escape_html, "<script>alert(\"x\" & 'y')</script>",
           "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;");
    expect(as_escape_html, "&amp;", "&amp;amp;");
    expect(as_escape_html, "\xe6\x8a\xa5", "\xe6\x8a\xa5");
    expect_bytes(as_escape_html, (as_bytes){NULL, 0}, "");
}

static void markdown_stays_text(void **state)
{
    (void)state;
    expect(as_escape_markdown, "*b* _i_ `c` [l](u) ![i](u)",
           "\\*b\\* \\_i\\_ \\`c\\` \\[l\\](u) \\!\\[i\\](u)");
    expect(as_escape_markdown, "<b>&amp;</b> | ~~x~~ #1 @me",
           "\\<b\\>\\&amp;\\</b\\> \\| \\~\\~x\\~\\~ \\#1 \\@me");
    expect(as_escape_markdown, "C:\\a.exe", "C\\:\\\\a\\.exe");
}

static void a_line_start_opens_no_block(void **state)
{
    (void)state;
    expect(as_escape_markdown, "- item", "\\- item");
    expect(as_escape_markdown, "+ item", "\\+ item");
    expect(as_escape_markdown, "=====", "\\=====");
    expect(as_escape_markdown, "# head", "\\# head");
    expect(as_escape_markdown, "> quote", "\\> quote");
    expect(as_escape_markdown, "12. list", "12\\. list");
    expect(as_escape_markdown, "12) list", "12\\) list");
    expect(as_escape_markdown, "a) b. c", "a) b. c");
    expect(as_escape_markdown, "    code", "&#32;&#32;&#32;&#32;code");
    expect(as_escape_markdown, "  - item", "&#32;&#32;\\- item");
    expect(as_escape_markdown, "break  ", "break&#32;&#32;");
    expect(as_escape_markdown, "\tcode", "&#9;code");
    expect(as_escape_markdown, "   ", "&#32;&#32;&#32;");
    expect_bytes(as_escape_markdown, (as_bytes){NULL, 0}, "");
}

static void an_address_becomes_no_link(void **state)
{
    (void)state;
    expect(as_escape_markdown, "http://evil.example/x", "http\\://evil\\.example/x");
    expect(as_escape_markdown, "www.evil.example", "www\\.evil\\.example");
    expect(as_escape_markdown, "mailto:a@b.example", "mailto\\:a\\@b\\.example");
    expect(as_escape_markdown, "<http://a.b>", "\\<http\\://a\\.b\\>");
    expect(as_escape_markdown, "ends here. Next: yes", "ends here. Next: yes");
}

static void a_code_span_holds_any_backticks(void **state)
{
    (void)state;
    expect(as_escape_markdown_code, "a*b", "`a*b`");
    expect(as_escape_markdown_code, "a`b", "``a`b``");
    expect(as_escape_markdown_code, "a``b`c", "```a``b`c```");
    expect(as_escape_markdown_code, "`a", "`` `a ``");
    expect(as_escape_markdown_code, "a`", "`` a` ``");
    expect(as_escape_markdown_code, " a ", "`  a  `");
    expect(as_escape_markdown_code, " a", "` a`");
    expect(as_escape_markdown_code, "", "` `");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_as_it_is),
        cmocka_unit_test(hidden_characters_become_readable),
        cmocka_unit_test(ill_formed_bytes_are_shown_one_by_one),
        cmocka_unit_test(the_result_is_always_visible),
        cmocka_unit_test(a_cut_says_how_much_is_left_out),
        cmocka_unit_test(html_cannot_be_opened),
        cmocka_unit_test(markdown_stays_text),
        cmocka_unit_test(a_line_start_opens_no_block),
        cmocka_unit_test(an_address_becomes_no_link),
        cmocka_unit_test(a_code_span_holds_any_backticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
