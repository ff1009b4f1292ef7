/*
 * What the reader of Triage makes of its three reports, fact by fact, and of reports whose
 * parts come in another order or name each other wrongly.
 */
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

static as_analysis *read_text(const char *text)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(as_bytes_of(text), NULL, &a, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(a->tool, "Triage");
    return a;
}

static as_analysis *read_golden(const char *name)
{
    char path[PATH_MAX];
    as_analysis *a = NULL;
    as_err err = {0};
    as_bytes in;

    (void)snprintf(path, sizeof(path), GOLDEN_FOLDER "/%s.json", name);
    in = load(path);
    if (read_report(in, NULL, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    unload(in);
    return a;
}

static void a_number_used_again_is_two_processes(void **state)
{
    as_analysis *a = read_golden("triage_behavioral");
    const as_facts *f = a->facts;
    const as_fact *dropped = nth(f, AS_KIND_DROPPED, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 3);
    assert_attr(f, nth(f, AS_KIND_PROCESS, 1), AS_ATTR_PID, "1604");
    assert_attr(f, nth(f, AS_KIND_PROCESS, 2), AS_ATTR_PID, "1604");
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_PROCESS, 1)), nth(f, AS_KIND_PROCESS, 0));
    assert_null(parent_of(f, nth(f, AS_KIND_PROCESS, 0)));
    /* procid 90 wrote the file, not procid 84 of the same pid. */
    assert_ptr_equal(parent_of(f, dropped), nth(f, AS_KIND_PROCESS, 2));
    assert_attr(f, dropped, AS_ATTR_PATH, "C:\\Users\\Admin\\README.txt");
    assert_attr(f, nth(f, AS_KIND_PROCESS_DUMP, 0), AS_ATTR_ADDRESS, "4194304");
    as_analysis_free(a);
}

static void arguments_of_a_list_are_kept_one_by_one(void **state)
{
    as_analysis *a = read_golden("triage_behavioral");
    const as_fact *p = nth(a->facts, AS_KIND_PROCESS, 2);
    const as_attr *attrs;
    size_t n = 0;

    (void)state;
    assert_non_null(p);
    attrs = as_fact_attrs(a->facts, p);
    for (size_t i = 0; i < p->n_attrs; i++)
        n += attrs[i].name == AS_ATTR_COMMAND_LINE;
    assert_int_equal(n, 3);
    assert_attr(a->facts, p, AS_ATTR_COMMAND_LINE, "sh");
    as_analysis_free(a);
}

static void what_was_asked_and_what_came_back_are_one(void **state)
{
    as_analysis *a = read_golden("triage_behavioral");
    const as_facts *f = a->facts;
    const as_fact *dns = nth(f, AS_KIND_DNS, 0), *http = nth(f, AS_KIND_HTTP, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_DNS), 1);
    assert_attr(f, dns, AS_ATTR_REQUEST, "api.example.net");
    assert_attr(f, dns, AS_ATTR_IP, "203.0.113.9");
    assert_int_equal(count_of(f, AS_KIND_DNS_ANSWER), 2);
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_DNS_ANSWER, 1)), dns);
    assert_ptr_equal(parent_of(f, dns), nth(f, AS_KIND_PROCESS, 0));
    assert_int_equal(count_of(f, AS_KIND_HTTP), 1);
    assert_attr(f, http, AS_ATTR_METHOD, "POST");
    assert_attr(f, http, AS_ATTR_STATUS, "200");
    assert_int_equal(http->n_evidence, 2);
    /* An answer without a question stands alone. */
    assert_attr(f, nth(f, AS_KIND_DOMAIN, 0), AS_ATTR_DOMAIN, "late.example.net");
    as_analysis_free(a);
}

static void a_flow_with_a_handshake_is_two_facts(void **state)
{
    as_analysis *a = read_golden("triage_behavioral");
    const as_facts *f = a->facts;
    const as_fact *tls = nth(f, AS_KIND_TLS, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_CONNECTION), 3);
    assert_int_equal(count_of(f, AS_KIND_TLS), 2);
    assert_attr(f, tls, AS_ATTR_JA3, "3b5074b1b5d032e5620f69f9f700ff0e");
    assert_attr(f, tls, AS_ATTR_JA3S, "ec74a5c51106f0419184d0dd08fb05bc");
    assert_attr(f, tls, AS_ATTR_SNI, "api.example.net");
    assert_attr(f, tls, AS_ATTR_DST, "203.0.113.9:443");
    assert_ptr_equal(parent_of(f, tls), nth(f, AS_KIND_PROCESS, 0));
    assert_attr(f, nth(f, AS_KIND_CONNECTION, 1), AS_ATTR_SNI, "");
    as_analysis_free(a);
}

static void every_value_of_a_configuration_names_its_family(void **state)
{
    as_analysis *a = read_golden("triage_behavioral");
    const as_facts *f = a->facts;
    const as_fact *credential = nth(f, AS_KIND_CREDENTIAL, 0);
    const as_fact *note = nth(f, AS_KIND_RANSOM_NOTE, 0), *c2 = nth(f, AS_KIND_CONFIG, 1);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_FAMILY), 1); /* the tag and the configuration agree */
    assert_attr(f, nth(f, AS_KIND_FAMILY, 0), AS_ATTR_FAMILY, "redline");
    assert_attr(f, c2, AS_ATTR_NAME, "c2");
    assert_attr(f, c2, AS_ATTR_VALUE, "198.51.100.7:3306");
    assert_attr(f, c2, AS_ATTR_FAMILY, "redline");
    assert_attr(f, credential, AS_ATTR_FAMILY, "redline");
    assert_attr(f, credential, AS_ATTR_USER, "a@example.net");
    assert_attr(f, credential, AS_ATTR_PASSWORD, "hunter2");
    assert_attr(f, credential, AS_ATTR_DPORT, "587");
    assert_attr(f, nth(f, AS_KIND_CREDENTIAL, 1), AS_ATTR_FAMILY, "");
    assert_attr(f, note, AS_ATTR_MAIL, "x@example.org");
    assert_attr(f, note, AS_ATTR_WALLET, "bc1qexample");
    assert_attr(f, nth(f, AS_KIND_DROPPER, 0), AS_ATTR_URL, "http://198.51.100.7/x");
    assert_int_equal(a->gaps, AS_GAP_ERRORS);
    as_analysis_free(a);
}

static void targets_of_the_overview_are_the_sample_or_files_in_it(void **state)
{
    as_analysis *a = read_golden("triage_overview");
    const as_facts *f = a->facts;
    const as_fact *sample = as_facts_get(f, a->sample);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 1);
    assert_attr(f, sample, AS_ATTR_NAME, "invoice_0311.zip");
    assert_int_equal(count_of(f, AS_KIND_EXTRACTED), 1);
    assert_attr(f, nth(f, AS_KIND_EXTRACTED, 0), AS_ATTR_PATH, "invoice.exe");
    assert_int_equal(count_of(f, AS_KIND_TASK), 3);
    assert_attr(f, nth(f, AS_KIND_TASK, 2), AS_ATTR_ERROR, "no machine");
    assert_int_equal(count_of(f, AS_KIND_SIGNATURE), 1); /* told twice */
    assert_int_equal(a->gaps, AS_GAP_STATUS | AS_GAP_ERRORS);
    as_analysis_free(a);
}

static void the_outermost_file_gives_the_sample_its_hashes(void **state)
{
    as_analysis *a = read_golden("triage_static");
    const as_facts *f = a->facts;
    const as_fact *sample = as_facts_get(f, a->sample);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 1);
    assert_attr(f, sample, AS_ATTR_ID, "240311-k2x9qsab3e");
    assert_attr(f, sample, AS_ATTR_MD5, "8e78e1dfae48e4f6b458e6abfd8ba572");
    assert_int_equal(count_of(f, AS_KIND_EXTRACTED), 2);
    assert_int_equal(a->gaps, 0);
    as_analysis_free(a);
}

static void what_a_process_did_may_stand_before_it(void **state)
{
    as_analysis *a = read_text("{\"version\":\"1\",\"dumped\":[{\"procid\":7,\"path\":\"C:\\\\a\"},"
                               "{\"procid\":8,\"path\":\"C:\\\\b\"}],\"processes\":["
                               "{\"procid\":7,\"procid_parent\":7,\"pid\":1},"
                               "{\"procid\":9,\"procid_parent\":10,\"pid\":2},"
                               "{\"procid\":10,\"procid_parent\":9,\"pid\":3},"
                               "{\"procid\":7,\"procid_parent\":\"x\",\"pid\":4}],"
                               "\"sample\":{\"id\":\"s\"},\"task\":{},\"analysis\":{}}");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 4);
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_DROPPED, 0)), nth(f, AS_KIND_PROCESS, 0));
    assert_null(parent_of(f, nth(f, AS_KIND_DROPPED, 1))); /* of no process in the list */
    assert_null(parent_of(f, nth(f, AS_KIND_PROCESS, 0))); /* none starts itself */
    assert_null(parent_of(f, nth(f, AS_KIND_PROCESS, 1)));
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_PROCESS, 2)), nth(f, AS_KIND_PROCESS, 1));
    as_analysis_free(a);
}

static void a_run_without_processes_or_end_says_so(void **state)
{
    as_analysis *a = read_text("{\"version\":\"1\",\"sample\":{\"id\":\"s\"},\"task\":{\"target\":"
                               "\"a\"},\"analysis\":{\"score\":1}}");

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_NOTHING | AS_GAP_NO_END);
    assert_true(as_bytes_is(as_facts_text(a->facts, a->tool_version), "1"));
    as_analysis_free(a);
}

/* Other tools have `version`, `sample` and `analysis` too. */
static void other_tools_keep_their_inputs(void **state)
{
    static const char *const inputs[] = {
        "{\"version\":\"1\",\"analysis\":{\"a\":1}}",
        "{\"sample\":{\"id\":\"s\"},\"task\":{}}",
        ("{\"info\":{\"version\":\"2.4-CAPE\"},\"version\":\"1\",\"sample\":{\"id\":\"s\"},"
         "\"target\":{},\"analysis\":{},\"task\":{}}"),
        "{\"metadata\":{\"version\":\"3\"},\"version\":\"1\",\"sample\":\"s\",\"analysis\":{}}",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(inputs); i++) {
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc = read_report(as_bytes_of(inputs[i]), NULL, &a, &err);

        assert_true(rc == AS_UNKNOWN || (!rc && strcmp(a->tool, "Triage") != 0));
        as_analysis_free(a);
    }
}

/* --- more than a real report has ------------------------------------------------------------ */

#define HEAD                                                                                       \
    "{\"version\":\"0.3.0\",\"sample\":{\"id\":\"s\",\"target\":\"a.exe\"},"                       \
    "\"task\":{\"target\":\"a.exe\"},\"analysis\":{\"score\":1},"

static as_analysis *read_many(const char *begin, const char *each, unsigned n, const char *end)
{
    as_buf text = {0};
    as_analysis *a;

    as_buf_text(&text, begin);
    for (unsigned i = 0; i < n; i++) {
        as_buf_text(&text, i ? "," : "");
        as_buf_text(&text, each);
        as_buf_u64(&text, i);
        as_buf_byte(&text, '}');
    }
    as_buf_text(&text, end);
    as_buf_byte(&text, 0);
    assert_false(text.failed);
    a = read_text((const char *)text.p);
    as_buf_done(&text);
    return a;
}

/* Compared in pairs, they would take minutes. */
static void a_hundred_thousand_processes_of_one_number_are_read(void **state)
{
    as_analysis *a = read_many(HEAD "\"processes\":[", "{\"pid\":7,\"procid\":", 100000, "]}");
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < as_facts_count(a->facts); i++)
        n += as_facts_get(a->facts, i)->kind == AS_KIND_PROCESS;
    assert_int_equal(n, 100000);
    as_analysis_free(a);
}

/* A fact has room for 65535 places. */
static void more_answers_than_a_fact_has_room_for_are_read(void **state)
{
    as_analysis *a = read_many(
        HEAD "\"network\":{\"requests\":[{\"flow\":1,\"index\":1,\"http_request\":"
             "{\"url\":\"a\"}},",
        "{\"flow\":1,\"index\":1,\"http_response\":{\"status\":\"200\"},\"at\":", 70000, "]}}");

    (void)state;
    assert_attr(a->facts, nth(a->facts, AS_KIND_HTTP, 0), AS_ATTR_URL, "a");
    assert_attr(a->facts, nth(a->facts, AS_KIND_HTTP, 0), AS_ATTR_STATUS, "200");
    assert_non_null(nth(a->facts, AS_KIND_HTTP, 1));
    as_analysis_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_used_again_is_two_processes),
        cmocka_unit_test(arguments_of_a_list_are_kept_one_by_one),
        cmocka_unit_test(what_was_asked_and_what_came_back_are_one),
        cmocka_unit_test(a_flow_with_a_handshake_is_two_facts),
        cmocka_unit_test(every_value_of_a_configuration_names_its_family),
        cmocka_unit_test(targets_of_the_overview_are_the_sample_or_files_in_it),
        cmocka_unit_test(the_outermost_file_gives_the_sample_its_hashes),
        cmocka_unit_test(what_a_process_did_may_stand_before_it),
        cmocka_unit_test(a_run_without_processes_or_end_says_so),
        cmocka_unit_test(other_tools_keep_their_inputs),
        cmocka_unit_test(a_hundred_thousand_processes_of_one_number_are_read),
        cmocka_unit_test(more_answers_than_a_fact_has_room_for_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
