/*
 * VirusTotal and Hybrid Analysis: which run each fact is of where a report holds several,
 * which sample they are about, and what is not taken for one of their reports.
 */
#include "unit/formats/reports.h"

#include "base/base.h"

#include "base/banned.h"

#define SHA  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA2 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static as_analysis *read_all(const char *text)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(as_bytes_of(text), NULL, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

static uint32_t nth(const as_facts *f, as_kind kind, size_t n)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == (uint16_t)kind && !(fact->flags & AS_FACT_GONE) && !n--)
            return i;
    }
    return AS_NO_FACT;
}

static size_t count_of(const as_facts *f, as_kind kind)
{
    size_t n = 0;

    while (nth(f, kind, n) != AS_NO_FACT)
        n++;
    return n;
}

static bool has_attr(const as_facts *f, uint32_t fact, as_attr_name name, const char *text)
{
    const as_attr *attrs = as_fact_attrs(f, as_facts_get(f, fact));

    for (size_t i = 0; i < as_facts_get(f, fact)->n_attrs; i++) {
        if (attrs[i].name == name && as_bytes_is(as_facts_text(f, attrs[i].str), text))
            return true;
    }
    return false;
}

static void assert_attr(const as_facts *f, uint32_t fact, as_attr_name name, const char *text)
{
    as_bytes have;

    assert_int_not_equal(fact, AS_NO_FACT);
    have = as_fact_text(f, as_facts_get(f, fact), name);
    if (!has_attr(f, fact, name, text))
        fail_msg("%s is '%.*s', not '%s'", as_attr_get(name)->name, (int)have.n,
                 (const char *)have.p, text);
}

static uint32_t parent_of(const as_facts *f, uint32_t fact)
{
    return as_fact_parent(f, as_facts_get(f, fact));
}

/* The first fact of the kind with that value in its identifying attribute. */
static uint32_t named(const as_facts *f, as_kind kind, as_attr_name name, const char *text)
{
    for (size_t n = 0;; n++) {
        uint32_t i = nth(f, kind, n);

        if (i == AS_NO_FACT || has_attr(f, i, name, text))
            return i;
    }
}

static void assert_run(const as_facts *f, uint32_t fact, const char *environment)
{
    uint32_t run;

    assert_int_not_equal(fact, AS_NO_FACT);
    run = as_fact_run(f, fact);
    assert_int_not_equal(run, AS_NO_FACT);
    assert_attr(f, run, AS_ATTR_ENVIRONMENT, environment);
}

static void assert_pointer(const as_facts *f, uint32_t fact, size_t n, const char *pointer)
{
    as_buf b = {0};

    as_facts_pointer(f, &as_fact_evidence(f, as_facts_get(f, fact))[n], &b);
    if (!as_bytes_is(as_buf_bytes(&b), pointer))
        fail_msg("evidence at '%.*s', not '%s'", (int)b.n, (const char *)b.p, pointer);
    as_buf_done(&b);
}

/* --- VirusTotal: files ----------------------------------------------------------------------- */

static const char file_attributes[] =
    "{\"md5\":\"0cc175b9c0f1b6a831c399e269772661\",\"sha256\":\"" SHA "\",\"size\":12,"
    "\"meaningful_name\":\"a.exe\",\"names\":[\"a.exe\",\"b.exe\"],\"tags\":[\"peexe\"],"
    "\"vhash\":\"v1\",\"authentihash\":\"h1\",\"type_description\":\"Win32 EXE\","
    "\"first_submission_date\":1600000000,\"last_analysis_date\":1600000009,"
    "\"last_analysis_stats\":{\"undetected\":2,\"malicious\":1},"
    "\"last_analysis_results\":{\"One\":{\"category\":\"malicious\",\"result\":\"T\"},"
    "\"Two\":{\"category\":\"undetected\",\"result\":null}},"
    "\"sandbox_verdicts\":{\"Box\":{\"category\":\"malicious\",\"malware_names\":[\"F\"]}},"
    "\"pe_info\":{\"imphash\":\"i1\",\"debug\":[{\"codeview\":{\"name\":\"x.pdb\"}}]}}";

static void check_file(const char *before, const char *behind, const char *at)
{
    as_buf b = {0};
    as_analysis *a;
    const as_facts *f;
    uint32_t sample, antivirus;

    as_buf_text(&b, before);
    as_buf_text(&b, file_attributes);
    as_buf_text(&b, behind);
    as_buf_byte(&b, 0);
    a = read_all((const char *)b.p);
    f = a->facts;
    sample = a->sample;
    antivirus = nth(f, AS_KIND_ANTIVIRUS_SUMMARY, 0);
    assert_string_equal(a->tool, "VirusTotal");
    assert_int_equal(a->gaps, 0);
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 1);
    assert_int_equal(count_of(f, AS_KIND_ANALYSIS), 0);
    assert_attr(f, sample, AS_ATTR_SHA256, SHA);
    assert_attr(f, sample, AS_ATTR_MD5, "0cc175b9c0f1b6a831c399e269772661");
    assert_attr(f, sample, AS_ATTR_NAME, "a.exe");
    assert_attr(f, sample, AS_ATTR_NAME, "b.exe");
    assert_attr(f, sample, AS_ATTR_VHASH, "v1");
    assert_attr(f, sample, AS_ATTR_AUTHENTIHASH, "h1");
    assert_attr(f, sample, AS_ATTR_TAG, "peexe");
    assert_attr(f, sample, AS_ATTR_FIRST_SEEN, "1600000000");
    assert_pointer(f, sample, 0, at);
    assert_attr(f, antivirus, AS_ATTR_POSITIVES, "1");
    assert_attr(f, antivirus, AS_ATTR_FIELD, "undetected");
    assert_attr(f, antivirus, AS_ATTR_FIELD_VALUE, "2");
    assert_attr(f, antivirus, AS_ATTR_TIME, "1600000009");
    assert_int_equal(count_of(f, AS_KIND_ANTIVIRUS), 2);
    assert_attr(f, nth(f, AS_KIND_ANTIVIRUS, 0), AS_ATTR_ENGINE, "One");
    assert_attr(f, nth(f, AS_KIND_ANTIVIRUS, 0), AS_ATTR_VERDICT, "malicious");
    assert_int_equal(parent_of(f, nth(f, AS_KIND_ANTIVIRUS, 1)), antivirus);
    assert_attr(f, nth(f, AS_KIND_SANDBOX_VERDICT, 0), AS_ATTR_ENVIRONMENT, "Box");
    assert_attr(f, nth(f, AS_KIND_PE, 0), AS_ATTR_PDB_PATH, "x.pdb");
    assert_int_equal(parent_of(f, nth(f, AS_KIND_PE, 0)), sample);
    as_analysis_free(a);
    as_buf_done(&b);
}

static void a_file_is_read_in_every_envelope(void **state)
{
    (void)state;
    check_file("{\"data\":{\"id\":\"" SHA "\",\"type\":\"file\",\"attributes\":", "}}", "/data");
    check_file("{\"data\":{\"attributes\":", ",\"type\":\"file\",\"id\":\"" SHA "\"}}", "/data");
    check_file("{\"data\":[{\"type\":\"file\",\"id\":\"" SHA "\",\"attributes\":", "}]}",
               "/data/0");
    check_file("{\"id\":\"" SHA "\",\"type\":\"file\",\"attributes\":", "}", "");
    check_file("", "", "");
    check_file("[", "]", "/0");
}

static void a_file_without_its_hash_has_that_of_its_id(void **state)
{
    as_analysis *a = read_all("{\"data\":{\"id\":\"" SHA "\",\"type\":\"file\",\"attributes\":"
                              "{\"meaningful_name\":\"x\",\"times_submitted\":1}}}");

    (void)state;
    assert_attr(a->facts, a->sample, AS_ATTR_SHA256, SHA);
    assert_attr(a->facts, a->sample, AS_ATTR_NAME, "x");
    as_analysis_free(a);
}

static void a_thousand_names_leave_room_for_the_hashes(void **state)
{
    as_buf b = {0};
    as_analysis *a;
    size_t names = 0;

    (void)state;
    as_buf_text(&b, "{\"data\":{\"type\":\"file\",\"attributes\":{\"names\":[\"n\"");
    for (size_t i = 0; i < 1000; i++)
        as_buf_printf(&b, ",\"n%zu\"", i);
    as_buf_text(&b, "],\"times_submitted\":1,\"sha256\":\"" SHA "\"}}}");
    as_buf_byte(&b, 0);
    a = read_all((const char *)b.p);
    assert_attr(a->facts, a->sample, AS_ATTR_SHA256, SHA);
    for (size_t i = 0; i < as_facts_get(a->facts, a->sample)->n_attrs; i++)
        names += as_fact_attrs(a->facts, as_facts_get(a->facts, a->sample))[i].name == AS_ATTR_NAME;
    names += count_of(a->facts, AS_KIND_DETAIL) - 1; /* times_submitted */
    assert_int_equal(names, 1001);
    as_analysis_free(a);
    as_buf_done(&b);
}

/* --- VirusTotal: runs ---------------------------------------------------------------------------
 */

static const char two_runs[] =
    "{\"data\":["
    "{\"id\":\"" SHA "_A\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"A\","
    "\"processes_tree\":[{\"process_id\":\"100\",\"name\":\"x.exe\",\"children\":["
    "{\"process_id\":\"200\",\"name\":\"y.exe\"}]}],\"files_written\":[\"%SAMPLEPATH%\\\\f\"],"
    "\"registry_keys_set\":[{\"key\":\"K\",\"value\":\"v\"},\"L\"],\"mutexes_created\":[\"m\"]}},"
    "{\"id\":\"" SHA "_B\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"B\","
    "\"processes_tree\":[{\"process_id\":\"100\",\"name\":\"x.exe\"}],"
    "\"processes_list\":[{\"process_id\":\"100\",\"name\":\"x.exe\",\"start_time\":5}],"
    "\"files_written\":[\"%SAMPLEPATH%\\\\f\",\"%SAMPLEPATH%\\\\f\"],"
    "\"mutexes_created\":[\"m\"],\"mutexes_opened\":[\"m\"]}},"
    "{\"id\":\"" SHA2 "_A\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"C\","
    "\"command_executions\":[\"c\"],\"tags\":[\"T\"]}}]}";

static void what_two_sandboxes_saw_stays_theirs(void **state)
{
    as_analysis *a = read_all(two_runs);
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_ANALYSIS), 3);
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 3);
    assert_run(f, nth(f, AS_KIND_PROCESS, 0), "A");
    assert_run(f, nth(f, AS_KIND_PROCESS, 1), "A");
    assert_int_equal(parent_of(f, nth(f, AS_KIND_PROCESS, 1)), nth(f, AS_KIND_PROCESS, 0));
    assert_run(f, nth(f, AS_KIND_PROCESS, 2), "B");
    assert_attr(f, nth(f, AS_KIND_PROCESS, 2), AS_ATTR_FIRST_SEEN, "5"); /* joined in its run */
    assert_int_equal(count_of(f, AS_KIND_FILE_WRITTEN), 2);
    assert_run(f, nth(f, AS_KIND_FILE_WRITTEN, 0), "A");
    assert_run(f, nth(f, AS_KIND_FILE_WRITTEN, 1), "B");
    assert_attr(f, nth(f, AS_KIND_FILE_WRITTEN, 1), AS_ATTR_PATH, "%SAMPLEPATH%\\f");
    assert_int_equal(count_of(f, AS_KIND_MUTEX), 2);
    assert_int_equal(count_of(f, AS_KIND_KEY_WRITTEN), 2);
    assert_attr(f, nth(f, AS_KIND_KEY_WRITTEN, 0), AS_ATTR_VALUE, "v");
    assert_attr(f, nth(f, AS_KIND_KEY_WRITTEN, 1), AS_ATTR_KEY, "L");
    assert_run(f, nth(f, AS_KIND_COMMAND, 0), "C");
    assert_attr(f, nth(f, AS_KIND_ANALYSIS, 2), AS_ATTR_TAG, "T");
    assert_int_equal(a->gaps, 0);
    as_analysis_free(a);
}

static void runs_of_one_file_are_of_one_sample(void **state)
{
    as_analysis *a = read_all(two_runs);
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 2);
    assert_attr(f, a->sample, AS_ATTR_SHA256, SHA);
    assert_attr(f, nth(f, AS_KIND_SAMPLE, 1), AS_ATTR_SHA256, SHA2);
    assert_int_equal(as_facts_get(f, a->sample)->n_evidence, 2);
    assert_pointer(f, a->sample, 0, "/data/0/id");
    assert_pointer(f, a->sample, 1, "/data/1/id");
    assert_int_equal(parent_of(f, nth(f, AS_KIND_ANALYSIS, 0)), a->sample);
    assert_int_equal(parent_of(f, nth(f, AS_KIND_ANALYSIS, 1)), a->sample);
    assert_int_equal(parent_of(f, nth(f, AS_KIND_ANALYSIS, 2)), nth(f, AS_KIND_SAMPLE, 1));
    as_analysis_free(a);
}

static void a_summary_of_all_runs_names_no_sample(void **state)
{
    as_analysis *a = read_all("{\"data\":{\"files_opened\":[\"a\"],\"files_deleted\":null,"
                              "\"modules_loaded\":[],\"text_highlighted\":null}}");
    size_t facts = 0;

    (void)state;
    assert_int_equal(a->sample, AS_NO_FACT);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++)
        facts += !(as_facts_get(a->facts, i)->flags & AS_FACT_GONE);
    assert_int_equal(facts, 1);
    assert_attr(a->facts, nth(a->facts, AS_KIND_FILE_OPENED, 0), AS_ATTR_PATH, "a");
    assert_int_equal(as_fact_run(a->facts, nth(a->facts, AS_KIND_FILE_OPENED, 0)), AS_NO_FACT);
    assert_int_equal(a->gaps, AS_GAP_NOTHING);
    as_analysis_free(a);
}

/* --- Hybrid Analysis -----------------------------------------------------------------------------
 */

#define HYBRID(more)                                                                               \
    "{\"environment_id\":100,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1," more "}"

static void processes_are_linked_by_uid_in_any_order(void **state)
{
    as_analysis *a = read_all(HYBRID("\"processes\":["
                                     "{\"uid\":\"3\",\"parentuid\":\"2\",\"name\":\"c\"},"
                                     "{\"uid\":\"1\",\"parentuid\":null,\"name\":\"a\"},"
                                     "{\"uid\":\"2\",\"parentuid\":\"1\",\"name\":\"b\"},"
                                     "{\"uid\":\"4\",\"parentuid\":\"9\",\"name\":\"d\"},"
                                     "{\"uid\":\"5\",\"parentuid\":\"5\",\"name\":\"e\"},"
                                     "{\"uid\":\"6\",\"parentuid\":\"7\",\"name\":\"f\"},"
                                     "{\"uid\":\"7\",\"parentuid\":\"6\",\"name\":\"g\"}]"));
    const as_facts *f = a->facts;
    uint32_t run = nth(f, AS_KIND_ANALYSIS, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 7);
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "c")),
                     named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "b"));
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "b")),
                     named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "a"));
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "a")), run);
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "d")), run);
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "e")), run);
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "f")), run);
    assert_int_equal(parent_of(f, named(f, AS_KIND_PROCESS, AS_ATTR_NAME, "g")), run);
    as_analysis_free(a);
}

static void a_long_chain_of_processes_is_cut(void **state)
{
    as_buf b = {0};
    as_analysis *a;
    size_t deepest = 0;

    (void)state;
    as_buf_text(&b, "{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1,"
                    "\"processes\":[{\"uid\":\"0\",\"name\":\"p\"}");
    for (unsigned i = 1; i < 2000; i++)
        as_buf_printf(&b, ",{\"uid\":\"%u\",\"parentuid\":\"%u\",\"name\":\"p%u\"}", i, i - 1, i);
    as_buf_text(&b, "]}");
    as_buf_byte(&b, 0);
    a = read_all((const char *)b.p);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 2000);
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        size_t steps = 0;

        for (uint32_t at = i; at != AS_NO_FACT && steps < 5000; at = parent_of(a->facts, at))
            steps++;
        deepest = steps > deepest ? steps : deepest;
    }
    assert_true(deepest > 100 && deepest < 300);
    as_analysis_free(a);
    as_buf_done(&b);
}

static void environments_keep_their_processes_and_words(void **state)
{
    as_analysis *a = read_all(
        "[{\"environment_id\":100,\"environment_description\":\"W7\",\"threat_score\":9,"
        "\"job_id\":\"1\",\"sha256\":\"" SHA "\",\"submit_name\":\"a\",\"imphash\":\"Unknown\","
        "\"ssdeep\":\"Unknown\",\"state\":\"SUCCESS\",\"processes\":[{\"uid\":\"1\",\"name\":\"p\","
        "\"pid\":5,\"mutants\":[\"m\"]}]},"
        "{\"environment_id\":160,\"environment_description\":\"W10\",\"threat_score\":null,"
        "\"job_id\":\"2\",\"sha256\":\"" SHA "\",\"submit_name\":\"b\",\"state\":\"ERROR\","
        "\"imphash\":\"i\",\"processes\":[{\"uid\":\"2\",\"parentuid\":\"1\",\"name\":\"p\","
        "\"pid\":5,\"mutants\":[\"m\"]}]},"
        "{\"environment_id\":null,\"environment_description\":\"Static\",\"verdict\":\"clean\","
        "\"job_id\":null,\"sha256\":\"" SHA2 "\",\"state\":\"IN_QUEUE\"}]");
    const as_facts *f = a->facts;

    (void)state;
    assert_string_equal(a->tool, "Hybrid Analysis");
    assert_int_equal(a->gaps, AS_GAP_STATUS | AS_GAP_NO_END);
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 2);
    assert_attr(f, a->sample, AS_ATTR_NAME, "a");
    assert_attr(f, a->sample, AS_ATTR_IMPHASH, "i"); /* from the second; "Unknown" is none */
    assert_false(has_attr(f, a->sample, AS_ATTR_SSDEEP, "Unknown"));
    assert_attr(f, nth(f, AS_KIND_ANALYSIS, 1), AS_ATTR_NAME, "b");
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 2);
    assert_run(f, nth(f, AS_KIND_PROCESS, 0), "W7");
    assert_run(f, nth(f, AS_KIND_PROCESS, 1), "W10");
    assert_int_equal(parent_of(f, nth(f, AS_KIND_PROCESS, 1)), nth(f, AS_KIND_ANALYSIS, 1));
    assert_int_equal(count_of(f, AS_KIND_MUTEX), 2);
    assert_int_equal(parent_of(f, nth(f, AS_KIND_MUTEX, 0)), nth(f, AS_KIND_PROCESS, 0));
    assert_int_equal(parent_of(f, nth(f, AS_KIND_MUTEX, 1)), nth(f, AS_KIND_PROCESS, 1));
    as_analysis_free(a);
}

/* --- what is none of theirs
 * ------------------------------------------------------------------------ */

static void other_documents_are_not_taken_for_theirs(void **state)
{
    static const char *const texts[] = {
        "{\"data\":{\"type\":\"file\",\"id\":\"1\",\"attributes\":{\"name\":\"x\"}}}",
        "{\"data\":[{\"type\":\"file\",\"id\":\"17\",\"attributes\":{\"size\":1}}]}",
        "{\"data\":{\"type\":\"url\",\"attributes\":{\"url\":\"x\"}}}",
        "{\"data\":[1,2],\"meta\":{}}",
        "[{\"environment_id\":1,\"name\":\"prod\"}]",
        "{\"environment_id\":1,\"job_id\":\"x\"}",
        "{\"verdict\":\"clean\",\"threat_score\":1,\"job_id\":\"1\"}",
        "{\"md5\":\"a\",\"names\":[],\"size\":1}",
    };
    static const char *const others[] = {
        "{\"info\":{\"version\":\"2.4-CAPE\"},\"virustotal\":{\"positives\":1},\"CAPE\":{}}",
        "{\"query_status\":\"ok\",\"data\":[{\"sha256_hash\":\"a\",\"file_name\":\"f\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        as_analysis *a = NULL;
        as_err err = {0};

        if (read_report(as_bytes_of(texts[i]), NULL, &a, &err) != AS_UNKNOWN)
            fail_msg("taken for a report: %s", texts[i]);
    }
    for (size_t i = 0; i < AS_COUNT(others); i++) {
        as_analysis *a = read_all(others[i]);

        assert_string_not_equal(a->tool, "VirusTotal");
        assert_string_not_equal(a->tool, "Hybrid Analysis");
        as_analysis_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_in_every_envelope),
        cmocka_unit_test(a_file_without_its_hash_has_that_of_its_id),
        cmocka_unit_test(a_thousand_names_leave_room_for_the_hashes),
        cmocka_unit_test(what_two_sandboxes_saw_stays_theirs),
        cmocka_unit_test(runs_of_one_file_are_of_one_sample),
        cmocka_unit_test(a_summary_of_all_runs_names_no_sample),
        cmocka_unit_test(processes_are_linked_by_uid_in_any_order),
        cmocka_unit_test(a_long_chain_of_processes_is_cut),
        cmocka_unit_test(environments_keep_their_processes_and_words),
        cmocka_unit_test(other_documents_are_not_taken_for_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
