/*
 * Speakeasy: what the golden cases, written after the tool's documentation, must give;
 * reports that are bent; and that neither its probe nor that of Cuckoo 3 takes the
 * report of another tool.
 */
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

#define LOGS "tests/golden/logs"

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

/* --- report version 1 ------------------------------------------------------------------------ */

static void a_report_of_version_1_tells_sample_and_run(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_1.json");
    const as_facts *f = a->facts;
    const as_fact *sample, *run = nth(f, AS_KIND_ANALYSIS, 0);

    (void)state;
    assert_string_equal(a->tool, "Speakeasy");
    assert_true(as_bytes_is(as_facts_text(f, a->tool_version), "1.5.9"));
    assert_int_not_equal(a->sample, AS_NO_FACT);
    sample = as_facts_get(f, a->sample);
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 1);
    assert_attr(f, sample, AS_ATTR_PATH, "/sandbox/invoice_scan.exe");
    assert_attr(f, sample, AS_ATTR_SIZE, "73802");
    assert_attr(f, sample, AS_ATTR_ARCH, "x86");
    assert_int_equal(as_fact_text(f, sample, AS_ATTR_SHA256).n, 64);
    assert_attr(f, run, AS_ATTR_PLATFORM, "windows.6_1");
    assert_attr(f, run, AS_ATTR_DURATION, "12.418");
    assert_int_equal(a->gaps, AS_GAP_ERRORS);
    as_analysis_free(a);
}

static void what_an_entry_point_did_belongs_to_it(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_1.json");
    const as_facts *f = a->facts;
    const as_fact *entry = nth(f, AS_KIND_ENTRY_POINT, 1);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_ENTRY_POINT), 3);
    assert_attr(f, entry, AS_ATTR_TYPE, "module_entry");
    assert_attr(f, entry, AS_ATTR_INSTRUCTIONS, "180233");
    assert_ptr_equal(parent_of(f, entry), as_facts_get(f, a->sample));
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_DROPPED, 0)), entry);
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_DYNAMIC_CODE, 0)), entry);
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_HTTP, 0)), entry);
    assert_attr(f, nth(f, AS_KIND_HTTP, 0), AS_ATTR_HOSTNAME, "updates.example.net");
    assert_attr(f, nth(f, AS_KIND_CONNECTION, 0), AS_ATTR_DST, "203.0.113.9");
    assert_attr(f, nth(f, AS_KIND_PROCESS, 0), AS_ATTR_PID, "1208");
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_PROCESS, 0)), entry);
    assert_attr(f, nth(f, AS_KIND_REMOTE_THREAD, 0), AS_ATTR_TARGET_PID, "1208");
    assert_attr(f, nth(f, AS_KIND_KEY_READ, 0), AS_ATTR_NAME, "ProductName");
    assert_attr(f, nth(f, AS_KIND_EXCEPTION, 0), AS_ATTR_CODE, "0x80000003");
    assert_attr(f, with(f, AS_KIND_EVENT, AS_ATTR_OPERATION, "handle_dup"), AS_ATTR_TARGET_PID,
                "1056");
    as_analysis_free(a);
}

static void an_error_of_an_entry_point_is_where_its_emulation_stopped(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_1.json");
    const as_facts *f = a->facts;
    const as_fact *stop = nth(f, AS_KIND_EMULATION_STOP, 0);

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_EMULATION_STOP), 2); /* {} is none */
    assert_attr(f, stop, AS_ATTR_ERROR, "unsupported_api");
    assert_attr(f, stop, AS_ATTR_API, "mscoree.CorExeMain2");
    assert_ptr_equal(parent_of(f, stop), nth(f, AS_KIND_ENTRY_POINT, 1));
    assert_attr(f, nth(f, AS_KIND_EMULATION_STOP, 1), AS_ATTR_ERROR,
                "* Timeout of 60 sec(s) reached.");
    as_analysis_free(a);
}

/* --- calls ------------------------------------------------------------------------------------ */

struct heard {
    size_t n;
    char api[8][64], arg[8][64], name[8][32], thread[8][16], ret[8][32];
    uint32_t process[8];
};

static void copy(char *to, size_t size, as_bytes text)
{
    (void)snprintf(to, size, "%.*s", (int)text.n, (const char *)text.p);
}

static as_code hear(void *ctx, const as_call *call, as_err *err)
{
    struct heard *h = ctx;

    (void)err;
    assert_true(h->n < AS_COUNT(h->api));
    copy(h->api[h->n], sizeof(h->api[0]), call->api);
    copy(h->ret[h->n], sizeof(h->ret[0]), call->ret);
    copy(h->thread[h->n], sizeof(h->thread[0]), call->thread);
    if (call->n_args) {
        copy(h->arg[h->n], sizeof(h->arg[0]), call->args[call->n_args - 1].value);
        copy(h->name[h->n], sizeof(h->name[0]), call->args[0].name);
    }
    h->process[h->n++] = call->process;
    return AS_OK;
}

static as_analysis *read_calls(const char *path, struct heard *h)
{
    as_read_options options = {.on_call = hear, .call_ctx = h};
    as_bytes in = load(path);
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, &options, &a, &err))
        fail_msg("%s", err.msg);
    unload(in);
    return a;
}

static void calls_go_out_one_by_one_and_are_counted_by_entry_point(void **state)
{
    struct heard h = {0};
    as_analysis *a = read_calls(GOLDEN_FOLDER "/speakeasy_1.json", &h);
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(h.n, 6);
    assert_int_equal(a->calls, 6);
    assert_string_equal(h.api[1], "kernel32.LoadLibraryA");
    assert_string_equal(h.arg[1], "ws2_32");
    assert_string_equal(h.ret[1], "0x78c00000");
    assert_string_equal(h.arg[4], "[\"a\",{\"b\":1}]");
    assert_string_equal(h.ret[4], "");
    assert_ptr_equal(as_facts_get(f, h.process[0]), nth(f, AS_KIND_ENTRY_POINT, 1));
    assert_ptr_equal(as_facts_get(f, h.process[5]), nth(f, AS_KIND_ENTRY_POINT, 2));
    assert_int_equal(count_of(f, AS_KIND_API_TRACE), 2);
    assert_attr(f, nth(f, AS_KIND_API_TRACE, 0), AS_ATTR_COUNT, "5");
    assert_attr(f, with(f, AS_KIND_API_USE, AS_ATTR_API, "kernel32.VirtualAlloc"), AS_ATTR_COUNT,
                "2");
    as_analysis_free(a);
}

static void names_of_arguments_come_from_either_form(void **state)
{
    struct heard h = {0};
    as_analysis *a = read_calls(GOLDEN_FOLDER "/speakeasy_3.json", &h);

    (void)state;
    assert_int_equal(h.n, 4);
    assert_string_equal(h.name[0], "");
    assert_string_equal(h.name[1], "lpLibFileName");
    assert_string_equal(h.name[3], "lpFileName");
    assert_string_equal(h.arg[3], "0x2");
    assert_string_equal(h.thread[3], "2000");
    as_analysis_free(a);
}

static void arguments_beyond_the_limit_are_counted(void **state)
{
    as_buf b = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&b, "{\"report_version\":\"3.0.0\",\"entry_points\":[{\"ep_type\":\"x\",\"events\":"
                    "[{\"event\":\"api\",\"api_name\":\"k.f\",\"arg_names\":[");
    for (int i = 0; i < AS_CALL_ARGS_MAX + 9; i++)
        as_buf_printf(&b, "%s\"n%d\"", i ? "," : "", i);
    as_buf_text(&b, "],\"args\":[");
    for (int i = 0; i < AS_CALL_ARGS_MAX + 9; i++)
        as_buf_printf(&b, "%s{\"display\":\"%d\",\"name\":\"m%d\"}", i ? "," : "", i, i);
    as_buf_text(&b, "]}]}]}");
    a = read_all(as_buf_bytes(&b));
    assert_int_equal(a->calls, 1);
    assert_int_equal(a->coverage.n, 0);
    as_analysis_free(a);
    as_buf_done(&b);
}

/* --- report versions 3 and later -------------------------------------------------------------- */

static void every_type_of_event_becomes_its_kind(void **state)
{
    static const struct {
        as_kind kind;
        size_t n;
    } want[] = {
        {AS_KIND_PROCESS, 1},       {AS_KIND_MEMORY_OPERATION, 6},
        {AS_KIND_MODULE, 1},        {AS_KIND_REMOTE_THREAD, 2},
        {AS_KIND_FILE_CREATED, 1},  {AS_KIND_FILE_OPENED, 1},
        {AS_KIND_FILE_READ, 1},     {AS_KIND_FILE_WRITTEN, 1},
        {AS_KIND_KEY_OPENED, 2},    {AS_KIND_KEY_WRITTEN, 2},
        {AS_KIND_KEY_READ, 1},      {AS_KIND_DNS, 1},
        {AS_KIND_CONNECTION, 1},    {AS_KIND_HTTP, 1},
        {AS_KIND_EXCEPTION, 1},     {AS_KIND_SYMBOL_ACCESS, 2},
        {AS_KIND_DYNAMIC_CODE, 1},  {AS_KIND_DROPPED, 2},
        {AS_KIND_MEMORY_REGION, 4}, {AS_KIND_CAPTURED_DATA, 2},
        {AS_KIND_STRING, 3},        {AS_KIND_TOOL_ERROR, 1},
        {AS_KIND_EVENT, 3},
    };
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_3.json");

    (void)state;
    for (size_t i = 0; i < AS_COUNT(want); i++) {
        if (count_of(a->facts, want[i].kind) != want[i].n)
            fail_msg("%zu of kind %s", count_of(a->facts, want[i].kind),
                     as_kind_get(want[i].kind)->name);
    }
    as_analysis_free(a);
}

static void an_event_keeps_its_place_and_whom_it_met(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_3.json");
    const as_facts *f = a->facts;
    const as_fact *write = with(f, AS_KIND_MEMORY_OPERATION, AS_ATTR_OPERATION, "mem_write");
    const as_fact *started = nth(f, AS_KIND_PROCESS, 0);

    (void)state;
    assert_attr(f, write, AS_ATTR_INSTRUCTIONS, "50");
    assert_attr(f, write, AS_ATTR_PID, "1337");
    assert_attr(f, write, AS_ATTR_TID, "2000");
    assert_attr(f, write, AS_ATTR_CALLER, "4198450");
    assert_attr(f, write, AS_ATTR_TARGET_PID, "4242");
    assert_attr(f, write, AS_ATTR_TARGET_PATH, "C:\\Windows\\System32\\notepad.exe");
    assert_attr(f, started, AS_ATTR_PID, "4200");
    assert_attr(f, started, AS_ATTR_PPID, "1337");
    assert_attr(f, nth(f, AS_KIND_DNS, 0), AS_ATTR_ANSWER, "198.51.100.7");
    assert_attr(f, nth(f, AS_KIND_EMULATION_STOP, 0), AS_ATTR_ERROR, "max_api_count");
    /* Its own process's thread is no remote one, whatever its path. */
    assert_attr(f, with(f, AS_KIND_EVENT, AS_ATTR_OPERATION, "thread_create"), AS_ATTR_THREAD,
                "2100");
    as_analysis_free(a);
}

static void strings_of_the_memory_are_not_the_samples(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_3.json");
    const as_fact *s = with(a->facts, AS_KIND_STRING, AS_ATTR_VALUE, "decoded_token");

    (void)state;
    assert_attr(a->facts, s, AS_ATTR_SOURCE, "in_memory");
    assert_attr(a->facts, s, AS_ATTR_ENCODING, "ansi");
    assert_null(parent_of(a->facts, s));
    as_analysis_free(a);
}

static void a_report_without_entry_points_says_that_nothing_ran(void **state)
{
    as_analysis *a = read_file(GOLDEN_FOLDER "/speakeasy_empty.json");

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_NOTHING);
    assert_int_equal(a->tool_version, 0); /* report_version is no version of the tool */
    as_analysis_free(a);
}

/* --- several ---------------------------------------------------------------------------------- */

static void reports_in_a_list_keep_their_samples_apart(void **state)
{
    as_analysis *a = read_file(LOGS "/speakeasy_list.json");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SAMPLE), 2);
    assert_int_equal(count_of(f, AS_KIND_ENTRY_POINT), 2);
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_ENTRY_POINT, 1)), nth(f, AS_KIND_SAMPLE, 1));
    assert_attr(f, nth(f, AS_KIND_SAMPLE, 1), AS_ATTR_PATH, "/s/two.exe");
    assert_attr(f, as_facts_get(f, a->sample), AS_ATTR_PATH, "/s/one.exe");
    as_analysis_free(a);
}

static void a_bare_list_of_entry_points_is_read(void **state)
{
    as_analysis *a = read_file(LOGS "/speakeasy_entry_points.json");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(a->sample, AS_NO_FACT);
    assert_int_equal(count_of(f, AS_KIND_ENTRY_POINT), 2);
    assert_int_equal(a->calls, 2);
    assert_ptr_equal(parent_of(f, nth(f, AS_KIND_EMULATION_STOP, 0)),
                     nth(f, AS_KIND_ENTRY_POINT, 1));
    as_analysis_free(a);
}

/* A list is no object, so it is not in the folder that test_robust cuts and bends. */
static void a_list_cut_or_read_without_memory_is_refused(void **state)
{
    as_read_options options = {.format = "speakeasy"};
    as_bytes in = load(LOGS "/speakeasy_list.json");
    as_analysis *a = NULL;
    as_err err = {0};
    size_t end = in.n;
    as_code rc;

    (void)state;
    while (end && in.p[end - 1] != ']')
        end--;
    for (size_t n = 0; n < end; n++) {
        rc = read_report((as_bytes){in.p, n}, &options, &a, &err);
        if (rc != AS_INVALID || err.offset > n)
            fail_msg("cut to %zu bytes: %s", n, as_code_name(rc));
    }
    for (uint64_t n = 1;; n++) {
        as_mem_fail_at(n);
        rc = read_report(in, &options, &a, &err);
        as_mem_fail_at(0);
        if (!rc)
            break;
        assert_int_equal(rc, AS_NOMEM);
    }
    as_analysis_free(a);
    unload(in);
}

/* --- bent ------------------------------------------------------------------------------------- */

static void odd_members_are_counted_and_never_stop_the_reading(void **state)
{
    as_bytes in = AS_LITERAL(
        "{\"report_version\":3,\"entry_points\":[null,5,[],{\"events\":{}},"
        "{\"ep_type\":[\"a\",{}],\"events\":[[1],{\"pos\":7,\"event\":[\"x\"]},"
        "{\"pos\":{\"tick\":{}},\"api_name\":{\"a\":1},\"args\":{\"b\":2}},"
        "{\"api_name\":\"k.f\",\"args\":{\"c\":3},\"ret_val\":[4]},"
        "{\"api_name\":\"k.g\",\"api_name\":\"k.h\",\"args\":[null,{\"display\":null}]}],"
        "\"error\":[{\"type\":\"a\"},\"b\"],\"memory\":[{\"layout\":[5]}]}],"
        "\"strings\":[\"s\"],\"data\":\"d\",\"errors\":{\"type\":\"e\"}}");
    as_analysis *a = read_all(in);
    const as_facts *f = a->facts;

    (void)state;
    assert_string_equal(a->tool, "Speakeasy");
    assert_int_equal(a->calls, 2);
    assert_int_equal(count_of(f, AS_KIND_EMULATION_STOP), 2);
    assert_int_equal(count_of(f, AS_KIND_TOOL_ERROR), 1);
    assert_true(a->coverage.n >= 6);
    as_analysis_free(a);
}

static void what_is_no_report_is_refused_when_forced(void **state)
{
    static const char *const others[] = {"{}", "[]", "[{\"a\":1}]", "{\"events\":[]}", "5"};
    as_read_options options = {.format = "speakeasy"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(others); i++) {
        as_analysis *a = NULL;
        as_err err = {0};

        assert_int_equal(read_report(as_bytes_of(others[i]), &options, &a, &err), AS_UNKNOWN);
    }
}

/* --- probes ----------------------------------------------------------------------------------- */

static void check_tool(void *ctx, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    size_t *n = ctx;
    as_bytes in;
    as_analysis *a = NULL;
    as_err err = {0};
    as_code rc;

    if (is_bad_case(path))
        return;
    in = load(path);
    rc = read_report(in, NULL, &a, &err);
    if (rc)
        fail_msg("%s: %s", path, err.msg);
    if (!strcmp(a->tool, "Speakeasy") != !strncmp(name, "speakeasy_", 10) ||
        !strcmp(a->tool, "Cuckoo 3") != !strncmp(name, "cuckoo3_", 8))
        fail_msg("%s is taken for a report of %s", path, a->tool);
    ++*n;
    as_analysis_free(a);
    unload(in);
}

static void each_probe_knows_its_own_reports_only(void **state)
{
    size_t n = 0;

    (void)state;
    each_report(GOLDEN_FOLDER, check_tool, &n);
    each_report(LOGS, check_tool, &n);
    assert_true(n > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_of_version_1_tells_sample_and_run),
        cmocka_unit_test(what_an_entry_point_did_belongs_to_it),
        cmocka_unit_test(an_error_of_an_entry_point_is_where_its_emulation_stopped),
        cmocka_unit_test(calls_go_out_one_by_one_and_are_counted_by_entry_point),
        cmocka_unit_test(names_of_arguments_come_from_either_form),
        cmocka_unit_test(arguments_beyond_the_limit_are_counted),
        cmocka_unit_test(every_type_of_event_becomes_its_kind),
        cmocka_unit_test(an_event_keeps_its_place_and_whom_it_met),
        cmocka_unit_test(strings_of_the_memory_are_not_the_samples),
        cmocka_unit_test(a_report_without_entry_points_says_that_nothing_ran),
        cmocka_unit_test(reports_in_a_list_keep_their_samples_apart),
        cmocka_unit_test(a_bare_list_of_entry_points_is_read),
        cmocka_unit_test(a_list_cut_or_read_without_memory_is_refused),
        cmocka_unit_test(odd_members_are_counted_and_never_stop_the_reading),
        cmocka_unit_test(what_is_no_report_is_refused_when_forced),
        cmocka_unit_test(each_probe_knows_its_own_reports_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
