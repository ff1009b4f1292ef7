#include "unit/report/sample_doc.h"

#include "base/banned.h"

static const as_report_options with_coverage = {.coverage = true};

/* Elements of a page, by name; anything else came from a report. */
static bool is_ours(const char *name, size_t n)
{
    static const char *const names[] = {
        "!doctype", "html",   "head",  "meta", "title", "style",  "body", "article",
        "section",  "h1",     "h2",    "h3",   "p",     "strong", "dl",   "dt",
        "dd",       "nav",    "ol",    "ul",   "li",    "a",      "span", "details",
        "summary",  "figure", "svg",   "g",    "path",  "rect",   "text", "tspan",
        "table",    "thead",  "tbody", "tr",   "th",    "td",     "div",  "footer",
    };

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], name, n) == 0)
            return true;
    }
    return false;
}

/* Every '<' begins an element of ours, and every element that needs it is closed. */
static void check_markup(const char *page)
{
    char stack[64][16] = {{0}};
    size_t depth = 0;

    for (const char *p = page; (p = strchr(p, '<')) != NULL; p++) {
        bool closing = p[1] == '/';
        const char *name = p + 1 + closing;
        size_t n = strcspn(name, " >/\n");
        const char *end = strchr(name, '>');

        assert_non_null(end);
        if (!is_ours(name, n))
            fail_msg("not ours: %.40s", p);
        if (closing) {
            assert_true(depth > 0);
            depth--;
            if (strncmp(stack[depth], name, n) != 0 || stack[depth][n])
                fail_msg("<%s> is closed by %.20s", stack[depth], p);
        } else if (end[-1] != '/' && n != 8 && strncmp(name, "meta", n) != 0) {
            assert_true(depth < AS_COUNT(stack));
            memcpy(stack[depth], name, n);
            stack[depth++][n] = '\0';
        }
    }
    assert_int_equal(depth, 0);
}

static void a_page_holds_nothing_but_our_markup(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *page;

    (void)state;
    sample_rich(&s, items);
    page = sample_write(&s, AS_REPORT_HTML, &with_coverage, &out);
    check_markup(page);
    sample_expect_not(page, "<script");
    sample_expect_not(page, "<img");
    sample_expect_not(page, "\x1b");
    sample_expect_not(page, "\xe2\x80\xae");
    sample_expect_not(page, " onerror");
    sample_expect(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;q&quot; &#39;r&#39;");
    sample_expect(page, "/a|b/*/&lt;i&gt;");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_page_needs_nothing_from_elsewhere(void **state)
{
    struct sample s;
    as_buf out = {0};
    const char *page;

    (void)state;
    sample_init(&s);
    (void)sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_PLAIN, "It ran.",
                     sample_process(&s, 1, 0, "a", NULL));
    page = sample_write(&s, AS_REPORT_HTML, NULL, &out);
    sample_expect(page, "<html lang=\"en\">");
    sample_expect(page, "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"");
    sample_expect_not(page, "src=");
    sample_expect_not(page, "url(");
    sample_expect_not(page, "@import");
    sample_expect_not(page, "href=\"h");
    sample_expect(page, "prefers-color-scheme:dark");
    sample_expect(page, "@media print");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_sentence_shows_its_evidence_and_where_it_lies(void **state)
{
    struct sample s;
    as_buf out = {0};
    const char *page;
    as_sentence *sentence;
    uint32_t process;
    as_draft d;

    (void)state;
    sample_init(&s);
    s.doc.options.lang = AS_LANG_ZH;
    sample_draft(&s, &d, AS_KIND_PROCESS, "<\"'>\x1b");
    process = sample_add(&s, &d);
    sentence =
        sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_HIGH, "启动了 \x01x\x02。", process);
    sample_more(&s, sentence, sample_process(&s, 1, 0, "a", NULL));
    page = sample_write(&s, AS_REPORT_HTML, NULL, &out);
    sample_expect(page, "<html lang=\"zh-CN\">");
    sample_expect(page, "<li class=\"w3\"><span class=\"w\">高</span>启动了 "
                        "<span class=\"v\">x</span>。 <span class=\"e\" "
                        "title=\"/things/&lt;&quot;&#39;&gt;\\x1b [4096, 4112)\">1000-10</span> "
                        "<span class=\"e\" title=\"1100-10\">+1</span></li>");
    as_buf_done(&out);
    sample_done(&s);
}

static void items_are_folded_into_details(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *page;

    (void)state;
    sample_rich(&s, items);
    page = sample_write(&s, AS_REPORT_HTML, NULL, &out);
    sample_expect(page, "<details><summary>Full list (2)</summary><ul><li>");
    as_buf_done(&out);
    s.doc.options.full = false;
    sample_expect_not(sample_write(&s, AS_REPORT_HTML, NULL, &out), "<details>");
    as_buf_done(&out);
    sample_done(&s);
}

/* Pages with that many processes, a second apart, each the child of the one before. */
static void check_processes(size_t count, bool timed)
{
    struct sample s;
    as_buf out = {0};
    uint32_t last = 0;
    const char *page;

    sample_init(&s);
    for (size_t i = 0; i < count; i++) {
        char seen[64];

        (void)snprintf(seen, sizeof(seen), "2017-01-05 10:%02zu:%02zu,000", i / 60, i % 60);
        last = sample_process(&s, 100 + i, 99 + i, "a-name-that-is-much-too-long-to-be-drawn.exe",
                              timed ? seen : NULL);
    }
    if (count == 0)
        last = sample_fact(&s, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, AS_LITERAL("m"));
    (void)sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_PLAIN, "Text.", last);
    page = sample_write(&s, AS_REPORT_HTML, NULL, &out);
    check_markup(page);
    if (count == 0)
        sample_expect(page, "<p>The report names no process.</p>");
    else if (!timed)
        sample_expect(page, "The report gives no time for any process");
    if (count > 200)
        sample_expect(page, "<p>The first 200 of 500 processes are drawn.</p>");
    if (count > 200 && timed)
        sample_expect(page, "<p>The first 60 of 500 processes are drawn.</p>");
    as_buf_done(&out);
    sample_done(&s);
}

static void figures_are_drawn_for_any_number_of_processes(void **state)
{
    static const size_t counts[] = {0, 1, 11, 500};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(counts); i++) {
        check_processes(counts[i], true);
        check_processes(counts[i], false);
    }
}

static void several_reports_are_one_page(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};

    (void)state;
    sample_rich(&s, items);
    {
        const as_doc *docs[] = {&s.doc, &s.doc};

        assert_int_equal(as_report_write(AS_REPORT_HTML, docs, 2, NULL, &out, NULL), AS_OK);
    }
    as_buf_byte(&out, '\0');
    check_markup((const char *)out.p);
    sample_expect((const char *)out.p, "<article id=\"d1\">");
    sample_expect((const char *)out.p, "href=\"#d1-files\"");
    sample_expect((const char *)out.p, "id=\"d1-files\"");
    as_buf_done(&out);
    assert_int_equal(as_report_write(AS_REPORT_HTML, NULL, 0, NULL, &out, NULL), AS_OK);
    as_buf_byte(&out, '\0');
    check_markup((const char *)out.p);
    as_buf_done(&out);
    sample_done(&s);
}

static void lack_of_memory_is_an_error(void **state)
{
    struct sample s;
    as_item items[2];

    (void)state;
    sample_rich(&s, items);
    sample_starve(&s, AS_REPORT_HTML, &with_coverage);
    sample_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_holds_nothing_but_our_markup),
        cmocka_unit_test(a_page_needs_nothing_from_elsewhere),
        cmocka_unit_test(a_sentence_shows_its_evidence_and_where_it_lies),
        cmocka_unit_test(items_are_folded_into_details),
        cmocka_unit_test(figures_are_drawn_for_any_number_of_processes),
        cmocka_unit_test(several_reports_are_one_page),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
