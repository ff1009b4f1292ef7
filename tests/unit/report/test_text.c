#include "unit/report/sample_doc.h"

#include "base/utf8.h"

#include "base/banned.h"

static void a_small_report_reads_like_this(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t process;
    as_sentence *sentence;

    (void)state;
    sample_init(&s);
    process = sample_process(&s, 100, 4, "x.exe", "2017-01-05 10:02:03,515");
    (void)sample_process(&s, 104, 100, "y.exe", NULL);
    (void)sample_process(&s, 108, 104, "z.exe", NULL);
    (void)sample_process(&s, 112, 100, "w.exe", NULL);
    sentence = sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_HIGH,
                          "The sample \x01x.exe\x02 started three processes.", process);
    sample_more(&s, sentence, process);
    sample_more(&s, sentence, process + 1);
    s.doc.title = AS_LITERAL("\x01x.exe\x02, by CAPE");
    assert_string_equal(sample_write(&s, AS_REPORT_TEXT, &(as_report_options){.width = 60}, &out),
                        "x.exe, by CAPE\n"
                        "\n"
                        "Report    CAPE, report.json, 100,000 bytes\n"
                        "evidence ids begin 333a41484f565d64-\n"
                        "\n"
                        "processes\n"
                        "  x.exe 100  2017-01-05 10:02:03,515\n"
                        "  ├─ y.exe 104\n"
                        "  │  └─ z.exe 108\n"
                        "  └─ w.exe 112\n"
                        "\n"
                        "!! The sample x.exe started three processes. [1000-10 +1]\n");
    as_buf_done(&out);
    sample_done(&s);
}

static void nothing_hostile_reaches_the_terminal(void **state)
{
    static const as_report_options options = {.width = 80, .coverage = true};
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text;

    (void)state;
    sample_rich(&s, items);
    text = sample_write(&s, AS_REPORT_TEXT, &options, &out);
    sample_expect_not(text, "\x1b");
    sample_expect_not(text, "\xe2\x80\xae");
    sample_expect_not(text, "\x01");
    sample_expect_not(text, "\x02");
    sample_expect(text, "\\x1b[31m<script>\\u{202e}x`");
    as_buf_done(&out);
    sample_done(&s);
}

static void colour_is_ours_alone_and_ends(void **state)
{
    static const as_report_options options = {.width = 80, .colour = true, .coverage = true};
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text;
    bool on = false;

    (void)state;
    sample_rich(&s, items);
    text = sample_write(&s, AS_REPORT_TEXT, &options, &out);
    sample_expect(text, "\x1b[1;31m!! \x1b[0m");
    sample_expect(text, "\x1b[1;33m ! \x1b[0m");
    sample_expect(text, "\x1b[36modd\x1b[0m");
    for (; *text; text++) {
        if (*text == '\n')
            assert_false(on);
        if (*text != '\x1b')
            continue;
        assert_int_equal(text[1], '[');
        on = strncmp(text, "\x1b[0m", 4) != 0;
    }
    as_buf_done(&out);
    sample_done(&s);
}

static void a_partial_run_is_said_before_all_else(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text, *note;

    (void)state;
    sample_rich(&s, items);
    text = sample_write(&s, AS_REPORT_TEXT, NULL, &out);
    note = strstr(text, "! This run is incomplete: the tool reports errors of its own; "
                        "no end of the run is recorded.\n");
    assert_non_null(note);
    assert_true(note < strstr(text, "Sample"));
    sample_expect(text, "Keys that stand twice within one object: 3, the first at byte 77");
    as_buf_done(&out);
    s.doc.options.lang = AS_LANG_ZH;
    text = sample_write(&s, AS_REPORT_TEXT, NULL, &out);
    sample_expect(text, "! 本次运行不完整：分析工具自身报告了错误；没有记录结束时间。\n");
    as_buf_done(&out);
    sample_done(&s);
}

static void folded_items_are_listed_with_full(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};

    (void)state;
    sample_rich(&s, items);
    sample_expect(sample_write(&s, AS_REPORT_TEXT, NULL, &out), "\n     - C:\\b [");
    as_buf_done(&out);
    s.doc.options.full = false;
    sample_expect_not(sample_write(&s, AS_REPORT_TEXT, NULL, &out), "     - ");
    as_buf_done(&out);
    sample_done(&s);
}

static void coverage_is_a_table_on_demand(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text;

    (void)state;
    sample_rich(&s, items);
    text = sample_write(&s, AS_REPORT_TEXT, &(as_report_options){.coverage = true}, &out);
    sample_expect(text, "60,000 of 100,000 bytes of the report were read into facts (60.0 %).\n");
    sample_expect(text, "\n       count          bytes    share  path\n");
    sample_expect(text, "\n          12         34,000   34.0 %  /a|b/*/<i>\n");
    sample_expect(text, "\n           1          6,000    6.0 %  /known (left out on purpose)\n");
    as_buf_done(&out);
    sample_expect_not(sample_write(&s, AS_REPORT_TEXT, NULL, &out), "/known");
    as_buf_done(&out);
    sample_done(&s);
}

static void no_line_of_a_report_is_wider_than_asked(void **state)
{
    struct sample s;
    as_item items[2];

    (void)state;
    sample_rich(&s, items);
    for (unsigned width = 60; width < 130; width += 7) {
        as_buf out = {0};
        const char *text =
            sample_write(&s, AS_REPORT_TEXT, &(as_report_options){.width = width}, &out);

        for (const char *p = strstr(text, "detections"); *p;) {
            size_t n = strcspn(p, "\n");

            /* The tree is not wrapped: its names are cut instead. */
            if (!strstr(p, "├─") && as_utf8_width((as_bytes){(const uint8_t *)p, n}) > width &&
                strncmp(p, "  ", 2) != 0)
                fail_msg("wider than %u: %.*s", width, (int)n, p);
            p += n + (p[n] == '\n');
        }
        as_buf_done(&out);
    }
    sample_done(&s);
}

static void several_reports_follow_one_another(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    as_err err = {0};

    (void)state;
    sample_rich(&s, items);
    {
        const as_doc *docs[] = {&s.doc, &s.doc};

        assert_int_equal(as_report_write(AS_REPORT_TEXT, docs, 2, NULL, &out, &err), AS_OK);
    }
    as_buf_byte(&out, '\0');
    sample_expect(strstr((const char *)out.p, "A title about") + 1, "\n\nA title about x.exe\n");
    as_buf_done(&out);
    sample_done(&s);
}

static void lack_of_memory_is_an_error(void **state)
{
    struct sample s;
    as_item items[2];

    (void)state;
    sample_rich(&s, items);
    sample_starve(&s, AS_REPORT_TEXT,
                  &(as_report_options){.width = 80, .colour = true, .coverage = true});
    sample_starve(&s, AS_REPORT_TEXT, NULL);
    sample_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_report_reads_like_this),
        cmocka_unit_test(nothing_hostile_reaches_the_terminal),
        cmocka_unit_test(colour_is_ours_alone_and_ends),
        cmocka_unit_test(a_partial_run_is_said_before_all_else),
        cmocka_unit_test(folded_items_are_listed_with_full),
        cmocka_unit_test(coverage_is_a_table_on_demand),
        cmocka_unit_test(no_line_of_a_report_is_wider_than_asked),
        cmocka_unit_test(several_reports_follow_one_another),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
