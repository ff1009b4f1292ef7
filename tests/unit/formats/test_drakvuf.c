/*
 * DRAKVUF's log: which return belongs to which call, who is one process, what becomes of a
 * record that no row names, and that a log of any size and order is read in bounded memory.
 */
#include "unit/formats/told.h"

#include "base/base.h"

#include "base/banned.h"

#define MALWARE                                                                                    \
    "\"ProcessName\":\"\\\\Device\\\\D2\\\\x\\\\loader.exe\",\"UserName\":\"SessionID\","          \
    "\"UserId\":1"

static as_analysis *read_with(as_bytes in, const as_read_options *options)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, options, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

static as_analysis *read_text(const char *text)
{
    return read_with(as_bytes_of(text), NULL);
}

/* --- calls ---------------------------------------------------------------------------------------
 */

struct heard {
    as_buf text; /* "api:ret:pretty:thread " of each call */
    uint64_t n, returned, failed, last;
};

static as_code hear(void *ctx, const as_call *call, as_err *err)
{
    struct heard *h = ctx;

    (void)err;
    h->n++;
    h->returned += call->ret.n > 0;
    h->failed += call->failed;
    assert_true(call->begin >= h->last); /* in the order of the log */
    h->last = call->begin;
    if (h->n > 100)
        return AS_OK;
    as_buf_add(&h->text, call->api);
    as_buf_byte(&h->text, ':');
    as_buf_add(&h->text, call->ret);
    as_buf_byte(&h->text, ':');
    as_buf_add(&h->text, call->pretty_ret);
    for (size_t i = 0; i < call->n_args; i++) {
        as_buf_byte(&h->text, i ? ',' : '(');
        as_buf_add(&h->text, call->args[i].name);
        as_buf_byte(&h->text, '=');
        as_buf_add(&h->text, call->args[i].value);
        if (call->args[i].pretty.n) {
            as_buf_byte(&h->text, '~');
            as_buf_add(&h->text, call->args[i].pretty);
        }
    }
    as_buf_text(&h->text, call->n_args ? ") " : " ");
    return AS_OK;
}

static void assert_heard(const char *log, const char *expected)
{
    struct heard h = {0};
    as_read_options options = {.on_call = hear, .call_ctx = &h};
    as_analysis *a = read_with(as_bytes_of(log), &options);

    if (!as_bytes_is(as_buf_bytes(&h.text), expected))
        fail_msg("'%.*s' is not '%s'", (int)h.text.n, (const char *)h.text.p, expected);
    assert_int_equal(a->calls, h.n);
    as_buf_done(&h.text);
    as_analysis_free(a);
}

#define CALL(time, thread, name, rest)                                                             \
    "{\"Plugin\":\"syscall\",\"TimeStamp\":\"1716999135." time                                     \
    "\",\"PID\":7,\"PPID\":3,\"TID\":" thread "," MALWARE ",\"Method\":\"" name                    \
    "\",\"Module\":\"nt\",\"Syscall\":1,\"vCPU\":0" rest "}\n"
#define RET(time, thread, name, value)                                                             \
    "{\"Plugin\":\"sysret\",\"TimeStamp\":\"1716999135." time                                      \
    "\",\"PID\":7,\"PPID\":3,\"TID\":" thread "," MALWARE ",\"Method\":\"" name                    \
    "\",\"Module\":\"nt\",\"Syscall\":1,\"Ret\":" value ",\"Info\":\"I" value "\"}\n"

static void a_return_goes_to_the_last_call_of_its_thread_that_began_before(void **state)
{
    (void)state;
    /* As it comes: one thread waits while another calls and returns. */
    assert_heard(CALL("000001", "1", "A", "") CALL("000002", "2", "A", "")
                     RET("000003", "2", "A", "5") RET("000004", "1", "A", "6"),
                 "A:6:I6 A:5:I5 ");
    /* A call within a call. */
    assert_heard(CALL("000001", "1", "A", "") CALL("000002", "1", "A", "")
                     RET("000003", "1", "A", "5") RET("000004", "1", "A", "6"),
                 "A:6:I6 A:5:I5 ");
    /* Sorted by plugin, as the parts of a log that was taken apart. */
    assert_heard(CALL("000001", "1", "A", "") CALL("000004", "1", "A", "")
                     RET("000003", "1", "A", "5") RET("000006", "1", "A", "6"),
                 "A:5:I5 A:6:I6 ");
    /* Another name, another thread, or a call that was not seen. */
    assert_heard(CALL("000001", "1", "A", "") RET("000002", "1", "B", "5")
                     RET("000003", "2", "A", "6"),
                 "A:: ");
}

static void arguments_keep_their_names_and_what_they_point_at(void **state)
{
    (void)state;
    assert_heard(
        "{\"Plugin\":\"apimon\",\"TimeStamp\":\"1.5\",\"PID\":7,\"PPID\":3,\"TID\":1," MALWARE
        ",\"Method\":\"F\",\"Event\":\"api_called\",\"CLSID\":\"{c}\",\"CalledFrom\":\"0x1\","
        "\"ReturnValue\":\"0x2\",\"Arguments\":[\"Arg0=0x801\",\"Arg1=0x66:\\\"a=b\\\"\",\"plain\","
        "\"Arg3=\\\"x\\\"\",\"Arg4=0x5:\\\"\"]}\n" CALL(
            "1", "1", "G", ",\"Event\":\"0x0\",\"Handles\":[\"0x1\",\"0x2\"],\"Flag\":true"),
        "F:0x2:(CLSID={c},Arg0=0x801,Arg1=0x66:\"a=b\"~a=b,=plain,Arg3=\"x\",Arg4=0x5:\") "
        "G::(Event=0x0,Handles=0x1,Handles=0x2,Flag=true) ");
}

static void an_error_status_is_a_failed_call(void **state)
{
    as_analysis *a = read_text(CALL(
        "1", "1", "A", "") "{\"Plugin\":\"sysret\",\"TimeStamp\":\"1716999135.2\",\"PID\":7,"
                           "\"PPID\":3,\"TID\":1," MALWARE ",\"Method\":\"A\",\"Module\":\"nt\","
                           "\"Syscall\":1,\"Ret\":3221225524,\"Info\":\"STATUS_OBJECT_NAME_NOT_"
                           "FOUND\"}\n" CALL("3", "1", "A", "") RET("4", "1", "A", "258"));
    const as_fact *use = nth(a->facts, AS_KIND_API_USE, 0);

    (void)state;
    assert_attr(a->facts, use, AS_ATTR_COUNT, "2");
    assert_attr(a->facts, use, AS_ATTR_FAILED, "1");
    assert_attr(a->facts, use, AS_ATTR_CATEGORY, "nt");
    assert_attr(a->facts, parent_of(a->facts, use), AS_ATTR_PID, "7");
    as_analysis_free(a);
}

/* Calls that never return hold up only so many behind them. */
static void calls_that_do_not_return_are_told_all_the_same(void **state)
{
    struct heard h = {0};
    as_read_options options = {.on_call = hear, .call_ctx = &h};
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&log, CALL("000000", "9", "Wait", ""));
    for (int i = 0; i < 20000; i++) {
        as_buf_printf(&log, CALL("%06d", "1", "A", ""), 2 * i);
        as_buf_printf(&log, RET("%06d", "1", "A", "0"), 2 * i + 1);
    }
    as_buf_text(&log, RET("999999", "9", "Wait", "1"));
    a = read_with(as_buf_bytes(&log), &options);
    assert_int_equal(h.n, 20001);
    assert_int_equal(h.returned, 20000); /* the one that waited was told without */
    assert_int_equal(count_of(a->facts, AS_KIND_EVENT), 1);
    assert_attr(a->facts, nth(a->facts, AS_KIND_EVENT, 0), AS_ATTR_CATEGORY, "sysret");
    as_analysis_free(a);
    as_buf_done(&h.text);
    as_buf_done(&log);
}

/* --- processes
 * ------------------------------------------------------------------------------------- */

static void one_process_under_two_paths_is_one_and_a_number_used_again_is_not(void **state)
{
    as_analysis *a = read_text(
        "{\"Plugin\":\"inject\",\"TimeStamp\":\"1\",\"Method\":\"CreateProc\",\"Status\":"
        "\"Success\","
        "\"ProcessName\":\"C:\\\\x\\\\Loader.exe\",\"Arguments\":\"-a\",\"InjectedPid\":7}\n" CALL(
            "1", "1", "A",
            "") "{\"Plugin\":\"procmon\",\"TimeStamp\":\"2\",\"PID\":3,\"PPID\":1,\"TID\":5,"
                "\"ProcessName\":\"explorer.exe\",\"Method\":\"NtTerminateProcess\",\"ExitPid\":7,"
                "\"ExitStatus\":\"0x0\"}\n"
                "{\"Plugin\":\"new\",\"TimeStamp\":\"3\",\"PID\":7,\"PPID\":4,\"ProcessName\":\"b."
                "exe\"}\n");
    const as_fact *sample = as_facts_get(a->facts, a->sample),
                  *loader = nth(a->facts, AS_KIND_PROCESS, 0);

    (void)state;
    assert_attr(a->facts, sample, AS_ATTR_PATH, "C:\\x\\Loader.exe");
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 3);
    assert_attr(a->facts, loader, AS_ATTR_PATH, "C:\\x\\Loader.exe");
    assert_attr(a->facts, loader, AS_ATTR_COMMAND_LINE, "-a");
    assert_attr(a->facts, loader, AS_ATTR_PPID, "3");
    assert_int_equal(loader->n_evidence, 2);
    assert_ptr_equal(parent_of(a->facts, nth(a->facts, AS_KIND_PROCESS_ENDED, 0)), loader);
    assert_attr(a->facts, nth(a->facts, AS_KIND_PROCESS_ENDED, 0), AS_ATTR_CODE, "0x0");
    assert_attr(a->facts, nth(a->facts, AS_KIND_PROCESS, 2), AS_ATTR_NAME, "b.exe");
    assert_ptr_equal(parent_of(a->facts, nth(a->facts, AS_KIND_EVENT, 0)),
                     nth(a->facts, AS_KIND_PROCESS, 2));
    assert_int_equal(a->gaps, 0);
    as_analysis_free(a);
}

static void a_sample_that_did_not_start_is_a_gap(void **state)
{
    as_analysis *a = read_text("{\"Plugin\":\"inject\",\"TimeStamp\":\"1\",\"Status\":\"Error\","
                               "\"ProcessName\":\"C:\\\\x.exe\",\"Error\":\"not found\"}\n");

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_STATUS | AS_GAP_NOTHING);
    assert_attr(a->facts, nth(a->facts, AS_KIND_EVENT, 0), AS_ATTR_STATUS, "Error");
    assert_attr(a->facts, nth(a->facts, AS_KIND_EVENT, 0), AS_ATTR_FIELD_VALUE, "not found");
    as_analysis_free(a);
}

/* --- other records
 * ----------------------------------------------------------------------------------- */

static void a_plugin_that_nobody_knows_keeps_every_field(void **state)
{
    static const char *const expected[] = {"a", "1", "c", "x", "c", "true", "d", "-2.5"};
    as_analysis *a =
        read_text("{\"Plugin\":\"never\",\"PID\":8,\"a\":1,\"b\":{\"c\":[\"x\",true,null]},"
                  "\"d\":-2.5,\"e\":\"\"}\n");
    const as_fact *event = nth(a->facts, AS_KIND_EVENT, 0);
    size_t n = 0;

    (void)state;
    assert_attr(a->facts, event, AS_ATTR_CATEGORY, "never");
    assert_attr(a->facts, event, AS_ATTR_OPERATION, "never");
    assert_attr(a->facts, event, AS_ATTR_PID, "8");
    for (size_t i = 0; i < event->n_attrs; i++) {
        const as_attr *attr = &as_fact_attrs(a->facts, event)[i];

        if (attr->name != AS_ATTR_FIELD && attr->name != AS_ATTR_FIELD_VALUE)
            continue;
        assert_true(n < AS_COUNT(expected));
        assert_true(as_bytes_is(as_facts_text(a->facts, attr->str), expected[n++]));
    }
    assert_int_equal(n, AS_COUNT(expected));
    assert_int_equal(a->coverage.n, 0);
    as_analysis_free(a);
}

static void more_fields_than_a_fact_holds_become_details(void **state)
{
    as_buf log = {0};
    as_analysis *a;
    size_t kept = 0;

    (void)state;
    as_buf_text(&log, "{\"Plugin\":\"wide\"");
    for (int i = 0; i < 300; i++)
        as_buf_printf(&log, ",\"f%d\":%d", i, i);
    as_buf_text(&log, "}\n");
    a = read_with(as_buf_bytes(&log), NULL);
    for (size_t i = 0; i < nth(a->facts, AS_KIND_EVENT, 0)->n_attrs; i++)
        kept += as_fact_attrs(a->facts, nth(a->facts, AS_KIND_EVENT, 0))[i].name == AS_ATTR_FIELD;
    assert_true(kept > 40);
    assert_int_equal(kept + count_of(a->facts, AS_KIND_DETAIL), 300);
    as_analysis_free(a);
    as_buf_done(&log);
}

static void a_module_told_again_is_one_with_more_evidence(void **state)
{
    static const char line[] = "{\"Plugin\":\"apimon\",\"Event\":\"dll_discovered\",\"DllName\":"
                               "\"\\\\a.dll\",\"DllBase\":\"0x1\",\"PID\":7}\n";
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    for (int i = 0; i < 300; i++)
        as_buf_text(&log, line);
    as_buf_text(&log,
                "{\"Plugin\":\"apimon\",\"Event\":\"dll_discovered\",\"DllName\":\"\\\\a.dll\","
                "\"DllBase\":\"0x1\",\"PID\":8}\n");
    a = read_with(as_buf_bytes(&log), NULL);
    assert_int_equal(count_of(a->facts, AS_KIND_MODULE_MAPPED), 3);
    assert_int_equal(nth(a->facts, AS_KIND_MODULE_MAPPED, 0)->n_evidence, 256);
    assert_int_equal(nth(a->facts, AS_KIND_MODULE_MAPPED, 1)->n_evidence, 44);
    assert_attr(a->facts, nth(a->facts, AS_KIND_MODULE_MAPPED, 2), AS_ATTR_PID, "8");
    as_analysis_free(a);
    as_buf_done(&log);
}

static void a_bad_line_is_counted_and_the_rest_is_read(void **state)
{
    as_analysis *a = read_text(CALL("1", "1", "A", "") "\n{\"Plugin\":\"x\",\n{\"no\":\"plugin\"}\n"
                                                       "nonsense\n" CALL("2", "1", "B", ""));

    (void)state;
    assert_int_equal(a->bad_lines, 3);
    assert_int_equal(a->first_bad_line, 3);
    assert_int_equal(a->calls, 2);
    as_analysis_free(a);
}

/* --- cut, bent, without memory, in portions
 * ------------------------------------------------------------ */

static const char golden[] = "tests/golden/logs/drakvuf.json";

static void a_log_cut_anywhere_gives_the_records_before_the_cut(void **state)
{
    as_bytes in = load(golden);
    uint64_t calls = 0;

    (void)state;
    for (size_t n = 0; n <= in.n; n += 1 + n % 3) {
        as_read_options options = {.format = "drakvuf"};
        uint8_t *copy = as_mem_get(n ? n : 1);
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        assert_non_null(copy);
        memcpy(copy, in.p, n);
        rc = read_report((as_bytes){copy, n}, &options, &a, &err);
        assert_true(rc == AS_OK || (rc == AS_UNKNOWN && n < 120));
        assert_true(rc || a->calls >= calls);
        assert_true(rc || a->bad_lines <= 6);
        calls = rc ? 0 : a->calls;
        as_analysis_free(a);
        as_mem_free(copy);
    }
    unload(in);
}

static as_code take(void *ctx, const as_analysis *a, as_err *err)
{
    size_t *facts = ctx;

    (void)err;
    for (size_t i = 0; i < as_facts_count(a->facts); i++)
        *facts += !(as_facts_get(a->facts, i)->flags & (AS_FACT_GONE | AS_FACT_CARRIED));
    return AS_OK;
}

static void portions_hold_what_one_piece_holds(void **state)
{
    as_bytes in = load(golden);
    struct heard h = {0};
    size_t facts = 0, whole_facts = 0;
    as_read_options options = {.on_portion = take,
                               .portion_ctx = &facts,
                               .portion = 8192,
                               .on_call = hear,
                               .call_ctx = &h};
    as_analysis *whole = read_with(in, NULL), *a = read_with(in, &options);
    const as_fact *last;

    (void)state;
    assert_true(a->portions >= 2);
    assert_int_equal(a->calls, whole->calls);
    assert_int_equal(a->bad_lines, whole->bad_lines);
    (void)take(&whole_facts, whole, NULL);
    (void)take(&facts, a, NULL);
    assert_true(facts >= whole_facts && facts <= whole_facts + 2 * a->portions);
    assert_attr(a->facts, as_facts_get(a->facts, a->sample), AS_ATTR_PATH,
                "C:\\Users\\eve\\loader.exe");
    last = nth(a->facts, AS_KIND_PROCESS_ENDED, 0);
    if (last)
        assert_attr(a->facts, parent_of(a->facts, last), AS_ATTR_PID, "4852");
    as_analysis_free(whole);
    as_analysis_free(a);
    as_buf_done(&h.text);
    unload(in);
}

static uint64_t calls_told(const as_facts *f)
{
    uint64_t n = 0;

    for (size_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        uint64_t count = 0;

        if (fact->kind == AS_KIND_API_TRACE && !(fact->flags & (AS_FACT_GONE | AS_FACT_CARRIED)) &&
            as_bytes_u64(as_fact_text(f, fact, AS_ATTR_COUNT), &count))
            n += count;
    }
    return n;
}

static as_code add_calls(void *ctx, const as_analysis *a, as_err *err)
{
    uint64_t *n = ctx;

    (void)err;
    *n += calls_told(a->facts);
    return AS_OK;
}

/* What was counted of processes beyond those that go on is told and let go. */
static void counts_of_many_processes_leave_with_a_portion(void **state)
{
    uint64_t early = 0;
    as_read_options options = {
        .on_portion = add_calls, .portion_ctx = &early, .portion = (size_t)4 << 20};
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    for (unsigned i = 0; i < 90000; i++) {
        as_buf_text(&log, "{\"Plugin\":\"apimon\",\"Event\":\"api_called\",\"TimeStamp\":\"1.0\","
                          "\"Method\":\"A\",\"ProcessName\":\"p\",\"PID\":");
        as_buf_u64(&log, i);
        as_buf_text(&log, "}\n");
    }
    a = read_with(as_buf_bytes(&log), &options);
    assert_true(early > 65536);
    assert_int_equal(early + calls_told(a->facts), 90000);
    as_analysis_free(a);
    as_buf_done(&log);
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    as_bytes in = load(golden);
    uint64_t failures = 0;

    (void)state;
    for (int portions = 0; portions < 2; portions++) {
        for (uint64_t n = 1;; n++) {
            struct heard h = {0};
            size_t facts = 0;
            as_read_options options = {.on_call = hear, .call_ctx = &h, .portion = 8192};
            as_analysis *a = NULL;
            as_err err = {0};
            as_code rc;

            options.on_portion = portions ? take : NULL;
            options.portion_ctx = &facts;
            h.n = 1000; /* no text */
            as_mem_fail_at(n);
            rc = read_report(in, &options, &a, &err);
            as_mem_fail_at(0);
            if (!rc) {
                as_analysis_free(a);
                break;
            }
            if (rc != AS_NOMEM || a)
                fail_msg("without allocation %llu: %s", (unsigned long long)n, err.msg);
            failures++;
        }
    }
    assert_true(failures > 100);
    unload(in);
}

/* --- the real log
 * ---------------------------------------------------------------------------------------- */

static void the_real_log_is_read_whole(void **state)
{
    const char *data = getenv("ASSAY_DATA");
    struct heard h = {0};
    as_read_options options = {.on_call = hear, .call_ctx = &h};
    char path[PATH_MAX];
    as_analysis *a;
    as_bytes in;
    FILE *there;

    (void)state;
    (void)snprintf(path, sizeof(path),
                   "%s/reports/capa-testfiles/dynamic/drakvuf/"
                   "93b2d1840566f45fab674ebc79a9d19c88993bcb645e0357f3cb584d16e7c795.log.gz",
                   data ? data : "../shared/data");
    there = fopen(path, "rb");
    if (!there) {
        print_message("no log of DRAKVUF at '%s'\n", path);
        skip();
        return;
    }
    (void)fclose(there);
    in = load(path);
    a = read_with(in, &options);
    /* grep -c api_called; grep -c '"syscall"' */
    assert_int_equal(a->calls, 284 + 1000);
    /* Of 1,000 returns, those with a call before them in their thread, by time. */
    assert_int_equal(h.returned, 284 + 989);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS_RUNNING), 79);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS_ACCESS), 167);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 12);
    assert_int_equal(a->bad_lines, 0);
    assert_int_equal(a->gaps, 0);
    for (size_t i = 0; i < a->coverage.n; i++)
        assert_true(a->coverage.rows[i].known);
    as_analysis_free(a);
    as_buf_done(&h.text);
    unload(in);
}

/* --- the sandbox's report
 * ---------------------------------------------------------------------------------- */

static void processes_are_joined_by_their_own_number(void **state)
{
    as_analysis *a = read_text(
        "{\"startup\":{\"status\":\"success\"},\"connections\":[{\"remote_ip\":\"10.0.0.9\","
        "\"process_seqids\":[2,3]}],\"processes\":[{\"seqid\":2,\"pid\":7,\"name\":\"a.exe\","
        "\"parent_seqid\":3},{\"seqid\":3,\"pid\":7,\"parent_seqid\":2,\"name\":\"C:\\\\b.exe\"},"
        "{\"seqid\":3,\"pid\":9,\"parent_seqid\":3}]}");
    const as_fact *first = nth(a->facts, AS_KIND_CONNECTION, 0),
                  *second = nth(a->facts, AS_KIND_CONNECTION, 1);

    (void)state;
    assert_string_equal(a->tool, "DRAKVUF Sandbox");
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 3);
    assert_attr(a->facts, parent_of(a->facts, first), AS_ATTR_NAME, "a.exe");
    assert_attr(a->facts, parent_of(a->facts, second), AS_ATTR_PATH, "C:\\b.exe");
    /* Each says that the other started it: the second is not believed. */
    assert_ptr_equal(parent_of(a->facts, parent_of(a->facts, first)), parent_of(a->facts, second));
    assert_null(parent_of(a->facts, parent_of(a->facts, second)));
    as_analysis_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_return_goes_to_the_last_call_of_its_thread_that_began_before),
        cmocka_unit_test(arguments_keep_their_names_and_what_they_point_at),
        cmocka_unit_test(an_error_status_is_a_failed_call),
        cmocka_unit_test(calls_that_do_not_return_are_told_all_the_same),
        cmocka_unit_test(one_process_under_two_paths_is_one_and_a_number_used_again_is_not),
        cmocka_unit_test(a_sample_that_did_not_start_is_a_gap),
        cmocka_unit_test(a_plugin_that_nobody_knows_keeps_every_field),
        cmocka_unit_test(more_fields_than_a_fact_holds_become_details),
        cmocka_unit_test(a_module_told_again_is_one_with_more_evidence),
        cmocka_unit_test(a_bad_line_is_counted_and_the_rest_is_read),
        cmocka_unit_test(a_log_cut_anywhere_gives_the_records_before_the_cut),
        cmocka_unit_test(portions_hold_what_one_piece_holds),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
        cmocka_unit_test(the_real_log_is_read_whole),
        cmocka_unit_test(processes_are_joined_by_their_own_number),
        cmocka_unit_test(counts_of_many_processes_leave_with_a_portion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
