#include "unit/report/sample_doc.h"

#include "base/banned.h"

static void a_small_document_reads_like_this(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t process;
    as_sentence *sentence;

    (void)state;
    sample_init(&s);
    process = sample_process(&s, 100, 4, "x.exe", NULL);
    (void)sample_process(&s, 104, 100, "y.exe", NULL);
    sentence = sample_say(&s, AS_SECTION_PROCESSES, AS_EMPHASIS_HIGH, "It \x01ran\x02.", process);
    sample_more(&s, sentence, process);
    sample_more(&s, sentence, process + 1);
    sentence->folded = 2;
    assert_string_equal(
        sample_write(&s, AS_REPORT_JSON, NULL, &out),
        "{\"schema\":\"assay/analyze/1\",\"assay\":\"" AS_VERSION "\",\"lang\":\"en\","
        "\"analyses\":[{\"id\":\"333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4"
        "dbe2e9f0f7fe050c\",\"source\":\"report.json\",\"tool\":\"CAPE\",\"tool_version\":null,"
        "\"title\":\"A title about x.exe\",\"sample\":{\"md5\":null,\"sha1\":null,"
        "\"sha256\":null,\"name\":null,\"type\":null,\"size\":null},\"partial\":false,"
        "\"gaps\":[],\"coverage\":{\"mapped_bytes\":100000,\"total_bytes\":100000,"
        "\"unmapped\":[]},\"calls\":0,\"doubts\":{\"duplicate_keys\":0,\"lone_surrogates\":0},"
        "\"log\":{\"bad_lines\":0,\"facts_repeated\":0,\"facts_left_out\":0},"
        "\"facts\":{\"count\":2,\"by_kind\":{\"process\":2}},\"sections\":[{\"name\":"
        "\"processes\",\"title\":\"processes\",\"sentences\":[{\"text\":\"It ran.\","
        "\"weight\":\"high\",\"evidence\":[\"333a41484f565d64-1000-10\","
        "\"333a41484f565d64-1100-10\"],\"folded\":2}]}]}]}\n");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_rich_document_is_well_formed(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const char *text;

    (void)state;
    sample_rich(&s, items);
    s.doc.options.lang = AS_LANG_ZH;
    text = sample_write(&s, AS_REPORT_JSON, NULL, &out);
    assert_true(sample_is_json((as_bytes){out.p, out.n - 1}));
    sample_expect(text, "\"lang\":\"zh\"");
    sample_expect(text, "\"size\":1234567}");
    sample_expect(text, "\"partial\":true,\"gaps\":[\"tool_errors\",\"no_end_time\"]");
    sample_expect(text, "{\"path\":\"/known\",\"count\":1,\"bytes\":6000,\"known\":true}");
    sample_expect(text, "\"doubts\":{\"duplicate_keys\":3,\"first_duplicate\":77,");
    sample_expect(text, "\"items\":[{\"text\":\"<script>");
    sample_expect(text, "{\"text\":\"C:\\\\b\",\"evidence\":[\"333a41484f565d64-");
    sample_expect_not(text, "\\u0001");
    as_buf_done(&out);
    sample_done(&s);
}

static void items_are_there_with_full_only(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};

    (void)state;
    sample_rich(&s, items);
    s.doc.options.full = false;
    sample_expect_not(sample_write(&s, AS_REPORT_JSON, NULL, &out), "\"items\"");
    as_buf_done(&out);
    sample_done(&s);
}

static void joined_facts_are_not_counted(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t one, two;

    (void)state;
    sample_init(&s);
    one = sample_fact(&s, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, AS_LITERAL("m"));
    two = sample_fact(&s, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, AS_LITERAL("m"));
    assert_int_equal(as_facts_join(s.facts, one, two), AS_OK);
    sample_expect(sample_write(&s, AS_REPORT_JSON, NULL, &out),
                  "\"facts\":{\"count\":1,\"by_kind\":{\"mutex\":1}}");
    as_buf_done(&out);
    sample_done(&s);
}

static void no_report_is_an_empty_list(void **state)
{
    as_buf out = {0};

    (void)state;
    assert_int_equal(as_report_write(AS_REPORT_JSON, NULL, 0, NULL, &out, NULL), AS_OK);
    as_buf_byte(&out, '\0');
    sample_expect((const char *)out.p, "\"analyses\":[]}\n");
    as_buf_done(&out);
}

static void a_failure_leaves_what_was_written_before(void **state)
{
    struct sample s;
    as_item items[2];
    as_buf out = {0};
    const as_doc *docs[] = {&s.doc};

    (void)state;
    sample_rich(&s, items);
    as_buf_text(&out, "before");
    as_mem_fail_at(1);
    assert_int_equal(as_report_write(AS_REPORT_JSON, docs, 1, NULL, &out, NULL), AS_NOMEM);
    as_mem_fail_at(0);
    assert_int_equal(out.n, 6);
    as_buf_done(&out);
    sample_starve(&s, AS_REPORT_JSON, NULL);
    sample_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_document_reads_like_this),
        cmocka_unit_test(a_rich_document_is_well_formed),
        cmocka_unit_test(items_are_there_with_full_only),
        cmocka_unit_test(joined_facts_are_not_counted),
        cmocka_unit_test(no_report_is_an_empty_list),
        cmocka_unit_test(a_failure_leaves_what_was_written_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
