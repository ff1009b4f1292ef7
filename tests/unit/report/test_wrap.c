#include "unit/report/sample_doc.h"

#include "base/utf8.h"

#include "base/banned.h"

/* `text` as one paragraph. */
static const char *wrapped(as_buf *out, unsigned width, unsigned hang, const char *text)
{
    as_wrap w = {.out = out, .width = width, .hang = hang, .column = hang};

    as_buf_reset(out);
    as_wrap_add(&w, as_bytes_of(text), AS_STYLE_PLAIN);
    as_wrap_end(&w);
    as_wrap_done(&w);
    as_buf_byte(out, '\0');
    assert_false(out->failed);
    return (const char *)out->p;
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;

    while (*text) {
        size_t n = strcspn(text, "\n");
        size_t columns = as_utf8_width((as_bytes){(const uint8_t *)text, n});

        widest = columns > widest ? columns : widest;
        text += n + (text[n] == '\n');
    }
    return widest;
}

static void words_go_to_the_next_line_whole(void **state)
{
    as_buf out = {0};

    (void)state;
    assert_string_equal(wrapped(&out, 20, 0, "one two three four five six"),
                        "one two three four\nfive six\n");
    assert_string_equal(wrapped(&out, 20, 4, "one two three four five six"),
                        "one two three\n    four five six\n");
    assert_string_equal(wrapped(&out, 20, 0, ""), "\n");
    as_buf_done(&out);
}

static void width_nought_never_breaks(void **state)
{
    as_buf out = {0};

    (void)state;
    assert_string_equal(wrapped(&out, 0, 4, "one two three four five six seven eight"),
                        "one two three four five six seven eight\n");
    as_buf_done(&out);
}

static void an_ideograph_counts_two_columns(void **state)
{
    as_buf out = {0};

    (void)state;
    assert_string_equal(wrapped(&out, 20, 0, "样本启动了三个进程并写入文件"),
                        "样本启动了三个进程并\n写入文件\n");
    as_buf_done(&out);
}

static void a_line_never_begins_with_closing_punctuation(void **state)
{
    as_buf out = {0};

    (void)state;
    assert_string_equal(wrapped(&out, 20, 0, "样本启动了三个进程并，写入文件"),
                        "样本启动了三个进程\n并，写入文件\n");
    assert_string_equal(wrapped(&out, 20, 0, "样本启动了三个进程（并）写入文件"),
                        "样本启动了三个进程\n（并）写入文件\n");
    assert_string_equal(wrapped(&out, 20, 0, "样本启动了三个进程 ab。"),
                        "样本启动了三个进程\nab。\n");
    as_buf_done(&out);
}

static void a_long_value_breaks_at_the_width(void **state)
{
    as_buf out = {0};
    const char *path = "C:\\Users\\somebody\\AppData\\Local\\Temp\\aaaaaaaaaaaaaaaaaaaaa.exe";
    const char *got = wrapped(&out, 24, 2, path);

    (void)state;
    assert_int_equal(widest_line(got), 24);
    for (const char *from = path; *got; got++) {
        if (*got == '\n') {
            got += strspn(got + 1, " ");
            continue;
        }
        assert_int_equal(*got, *from++);
    }
    as_buf_done(&out);
}

static void marks_stay_with_their_letter(void **state)
{
    as_buf out = {0};
    /* Twelve times "e" with an acute accent as a mark of its own: twelve columns. */
    const char *got = wrapped(&out, 12, 0,
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "e\xcc\x81"
                              "f");

    (void)state;
    sample_expect(got, "e\xcc\x81\nf\n");
    sample_expect_not(got, "\n\xcc\x81");
    /* Two regional indicators are one flag. */
    got = wrapped(&out, 12, 0,
                  "abcdefghij\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa");
    sample_expect_not(got, "\xf0\x9f\x87\xa9\n");
    as_buf_done(&out);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const char text[] =
        "进程 evil.exe（PID 1234）在 C:\\Windows\\Temp\\a very long directory name\\ 下写入了"
        "214 个文件，“最常见”的扩展名是 .ps1；and then some English (with parentheses), "
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef。";
    as_buf out = {0};

    (void)state;
    for (unsigned width = 16; width < 140; width++) {
        size_t got = widest_line(wrapped(&out, width, 3, text));

        assert_true(got <= width - 3 + 3);
    }
    as_buf_done(&out);
}

static void a_narrow_terminal_still_ends(void **state)
{
    as_buf out = {0};

    (void)state;
    for (unsigned width = 1; width < 16; width++)
        assert_true(widest_line(wrapped(&out, width, 7, "样本 sample 样本，（a）b")) <= 19);
    as_buf_done(&out);
}

static void what_is_whole_is_not_torn(void **state)
{
    as_buf out = {0};
    as_wrap w = {.out = &out, .width = 20};

    (void)state;
    as_wrap_add(&w, AS_LITERAL("twelve chars "), AS_STYLE_PLAIN);
    as_wrap_add_whole(&w, AS_LITERAL("[4f3a-2c +3]"), AS_STYLE_DIM);
    as_wrap_end(&w);
    as_buf_byte(&out, '\0');
    assert_string_equal((const char *)out.p, "twelve chars\n[4f3a-2c +3]\n");
    as_wrap_done(&w);
    as_buf_done(&out);
}

static void colour_ends_with_every_line(void **state)
{
    as_buf out = {0};
    as_wrap w = {.out = &out, .width = 12, .colour = true};

    (void)state;
    as_wrap_add(&w, AS_LITERAL("red herring red herring"), AS_STYLE_HIGH);
    as_wrap_end(&w);
    as_buf_byte(&out, '\0');
    assert_string_equal((const char *)out.p, "\x1b[1;31mred herring\x1b[0m\n"
                                             "\x1b[1;31mred herring\x1b[0m\n");
    as_wrap_done(&w);
    as_buf_done(&out);
}

/* Beyond what is held at once, lines come out early and nothing is lost or doubled. */
static void a_value_of_megabytes_is_wrapped_in_pieces(void **state)
{
    enum { SIZE = 300000 };
    as_buf out = {0}, text = {0};
    size_t letters = 0, column = 0;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        as_buf_byte(&text, (uint8_t)('a' + i % 26));
    as_buf_byte(&text, '\0');
    (void)wrapped(&out, 80, 0, (const char *)text.p);
    for (size_t i = 0; i + 1 < out.n; i++) {
        if (out.p[i] == '\n') {
            column = 0;
            continue;
        }
        assert_int_equal(out.p[i], 'a' + letters % 26);
        letters++;
        assert_true(++column <= 80);
    }
    assert_int_equal(letters, SIZE);
    as_buf_done(&out);
    as_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_to_the_next_line_whole),
        cmocka_unit_test(width_nought_never_breaks),
        cmocka_unit_test(an_ideograph_counts_two_columns),
        cmocka_unit_test(a_line_never_begins_with_closing_punctuation),
        cmocka_unit_test(a_long_value_breaks_at_the_width),
        cmocka_unit_test(marks_stay_with_their_letter),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(a_narrow_terminal_still_ends),
        cmocka_unit_test(what_is_whole_is_not_torn),
        cmocka_unit_test(colour_ends_with_every_line),
        cmocka_unit_test(a_value_of_megabytes_is_wrapped_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
