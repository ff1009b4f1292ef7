/*
 * Cuckoo 3: what the golden cases, written after the tool's documentation, must give.
 * Above all: an indicator finds its process by the tool's own number of it, for pids are
 * used again.
 */
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

static as_analysis *read_all(as_bytes in)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, NULL, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

static as_analysis *read_file(const char *path)
{
    as_bytes in = load(path);
    as_analysis *a = read_all(in);

    unload(in);
    return a;
}

/* --- post.json -------------------------------------------------------------------------------- */

static void processes_are_told_apart_by_procid(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_post.json");
    const as_facts *f = a->facts;
    const as_fact *first = with(f, AS_KIND_PROCESS, AS_ATTR_PROCID, "73");
    const as_fact *second = with(f, AS_KIND_PROCESS, AS_ATTR_PROCID, "74");
    const as_fact *third = with(f, AS_KIND_PROCESS, AS_ATTR_PROCID, "75");

    (void)state;
    assert_string_equal(a->tool, "Cuckoo 3");
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 5);
    assert_attr(f, first, AS_ATTR_PID, "5040");
    assert_attr(f, third, AS_ATTR_PID, "5040"); /* used again */
    assert_ptr_equal(parent_of(f, second), first);
    assert_ptr_equal(parent_of(f, third), second);
    assert_null(parent_of(f, first)); /* 64 is not in the list */
    assert_attr(f, third, AS_ATTR_STATUS, "running");
    assert_attr(f, second, AS_ATTR_INJECTED, "true");
    as_analysis_free(a);
}

static void an_indicator_finds_its_processes_by_procid(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_post.json");
    const as_facts *f = a->facts;
    const as_fact *wrote = nth(f, AS_KIND_MARK, 0), *gone = nth(f, AS_KIND_MARK, 1);
    const as_fact *dropped =
        with(f, AS_KIND_MARK, AS_ATTR_VALUE, "C:\\Users\\Ana\\AppData\\Roaming\\upd.exe");

    (void)state;
    assert_attr(f, wrote, AS_ATTR_PROCID, "73");
    assert_attr(f, wrote, AS_ATTR_PID, "5040");
    assert_attr(f, wrote, AS_ATTR_TARGET_PID, "5052");
    assert_attr(f, gone, AS_ATTR_PID, "764");
    assert_attr(f, gone, AS_ATTR_TARGET_PROCID, "400");
    assert_int_equal(as_fact_text(f, gone, AS_ATTR_TARGET_PID).n, 0);
    assert_attr(f, dropped, AS_ATTR_PID, "5052");
    assert_attr(f, parent_of(f, dropped), AS_ATTR_NAME, "files_drops_exe_user");
    as_analysis_free(a);
}

static void signatures_tell_scores_techniques_and_families(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_post.json");
    const as_facts *f = a->facts;
    const as_fact *s = with(f, AS_KIND_SIGNATURE, AS_ATTR_NAME, "process_injection");

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SIGNATURE), 5);
    assert_attr(f, s, AS_ATTR_SCORE, "10");
    assert_attr(f, s, AS_ATTR_TECHNIQUE, "T1055");
    assert_attr(f, with(f, AS_KIND_SIGNATURE, AS_ATTR_NAME, "suricata_alert"), AS_ATTR_FAMILY,
                "dridex");
    assert_int_equal(count_of(f, AS_KIND_FAMILY), 1); /* listed, and of the configuration */
    assert_int_equal(count_of(f, AS_KIND_TECHNIQUE), 2);
    assert_int_equal(count_of(f, AS_KIND_INTELLIGENCE), 2);
    assert_attr(f, with(f, AS_KIND_MARK, AS_ATTR_NAME, "count"), AS_ATTR_VALUE, "240");
    as_analysis_free(a);
}

static void traffic_becomes_facts(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_post.json");
    const as_facts *f = a->facts;
    const as_fact *http = nth(f, AS_KIND_HTTP, 0);

    (void)state;
    assert_attr(f, http, AS_ATTR_URL, "http://cdn.example.com/p/1.bin");
    assert_attr(f, http, AS_ATTR_STATUS, "200");
    assert_attr(f, http, AS_ATTR_DPORT, "80");
    assert_attr(f, nth(f, AS_KIND_DNS, 0), AS_ATTR_REQUEST, "cdn.example.com");
    assert_attr(f, nth(f, AS_KIND_DNS_ANSWER, 0), AS_ATTR_ANSWER, "198.51.100.23");
    assert_int_equal(count_of(f, AS_KIND_CONNECTION), 2);
    assert_attr(f, with(f, AS_KIND_CONNECTION, AS_ATTR_PROTOCOL, "tcp"), AS_ATTR_RECEIVED, "3684");
    assert_int_equal(count_of(f, AS_KIND_HOST), 2);
    assert_attr(f, nth(f, AS_KIND_SMTP, 0), AS_ATTR_FROM, "a@example.org");
    assert_attr(f, nth(f, AS_KIND_IDS_ALERT, 0), AS_ATTR_SID, "2027865");
    assert_int_equal(count_of(f, AS_KIND_CONFIG), 5);
    as_analysis_free(a);
}

static void what_is_missing_is_said(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_post.json");

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_ERRORS | AS_GAP_STATUS); /* a fatal error */
    as_analysis_free(a);
    a = read_file(GOLDEN_FOLDER "/cuckoo3_empty.json");
    assert_int_equal(a->gaps, AS_GAP_NOTHING);
    as_analysis_free(a);
    a = read_file(GOLDEN_FOLDER "/cuckoo3_pre.json");
    assert_int_equal(a->gaps, 0); /* nothing is meant to run */
    as_analysis_free(a);
    a = read_file(GOLDEN_FOLDER "/cuckoo3_analysis.json");
    assert_int_equal(a->gaps, AS_GAP_ERRORS | AS_GAP_STATUS);
    as_analysis_free(a);
}

static void a_list_of_processes_without_a_frame_is_the_same(void **state)
{
    as_bytes in = AS_LITERAL(
        "{\"task_id\":\"x_1\",\"score\":1,\"ttps\":[],\"families\":[],\"signatures\":[{\"name\":"
        "\"s\",\"short_description\":\"t\",\"iocs\":[{\"process_id\":2},{\"process_id\":1}]}],"
        "\"processes\":[{\"procid\":1,\"parent_procid\":3,\"pid\":10,\"name\":\"a\"},"
        "{\"procid\":2,\"parent_procid\":1,\"pid\":10,\"name\":\"a\"},"
        "{\"procid\":2,\"parent_procid\":2,\"pid\":30,\"name\":\"b\"},"
        "{\"procid\":3,\"parent_procid\":1,\"pid\":40,\"name\":\"c\"},{\"parent_procid\":1}]}");
    as_analysis *a = read_all(in);
    const as_facts *f = a->facts;

    (void)state;
    /* Alike but for their numbers, so they are two; none is above itself. */
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 5);
    assert_null(parent_of(f, nth(f, AS_KIND_PROCESS, 0)));
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_PROCESS, 1)), nth(f, AS_KIND_PROCESS, 0));
    assert_null(parent_of(f, nth(f, AS_KIND_PROCESS, 2)));
    assert_attr(f, nth(f, AS_KIND_MARK, 0), AS_ATTR_PID, "10");
    as_analysis_free(a);
}

/* --- the others ------------------------------------------------------------------------------- */

static void one_file_submitted_and_chosen_is_one_sample(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_analysis.json");
    const as_facts *f = a->facts;
    const as_fact *sample = as_facts_get(f, a->sample);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 1);
    assert_int_equal(count_of(f, AS_KIND_SUBMITTED), 0);
    assert_int_equal(as_fact_text(f, sample, AS_ATTR_SHA512).n, 128); /* only submitted has it */
    assert_int_equal(as_fact_text(f, sample, AS_ATTR_MD5).n, 32);
    assert_int_equal(as_fact_text(f, sample, AS_ATTR_SHA1).n, 40);
    assert_attr(f, nth(f, AS_KIND_ANALYSIS, 0), AS_ATTR_ADDED, "2024-03-11T09:20:11.028462");
    assert_attr(f, nth(f, AS_KIND_TASK, 1), AS_ATTR_STATUS, "pending");
    as_analysis_free(a);
}

static void the_target_is_the_sample_not_the_archive_around_it(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_archive.json");

    (void)state;
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_NAME, "fatura_7781.exe");
    assert_attr(a->facts, nth(a->facts, AS_KIND_SUBMITTED, 0), AS_ATTR_NAME, "a.zip");
    as_analysis_free(a);
}

static void without_a_target_the_submitted_is_the_sample(void **state)
{
    as_bytes in =
        AS_LITERAL("{\"id\":\"x\",\"kind\":\"standard\",\"category\":\"url\",\"settings\":"
                   "{},\"created_on\":\"t\",\"submitted\":{\"url\":\"http://a.example/\","
                   "\"category\":\"url\"},\"submitted\":{\"url\":\"b\"},\"target\":{}}");
    as_analysis *a = read_all(in);

    (void)state;
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_URL, "http://a.example/");
    assert_int_equal(count_of(a->facts, AS_KIND_SAMPLE), 1);
    assert_int_equal(a->coverage.n, 1);
    as_analysis_free(a);
}

static void engines_and_headers_of_the_target_are_read(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/cuckoo3_pre.json");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_ANTIVIRUS), 4);
    assert_attr(f, with(f, AS_KIND_ANTIVIRUS, AS_ATTR_ENGINE, "Ikarus"), AS_ATTR_VERDICT,
                "malicious");
    assert_attr(f, nth(f, AS_KIND_ANTIVIRUS_SUMMARY, 0), AS_ATTR_POSITIVES, "2");
    assert_attr(f, nth(f, AS_KIND_PE, 0), AS_ATTR_COMPILED, "2023-09-18T18:17:37");
    assert_attr(f, nth(f, AS_KIND_PE_SECTION, 0), AS_ATTR_NAME, ".text");
    assert_attr(f, nth(f, AS_KIND_CERTIFICATE, 0), AS_ATTR_SUBJECT, "Contoso Ltd");
    assert_int_equal(a->coverage.n, 0);
    as_analysis_free(a);
}

static void what_is_no_report_is_refused_when_forced(void **state)
{
    static const char *const others[] = {"{}", "[]", "{\"score\":1,\"processes\":[]}", "5"};
    as_read_options options = {.format = "cuckoo3"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(others); i++) {
        as_analysis *a = NULL;
        as_err err = {0};

        assert_int_equal(read_report(as_bytes_of(others[i]), &options, &a, &err), AS_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_are_told_apart_by_procid),
        cmocka_unit_test(an_indicator_finds_its_processes_by_procid),
        cmocka_unit_test(signatures_tell_scores_techniques_and_families),
        cmocka_unit_test(traffic_becomes_facts),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(a_list_of_processes_without_a_frame_is_the_same),
        cmocka_unit_test(one_file_submitted_and_chosen_is_one_sample),
        cmocka_unit_test(the_target_is_the_sample_not_the_archive_around_it),
        cmocka_unit_test(without_a_target_the_submitted_is_the_sample),
        cmocka_unit_test(engines_and_headers_of_the_target_are_read),
        cmocka_unit_test(what_is_no_report_is_refused_when_forced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
