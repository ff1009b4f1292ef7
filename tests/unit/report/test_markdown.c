#include "unit/report/sample_doc.h"

#include "base/banned.h"

static void a_small_report_reads_like_this(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t process;

    (void)state;
    sample_init(&s);
    process = sample_process(&s, 100, 4, "x.exe", NULL);
    (void)sample_process(&s, 104, 100, "y`.exe", NULL);
    (void)sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_HIGH,
                     "The sample \x01x.exe\x02\x01-a\x02 ran *once*.", process);
    assert_string_equal(
        sample_write(&s, AS_REPORT_MD, NULL, &out),
        "# A title about `x.exe`\n"
        "\n"
        "- **Report**: CAPE, `report.json`, 100,000 bytes\n"
        "- **Evidence**: evidence ids begin `333a41484f565d64-`\n"
        "\n"
        "## processes\n"
        "\n"
        "- `x.exe` PID 100\n"
        "  - ``y`.exe`` PID 104\n"
        "\n"
        "- **\\[high\\]** The sample `x.exe` `-a` ran \\*once\\*. \\[`1000-10`\\]\n");
    as_buf_done(&out);
    sample_done(&s);
}

/* Text outside code spans, one span after the other cut out. */
static void drop_code(char *text)
{
    char *to = text;

    for (const char *p = text; *p;) {
        size_t ticks = strspn(p, "`");
        const char *end = p + ticks;

        if (*p == '\\' && p[1]) {
            *to++ = *p++;
            *to++ = *p++;
            continue;
        }
        if (ticks == 0) {
            *to++ = *p++;
            continue;
        }
        while (*end && strspn(end, "`") != ticks)
            end += strspn(end, "`") ? strspn(end, "`") : 1;
        assert_true(*end); /* every span is closed */
        p = end + ticks;
    }
    *to = '\0';
}

static void nothing_hostile_is_markup(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text;

    (void)state;
    sample_rich(&s, items);
    text = sample_write(&s, AS_REPORT_MD, &(as_report_options){.coverage = true}, &out);
    sample_expect_not(text, "\x1b");
    sample_expect_not(text, "\xe2\x80\xae");
    drop_code((char *)out.p);
    for (const char *p = text; (p = strpbrk(p, "<[*_")) != NULL; p++) {
        bool bold = strncmp(p, "**", 2) == 0 || (p > text && p[-1] == '*');

        if (!bold && p[-1] != '\\')
            fail_msg("markup lives at: %.60s", p);
    }
    sample_expect_not(text, "http://");
    sample_expect_not(text, "www.e");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_path_with_a_bar_stays_in_its_cell(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text;

    (void)state;
    sample_rich(&s, items);
    text = sample_write(&s, AS_REPORT_MD, &(as_report_options){.coverage = true}, &out);
    sample_expect(text, "| /a\\|b/\\*/\\<i\\> | 12 | 34,000 | 34.0 % |  |\n");
    sample_expect(text, "| /known | 1 | 6,000 | 6.0 % | left out on purpose |\n");
    as_buf_done(&out);
    sample_done(&s);
}

static void items_are_listed_below_their_sentence(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};

    (void)state;
    sample_rich(&s, items);
    sample_expect(sample_write(&s, AS_REPORT_MD, NULL, &out), "\n  - `C:\\b` \\[`");
    as_buf_done(&out);
    sample_done(&s);
}

static void lack_of_memory_is_an_error(void **state)
{
    struct sample s;
    as_item items[2];

    (void)state;
    sample_rich(&s, items);
    sample_starve(&s, AS_REPORT_MD, &(as_report_options){.coverage = true});
    sample_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_report_reads_like_this),
        cmocka_unit_test(nothing_hostile_is_markup),
        cmocka_unit_test(a_path_with_a_bar_stays_in_its_cell),
        cmocka_unit_test(items_are_listed_below_their_sentence),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
