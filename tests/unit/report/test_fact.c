#include "unit/report/sample_doc.h"

#include "base/banned.h"

static const char *line_of(struct sample *s, uint32_t fact, as_buf *out)
{
    as_report_fact(&s->analysis, as_facts_get(s->facts, fact), out);
    assert_false(out->failed);
    assert_true(sample_is_json(as_buf_bytes(out)));
    as_buf_byte(out, '\0');
    return (const char *)out->p;
}

static void a_fact_is_one_line_with_its_evidence(void **state)
{
    struct sample s;
    as_buf out = {0};
    as_draft d;
    char id[AS_EVIDENCE_ID_MAX], want[512];

    (void)state;
    sample_init(&s);
    sample_draft(&s, &d, AS_KIND_MUTEX, "m");
    sample_attr(&s, &d, AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("Global\\x"));
    sample_attr(&s, &d, AS_ATTR_COUNT, AS_FORM_NUMBER, AS_LITERAL("-1.5e3"));
    sample_attr(&s, &d, AS_ATTR_VALID, AS_FORM_TRUE, AS_LITERAL("true"));
    sample_attr(&s, &d, AS_ATTR_ALERT, AS_FORM_FALSE, AS_LITERAL("false"));
    as_evidence_id(s.analysis.sha256, 0x1000, 0x1010, id);
    (void)snprintf(want, sizeof(want),
                   "{\"kind\":\"mutex\",\"attrs\":{\"name\":\"Global\\\\x\",\"count\":-1.5e3,"
                   "\"valid\":true,\"alert\":false},\"evidence\":{\"id\":\"%s\","
                   "\"pointer\":\"/things/m\",\"begin\":4096,\"end\":4112}}",
                   id);
    assert_string_equal(line_of(&s, sample_add(&s, &d), &out), want);
    as_buf_done(&out);
    sample_done(&s);
}

static void values_under_one_name_become_an_array(void **state)
{
    struct sample s;
    as_buf out = {0};
    as_draft d;

    (void)state;
    sample_init(&s);
    sample_draft(&s, &d, AS_KIND_SIGNATURE, "m");
    sample_attr(&s, &d, AS_ATTR_CATEGORY, AS_FORM_TEXT, AS_LITERAL("a"));
    sample_attr(&s, &d, AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("n"));
    sample_attr(&s, &d, AS_ATTR_CATEGORY, AS_FORM_TEXT, AS_LITERAL("b"));
    sample_attr(&s, &d, AS_ATTR_CATEGORY, AS_FORM_NUMBER, AS_LITERAL("7"));
    sample_expect(line_of(&s, sample_add(&s, &d), &out),
                  "\"attrs\":{\"category\":[\"a\",\"b\",7],\"name\":\"n\"}");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_fact_of_a_run_says_where_that_was(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t file, run, process;
    as_draft d;

    (void)state;
    sample_init(&s);
    file = sample_fact(&s, AS_KIND_SAMPLE, AS_NO_FACT, AS_ATTR_SHA256, AS_LITERAL("ab"));
    run = sample_fact(&s, AS_KIND_ANALYSIS, file, AS_ATTR_ENVIRONMENT, AS_LITERAL("Box"));
    process = sample_fact(&s, AS_KIND_PROCESS, run, AS_ATTR_PID, AS_LITERAL("7"));
    sample_draft(&s, &d, AS_KIND_MUTEX, "m");
    d.parent = process;
    sample_attr(&s, &d, AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("x"));
    sample_expect(line_of(&s, sample_add(&s, &d), &out),
                  "\"attrs\":{\"name\":\"x\",\"pid\":\"7\",\"environment\":\"Box\"}");
    as_buf_reset(&out);
    sample_expect(line_of(&s, process, &out),
                  "\"attrs\":{\"pid\":\"7\",\"file\":\"ab\",\"environment\":\"Box\"}");
    as_buf_reset(&out);
    sample_expect(line_of(&s, run, &out), "\"attrs\":{\"environment\":\"Box\",\"file\":\"ab\"}");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_number_that_json_does_not_know_is_a_string(void **state)
{
    static const char *const odd[] = {"007", "", "-", "1.", ".5", "1e", "0x10", "1 ", "+1", "NaN"};
    static const char *const good[] = {"0", "-0", "10", "1.25", "1E+9", "-3e-2"};
    struct sample s;
    as_buf out = {0};

    (void)state;
    sample_init(&s);
    for (size_t i = 0; i < AS_COUNT(odd) + AS_COUNT(good); i++) {
        const char *text = i < AS_COUNT(odd) ? odd[i] : good[i - AS_COUNT(odd)];
        char want[64];
        as_draft d;

        sample_draft(&s, &d, AS_KIND_MUTEX, "m");
        sample_attr(&s, &d, AS_ATTR_COUNT, AS_FORM_NUMBER, as_bytes_of(text));
        (void)snprintf(want, sizeof(want),
                       i < AS_COUNT(odd) ? "{\"count\":\"%s\"}" : "{\"count\":%s}", text);
        sample_expect(line_of(&s, sample_add(&s, &d), &out), want);
        as_buf_reset(&out);
    }
    as_buf_done(&out);
    sample_done(&s);
}

static void further_evidence_stands_under_also(void **state)
{
    struct sample s;
    as_buf out = {0};
    as_draft d;
    const char *line;

    (void)state;
    sample_init(&s);
    sample_draft(&s, &d, AS_KIND_MUTEX, "m");
    sample_attr(&s, &d, AS_ATTR_NAME, AS_FORM_TEXT, AS_LITERAL("n"));
    d.evidence[1] = (as_evidence){7, 9, 0, 3};
    d.evidence[2] = (as_evidence){70, 90, 0, 4};
    d.n_evidence = 3;
    line = line_of(&s, sample_add(&s, &d), &out);
    sample_expect(line, "\"also\":[{\"id\":\"");
    sample_expect(line, "-7-2\",\"pointer\":\"/3\",\"begin\":7,\"end\":9},{");
    sample_expect(line, "\"begin\":70,\"end\":90}]}");
    as_buf_done(&out);
    sample_done(&s);
}

static void a_part_carries_the_identity_of_its_process(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t process, trace, use;
    const char *line;

    (void)state;
    sample_init(&s);
    process = sample_process(&s, 4060, 4, "a.exe", NULL);
    trace = sample_fact(&s, AS_KIND_API_TRACE, process, AS_ATTR_COUNT, AS_LITERAL("9"));
    use = sample_fact(&s, AS_KIND_API_USE, trace, AS_ATTR_API, AS_LITERAL("NtClose"));
    line = line_of(&s, use, &out);
    sample_expect(line, "\"attrs\":{\"api\":\"NtClose\",\"pid\":4060}");
    sample_expect(line, "\"also\":[{\"id\":\"");
    sample_expect(line, "\"pointer\":\"/things/process\"");
    as_buf_done(&out);
    sample_done(&s);
}

static void an_identity_that_the_part_has_itself_is_not_repeated(void **state)
{
    struct sample s;
    as_buf out = {0};
    uint32_t process;
    as_draft d;
    const char *line;

    (void)state;
    sample_init(&s);
    process = sample_process(&s, 4060, 4, "a.exe", NULL);
    sample_draft(&s, &d, AS_KIND_API_USE, "u");
    d.parent = process;
    sample_attr(&s, &d, AS_ATTR_PID, AS_FORM_NUMBER, AS_LITERAL("1"));
    line = line_of(&s, sample_add(&s, &d), &out);
    sample_expect(line, "\"attrs\":{\"pid\":1}");
    sample_expect_not(line, "also");
    as_buf_done(&out);
    sample_done(&s);
}

static void hostile_values_stay_one_line_of_plain_json(void **state)
{
    struct sample s;
    as_buf out = {0};
    as_draft d;
    const char *line;

    (void)state;
    sample_init(&s);
    sample_draft(&s, &d, AS_KIND_MUTEX, "k\n\"\\\x1b/~");
    sample_attr(&s, &d, AS_ATTR_NAME, AS_FORM_TEXT, HOSTILE_RAW);
    line = line_of(&s, sample_add(&s, &d), &out);
    assert_null(strpbrk(line, "\n\r\x1b"));
    sample_expect(line, "\\u001b[31m<script>");
    sample_expect(line, "\\u0000z\\r\\n\xef\xbf\xbd\"");
    sample_expect(line, "\"pointer\":\"/things/k\\n\\\"\\\\\\u001b~1~0\"");
    as_buf_done(&out);
    sample_done(&s);
}

static void lack_of_memory_leaves_a_failed_buffer(void **state)
{
    struct sample s;
    uint32_t fact;

    (void)state;
    sample_init(&s);
    fact = sample_fact(&s, AS_KIND_MUTEX, AS_NO_FACT, AS_ATTR_NAME, HOSTILE_RAW);
    for (uint64_t n = 1; n < 100; n++) {
        as_buf out = {0};
        bool failed;

        as_mem_fail_at(n);
        as_report_fact(&s.analysis, as_facts_get(s.facts, fact), &out);
        as_mem_fail_at(0);
        failed = out.failed;
        if (!failed)
            assert_true(sample_is_json(as_buf_bytes(&out)));
        as_buf_done(&out);
        if (!failed) {
            sample_done(&s);
            assert_true(n > 1);
            return;
        }
    }
    fail_msg("never enough memory");
}

static void every_id_is_the_one_of_evidence(void **state)
{
    static const uint64_t numbers[] = {
        0, 1, 15, 16, 255, 256, 0xfffffffu, UINT64_C(1) << 40, UINT64_MAX};
    struct sample s;

    (void)state;
    sample_init(&s);
    for (size_t i = 0; i < AS_COUNT(numbers); i++) {
        for (size_t k = i; k < AS_COUNT(numbers); k++) {
            as_evidence e = {numbers[i], numbers[k], 0, 0};
            char want[AS_EVIDENCE_ID_MAX], got[AS_EVIDENCE_ID_MAX];

            as_evidence_id(s.analysis.sha256, e.begin, e.end, want);
            assert_int_equal(as_part_id(&s.analysis, &e, got), strlen(want));
            assert_string_equal(got, want);
        }
    }
    sample_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_is_one_line_with_its_evidence),
        cmocka_unit_test(values_under_one_name_become_an_array),
        cmocka_unit_test(a_fact_of_a_run_says_where_that_was),
        cmocka_unit_test(a_number_that_json_does_not_know_is_a_string),
        cmocka_unit_test(further_evidence_stands_under_also),
        cmocka_unit_test(a_part_carries_the_identity_of_its_process),
        cmocka_unit_test(an_identity_that_the_part_has_itself_is_not_repeated),
        cmocka_unit_test(hostile_values_stay_one_line_of_plain_json),
        cmocka_unit_test(lack_of_memory_leaves_a_failed_buffer),
        cmocka_unit_test(every_id_is_the_one_of_evidence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
