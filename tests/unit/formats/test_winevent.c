/*
 * Windows events as JSON: the same event in each form, what is wrong in one record, who
 * did what, and which kind of fact each event is.
 */
#include "unit/formats/reports.h"

#include "base/banned.h"

static as_code read_text(const char *text, as_analysis **ret, as_err *err)
{
    return read_report(as_bytes_of(text), NULL, ret, err);
}

static as_analysis *read_well(const char *text)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_text(text, &a, &err))
        fail_msg("%s\nin %.300s", err.msg, text);
    return a;
}

static const as_fact *present_fact(const as_analysis *a, size_t which)
{
    for (size_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *f = as_facts_get(a->facts, i);

        if (!(f->flags & AS_FACT_GONE) && !which--)
            return f;
    }
    return NULL;
}

static size_t count_present(const as_analysis *a)
{
    size_t n = 0;

    while (present_fact(a, n))
        n++;
    return n;
}

static void assert_attr(const as_analysis *a, const as_fact *f, as_attr_name name, const char *want)
{
    as_bytes text = as_fact_text(a->facts, f, name);

    if (!as_bytes_is(text, want))
        fail_msg("%s is '%.*s', not '%s'", as_attr_get(name)->name, (int)text.n,
                 (const char *)text.p, want);
}

static void assert_field(const as_analysis *a, const as_fact *f, const char *name, const char *want)
{
    as_value v = {0};

    if (!as_winevent_value(a->facts, f, as_bytes_of(name), &v))
        fail_msg("no '%s'", name);
    if (!as_bytes_is(v.text, want))
        fail_msg("'%s' is '%.*s', not '%s'", name, (int)v.text.n, (const char *)v.text.p, want);
}

static void assert_pointer(const as_analysis *a, const as_fact *f, const char *want)
{
    as_buf p = {0};

    as_facts_pointer(a->facts, as_fact_evidence(a->facts, f), &p);
    if (!as_bytes_is(as_buf_bytes(&p), want))
        fail_msg("pointer '%.*s', not '%s'", (int)p.n, (const char *)p.p, want);
    as_buf_done(&p);
}

/* --- one event in every form ------------------------------------------------------------ */

static const char nested[] =
    "{\"Event\":{\"#attributes\":{\"xmlns\":\"u\"},\"System\":{\"Provider\":{\"#attributes\":"
    "{\"Name\":\"Microsoft-Windows-Sysmon\"}},\"EventID\":11,\"TimeCreated\":{\"#attributes\":"
    "{\"SystemTime\":\"2026-01-02T03:04:06.1Z\"}},\"EventRecordID\":5,\"Correlation\":null,"
    "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"ws1\"},\"EventData\":"
    "{\"UtcTime\":\"2026-01-02 03:04:05.6\",\"ProcessId\":12,\"Image\":\"C:\\\\a.exe\","
    "\"TargetFilename\":\"C:\\\\Temp\\\\b.ps1\"}}}";

static const char *const forms[] = {
    nested,
    /* attributes beside, and by sign */
    "{\"Event\":{\"System\":{\"Provider_attributes\":{\"Name\":\"Microsoft-Windows-Sysmon\"},"
    "\"EventID\":11,\"TimeCreated\":{\"@SystemTime\":\"2026-01-02T03:04:06.1Z\"},"
    "\"EventRecordID\":\"5\",\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":"
    "\"ws1\"},\"EventData\":{\"Data\":[{\"@Name\":\"UtcTime\",\"#text\":\"2026-01-02 "
    "03:04:05.6\"},{\"#text\":\"12\",\"@Name\":\"ProcessId\"},{\"@Name\":\"Image\",\"#text\":"
    "\"C:\\\\a.exe\"},{\"@Name\":\"TargetFilename\",\"#text\":\"C:\\\\Temp\\\\b.ps1\"}]}}}",
    /* flat, as the data set's event collector writes it */
    "{\"SourceName\":\"Microsoft-Windows-Sysmon\",\"EventID\":11,\"TargetFilename\":"
    "\"C:\\\\Temp\\\\b.ps1\",\"RecordNumber\":5,\"ProcessId\":\"12\",\"Hostname\":\"ws1\","
    "\"Image\":\"C:\\\\a.exe\",\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
    "\"@timestamp\":\"2026-01-02T03:04:07Z\",\"UtcTime\":\"2026-01-02 03:04:05.6\"}",
    /* as a shipper nests it, and flattened with dots */
    "{\"@timestamp\":\"2026-01-02T03:04:07Z\",\"winlog\":{\"event_id\":\"11\",\"provider_name\":"
    "\"Microsoft-Windows-Sysmon\",\"channel\":\"Microsoft-Windows-Sysmon/Operational\","
    "\"computer_name\":\"ws1\",\"record_id\":5,\"event_data\":{\"UtcTime\":\"2026-01-02 "
    "03:04:05.6\",\"ProcessId\":\"12\",\"Image\":\"C:\\\\a.exe\",\"TargetFilename\":"
    "\"C:\\\\Temp\\\\b.ps1\"}},\"agent\":{\"type\":\"x\"}}",
    "{\"winlog.event_id\":11,\"winlog.channel\":\"Microsoft-Windows-Sysmon/Operational\","
    "\"winlog.provider_name\":\"Microsoft-Windows-Sysmon\",\"winlog.computer_name\":\"ws1\","
    "\"winlog.record_id\":5,\"winlog.event_data.UtcTime\":\"2026-01-02 03:04:05.6\","
    "\"winlog.event_data.ProcessId\":\"12\",\"winlog.event_data.Image\":\"C:\\\\a.exe\","
    "\"winlog.event_data.TargetFilename\":\"C:\\\\Temp\\\\b.ps1\",\"EventID\":11,"
    "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\"}",
    /* XML in a text: of an array, of a record */
    "[\"<Event xmlns='u'><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>11</EventID>"
    "<TimeCreated SystemTime='2026-01-02T03:04:06.1Z'/><EventRecordID>5</EventRecordID>\\n"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1</Computer></System>"
    "<EventData><Data Name='UtcTime'>2026-01-02 03:04:05.6</Data><Data Name='ProcessId'>12"
    "</Data><Data Name='Image'>C:\\\\a.exe</Data><Data Name='TargetFilename'><![CDATA[C:\\\\Temp"
    "]]>\\\\b&#46;ps1</Data></EventData></Event>\"]",
    "{\"Event\":\"<Event><System><Provider Name=\\\"Microsoft-Windows-Sysmon\\\"></Provider>"
    "<EventID>11</EventID><EventRecordID>5</EventRecordID><Channel>Microsoft-Windows-Sysmon/"
    "Operational</Channel><Computer>ws1</Computer></System><EventData><Data Name=\\\"UtcTime\\\">"
    "2026-01-02 03:04:05.6</Data><Data Name=\\\"ProcessId\\\">12</Data><Data Name=\\\"Image\\\">"
    "C:&#x5c;a.exe</Data><Data Name=\\\"TargetFilename\\\">C:\\\\Temp\\\\b.ps1</Data></EventData>"
    "</Event>\"}",
};

static void every_form_of_an_event_gives_the_same_fact(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(forms); i++) {
        as_analysis *a = read_well(forms[i]);
        const as_fact *f = present_fact(a, 0);

        assert_string_equal(a->tool, "Windows event log");
        assert_int_equal(count_present(a), 1);
        assert_int_equal(a->bad_lines, 0);
        assert_int_equal(f->kind, AS_KIND_FILE_CREATED);
        assert_attr(a, f, AS_ATTR_PATH, "C:\\Temp\\b.ps1");
        assert_attr(a, f, AS_ATTR_PROCESS_PATH, "C:\\a.exe");
        assert_attr(a, f, AS_ATTR_PID, "12");
        assert_attr(a, f, AS_ATTR_RECORD, "5");
        assert_attr(a, f, AS_ATTR_COMPUTER, "ws1");
        assert_attr(a, f, AS_ATTR_TIME, "2026-01-02 03:04:05.6");
        assert_attr(a, f, AS_ATTR_EVENT_ID, "11");
        assert_field(a, f, "TargetFilename", "C:\\Temp\\b.ps1");
        assert_field(a, f, "Image", "C:\\a.exe");
        assert_field(a, f, "EventID", "11");
        assert_field(a, f, "UtcTime", "2026-01-02 03:04:05.6");
        assert_int_equal(a->coverage.mapped_bytes, a->size);
        as_analysis_free(a);
    }
}

static void clocks_that_are_not_the_best_are_kept(void **state)
{
    as_analysis *a = read_well(forms[0]);

    (void)state;
    assert_field(a, present_fact(a, 0), "TimeCreated.SystemTime", "2026-01-02T03:04:06.1Z");
    as_analysis_free(a);
    a = read_well(forms[2]);
    assert_field(a, present_fact(a, 0), "@timestamp", "2026-01-02T03:04:07Z");
    as_analysis_free(a);
}

/* --- records ---------------------------------------------------------------------------- */

static void records_are_lines_or_several_objects(void **state)
{
    as_buf b = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&b, forms[2]);
    as_buf_text(&b,
                "\n\n{\n \"EventID\": 7036,\n \"Channel\": \"System\",\n \"param1\": \"x\"\n}\n");
    as_buf_text(&b, forms[2]);
    as_buf_byte(&b, 0);
    a = read_well((const char *)b.p);
    assert_int_equal(count_present(a), 3);
    assert_pointer(a, present_fact(a, 0), "#1");
    assert_pointer(a, present_fact(a, 1), "#3");
    assert_pointer(a, present_fact(a, 2), "#8");
    assert_int_equal(present_fact(a, 1)->kind, AS_KIND_WINDOWS_EVENT);
    assert_field(a, present_fact(a, 1), "param1", "x");
    assert_int_equal(b.p[as_fact_evidence(a->facts, present_fact(a, 2))->begin], '{');
    as_analysis_free(a);
    as_buf_done(&b);
}

static void a_bad_line_is_counted_and_the_rest_is_read(void **state)
{
    static const struct {
        const char *line;
        bool covered;
    } bad[] = {
        {"{\"EventID\":1,\"Channel\":\"Security\"", false}, /* cut off */
        {"{\"EventID\":1,}", false},
        {"not JSON at all", false},
        {"{\"EventID\":\"\x01\"}", false},
        {"\"a text\"", false},
        {"[1,2]", false},
        {"{\"no\":\"event\"}", false},
        {"{\"Event\":\"<Event><System></Event>\"}", false},
        {"{\"Event\":\"<Event><System><EventID>1</EventID></System>\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_buf b = {0};
        as_analysis *a;

        as_buf_printf(&b, "%s\n%s\n%s\n", forms[2], bad[i].line, forms[2]);
        as_buf_byte(&b, 0);
        a = read_well((const char *)b.p);
        if (count_present(a) != 2 || a->bad_lines != 1 || a->first_bad_line != 2)
            fail_msg("%s: %zu facts, %llu bad, first %llu", bad[i].line, count_present(a),
                     (unsigned long long)a->bad_lines, (unsigned long long)a->first_bad_line);
        assert_pointer(a, present_fact(a, 1), "#3");
        assert_true(a->coverage.mapped_bytes < a->size);
        as_analysis_free(a);
        as_buf_done(&b);
    }
}

static void an_input_without_events_is_refused(void **state)
{
    static const char *const texts[] = {"{\"EventID\":null,\"Channel\":\"x\"}", "[]\n",
                                        "{\"Event\":{\"System\":{}}}"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        as_analysis *a = NULL;
        as_err err = {0};

        assert_int_equal(read_text(texts[i], &a, &err), AS_UNKNOWN);
        assert_null(a);
    }
}

/* An array is one document: it comes out whole or not at all. */
static void a_broken_array_is_refused(void **state)
{
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_text("[{\"EventID\":1,\"Channel\":\"x\"},{\"EventID\":2", &a, &err),
                     AS_INVALID);
    assert_null(a);
}

/* --- kinds -------------------------------------------------------------------------------- */

static void events_become_the_kinds_of_the_table(void **state)
{
    static const struct {
        const char *source, *rest;
        as_kind kind;
        as_attr_name attr;
        const char *want;
    } rows[] = {
#define SYSMON   "\"SourceName\":\"Microsoft-Windows-Sysmon\""
#define SECURITY "\"Channel\":\"security\""
        {SYSMON, "\"EventID\":3,\"DestinationIp\":\"192.0.2.1\"", AS_KIND_CONNECTION, AS_ATTR_DST,
         "192.0.2.1"},
        {SYSMON, "\"EventID\":6,\"ImageLoaded\":\"a.sys\"", AS_KIND_DRIVER, AS_ATTR_PATH, "a.sys"},
        {SYSMON, "\"EventID\":7,\"ImageLoaded\":\"a.dll\"", AS_KIND_MODULE, AS_ATTR_PATH, "a.dll"},
        {SYSMON, "\"EventID\":8,\"TargetImage\":\"b\"", AS_KIND_REMOTE_THREAD, AS_ATTR_TARGET_PATH,
         "b"},
        {SYSMON, "\"EventID\":\"10\",\"GrantedAccess\":\"0x1\"", AS_KIND_PROCESS_ACCESS,
         AS_ATTR_ACCESS, "0x1"},
        {SYSMON, "\"EventID\":12,\"EventType\":\"DeleteKey\",\"TargetObject\":\"HKLM\\\\a\"",
         AS_KIND_KEY_DELETED, AS_ATTR_KEY, "HKLM\\a"},
        {SYSMON, "\"EventID\":12,\"EventType\":\"CreateKey\",\"TargetObject\":\"HKLM\\\\a\"",
         AS_KIND_KEY_WRITTEN, AS_ATTR_KEY, "HKLM\\a"},
        {SYSMON, "\"EventID\":13,\"Details\":\"1\",\"TargetObject\":\"k\"", AS_KIND_KEY_WRITTEN,
         AS_ATTR_CONTENT, "1"},
        {SYSMON, "\"EventID\":17,\"PipeName\":\"\\\\p\"", AS_KIND_PIPE, AS_ATTR_NAME, "\\p"},
        {SYSMON, "\"EventID\":22,\"QueryName\":\"a.example\"", AS_KIND_DNS, AS_ATTR_REQUEST,
         "a.example"},
        {SYSMON, "\"EventID\":26,\"TargetFilename\":\"f\"", AS_KIND_FILE_DELETED, AS_ATTR_PATH,
         "f"},
        {SYSMON, "\"EventID\":77,\"x\":\"y\"", AS_KIND_WINDOWS_EVENT, AS_ATTR_EVENT_ID, "77"},
        {SECURITY, "\"EventID\":4688,\"NewProcessName\":\"C:\\\\x.exe\",\"ProcessId\":\"0x4\"",
         AS_KIND_PROCESS, AS_ATTR_PPID, "0x4"},
        {SECURITY, "\"EventID\":4624,\"TargetUserName\":\"u\"", AS_KIND_LOGON, AS_ATTR_USER, "u"},
        {SECURITY, "\"EventID\":4625,\"TargetUserName\":\"u\"", AS_KIND_LOGON_FAILED, AS_ATTR_USER,
         "u"},
        {SECURITY, "\"EventID\":4698,\"TaskName\":\"t\"", AS_KIND_TASK_CREATED, AS_ATTR_NAME, "t"},
        {SECURITY, "\"EventID\":4720,\"TargetUserName\":\"u\"", AS_KIND_ACCOUNT_CHANGED,
         AS_ATTR_NAME, "u"},
        {SECURITY, "\"EventID\":5145,\"ShareName\":\"s\"", AS_KIND_SHARE_ACCESS, AS_ATTR_NAME, "s"},
        {SECURITY, "\"EventID\":1102", AS_KIND_LOG_CLEARED, AS_ATTR_EVENT_ID, "1102"},
        {"\"SourceName\":\"Service Control Manager\",\"Channel\":\"System\"",
         "\"EventID\":7045,\"ServiceName\":\"s\"", AS_KIND_SERVICE_CREATED, AS_ATTR_SERVICE, "s"},
        {"\"SourceName\":\"Microsoft-Windows-PowerShell\"",
         "\"EventID\":4104,\"ScriptBlockText\":\"iex\"", AS_KIND_SCRIPT, AS_ATTR_TEXT, "iex"},
        {"\"SourceName\":\"Somebody-Else\"", "\"EventID\":1,\"Image\":\"i\"", AS_KIND_WINDOWS_EVENT,
         AS_ATTR_PROCESS_PATH, "i"},
#undef SYSMON
#undef SECURITY
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        char text[400];
        as_analysis *a;
        const as_fact *f;

        (void)snprintf(text, sizeof(text), "{%s,%s}", rows[i].source, rows[i].rest);
        a = read_well(text);
        f = present_fact(a, 0);
        if (f->kind != rows[i].kind)
            fail_msg("%s is a %s", text, as_kind_get((as_kind)f->kind)->name);
        assert_attr(a, f, rows[i].attr, rows[i].want);
        as_analysis_free(a);
    }
}

/* --- who did it ----------------------------------------------------------------------------- */

#define LINE(id, rest)                                                                             \
    "{\"SourceName\":\"Microsoft-Windows-Sysmon\",\"EventID\":" id ",\"Channel\":\"c\"," rest "}"  \
    "\n"

static void events_belong_to_their_process(void **state)
{
    as_analysis *a = read_well(
        LINE("11", "\"ProcessGuid\":\"{a}\",\"Image\":\"C:\\\\p.exe\",\"TargetFilename\":\"f\"")
            LINE("1",
                 "\"ProcessGuid\":\"{b}\",\"ParentProcessGuid\":\"{a}\",\"Image\":\"C:\\\\q.exe\"")
                LINE("1",
                     "\"ProcessGuid\":\"{a}\",\"Image\":\"C:\\\\p.exe\",\"CommandLine\":\"p -x\"")
                    LINE("5", "\"ProcessGuid\":\"{b}\",\"Image\":\"C:\\\\q.exe\""));
    const as_fact *file, *child, *start, *ended;

    (void)state;
    assert_int_equal(count_present(a), 4); /* the named process has gone into its start */
    file = present_fact(a, 0);
    child = present_fact(a, 1);
    start = present_fact(a, 2);
    ended = present_fact(a, 3);
    assert_int_equal(file->kind, AS_KIND_FILE_CREATED);
    assert_ptr_equal(as_facts_get(a->facts, as_fact_parent(a->facts, file)), start);
    assert_ptr_equal(as_facts_get(a->facts, as_fact_parent(a->facts, child)), start);
    assert_ptr_equal(as_facts_get(a->facts, as_fact_parent(a->facts, ended)), child);
    assert_attr(a, start, AS_ATTR_COMMAND_LINE, "p -x");
    assert_attr(a, start, AS_ATTR_NAME, "p.exe");
    assert_int_equal(start->n_evidence, 2);
    as_analysis_free(a);
}

/* The Security log has no more than the number, which is used again. */
static void a_number_names_the_process_that_has_it(void **state)
{
#define SEC(id, rest) "{\"EventID\":" id ",\"Channel\":\"Security\",\"Hostname\":\"h\"," rest "}\n"
    as_analysis *a = read_well(
        SEC("4688", "\"NewProcessId\":\"0x10\",\"NewProcessName\":\"a.exe\",\"ProcessId\":\"0x4\"")
            SEC("4663", "\"ProcessId\":\"0x10\",\"ObjectName\":\"o\"") SEC("4689",
                                                                           "\"ProcessId\":\"0x10\"")
                SEC("4663", "\"ProcessId\":\"0x10\",\"ObjectName\":\"o\"") SEC(
                    "4688",
                    "\"NewProcessId\":\"0x10\",\"NewProcessName\":\"b.exe\",\"ProcessId\":\"0x4\"")
                    SEC("4663", "\"ProcessId\":\"0x10\",\"ObjectName\":\"o\""));
#undef SEC

    (void)state;
    assert_int_equal(as_fact_parent(a->facts, present_fact(a, 1)), 0);
    assert_int_equal(as_fact_parent(a->facts, present_fact(a, 2)), 0);
    assert_int_equal(as_fact_parent(a->facts, present_fact(a, 3)), AS_NO_FACT);
    assert_int_equal(as_fact_parent(a->facts, present_fact(a, 5)), 4);
    as_analysis_free(a);
}

/* --- nothing is lost ---------------------------------------------------------------------- */

static void fields_beyond_a_draft_become_parts(void **state)
{
    as_buf b = {0};
    as_analysis *a;
    size_t parts = 0;

    (void)state;
    as_buf_text(&b, "{\"EventID\":9999,\"Channel\":\"c\"");
    for (unsigned i = 0; i < 200; i++)
        as_buf_printf(&b, ",\"field%u\":\"value%u\"", i, i);
    as_buf_text(&b, "}");
    as_buf_byte(&b, 0);
    a = read_well((const char *)b.p);
    for (unsigned i = 0; i < 200; i++) {
        char name[20], want[20];
        as_value v = {0};
        bool found = false;

        (void)snprintf(name, sizeof(name), "field%u", i);
        (void)snprintf(want, sizeof(want), "value%u", i);
        if (as_winevent_value(a->facts, present_fact(a, 0), as_bytes_of(name), &v)) {
            found = as_bytes_is(v.text, want);
        } else {
            for (size_t k = 1; k < count_present(a) && !found; k++) {
                const as_fact *part = present_fact(a, k);

                found = part->kind == AS_KIND_DETAIL && as_fact_parent(a->facts, part) == 0 &&
                        as_bytes_is(as_fact_text(a->facts, part, AS_ATTR_NAME), name) &&
                        as_bytes_is(as_fact_text(a->facts, part, AS_ATTR_VALUE), want);
            }
            parts++;
        }
        if (!found)
            fail_msg("%s is lost", name);
    }
    assert_true(parts > 0 && parts + 1 == count_present(a));
    as_analysis_free(a);
    as_buf_done(&b);
}

static void an_event_of_too_many_fields_is_counted_as_bad(void **state)
{
    as_buf b = {0};
    as_analysis *a;

    (void)state;
    as_buf_printf(&b, "%s\n{\"EventID\":9999,\"Channel\":\"c\",\"x\":[0", forms[2]);
    for (unsigned i = 0; i < 70000; i++)
        as_buf_text(&b, ",1");
    as_buf_text(&b, "]}\n");
    as_buf_byte(&b, 0);
    a = read_well((const char *)b.p);
    assert_int_equal(count_present(a), 1);
    assert_int_equal(a->bad_lines, 1);
    as_analysis_free(a);
    as_buf_done(&b);
}

static void numbers_keep_every_digit(void **state)
{
    as_analysis *a =
        read_well("{\"EventID\":4103,\"Channel\":\"c\",\"Keywords\":-9214364837600034816,"
                  "\"big\":18446744073709551615,\"yes\":true,\"no\":null,\"empty\":\"\"}");
    const as_fact *f = present_fact(a, 0);
    as_value v = {0};

    (void)state;
    assert_field(a, f, "Keywords", "-9214364837600034816");
    assert_field(a, f, "big", "18446744073709551615");
    assert_field(a, f, "yes", "true");
    assert_false(as_winevent_value(a->facts, f, AS_LITERAL("no"), &v));
    assert_false(as_winevent_value(a->facts, f, AS_LITERAL("empty"), &v));
    as_analysis_free(a);
}

/* --- malformed in every place ---------------------------------------------------------------- */

static void check_survival(as_bytes in)
{
    as_analysis *a = NULL;
    as_err err = {0};
    as_code rc = read_report(in, NULL, &a, &err);

    if (rc) {
        assert_true(rc == AS_INVALID || rc == AS_UNKNOWN || rc == AS_LIMIT);
        return;
    }
    for (size_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *f = as_facts_get(a->facts, i);
        const as_evidence *e = as_fact_evidence(a->facts, f);

        if (f->flags & AS_FACT_GONE)
            continue;
        assert_true(e->begin < e->end && e->end <= in.n);
    }
    as_analysis_free(a);
}

static void every_truncation_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(forms); i++) {
        for (size_t n = 0; n < strlen(forms[i]); n++) {
            uint8_t *copy = as_mem_get(n ? n : 1);

            assert_non_null(copy);
            memcpy(copy, forms[i], n);
            check_survival((as_bytes){copy, n});
            as_mem_free(copy);
        }
    }
}

/* Each value in turn is of another type. */
static void values_of_another_type_are_no_harm(void **state)
{
    static const char *const others[] = {"null",        "true",
                                         "-1.5e300",    "\"\"",
                                         "[]",          "{}",
                                         "[[1]]",       "{\"a\":{\"#text\":[{}]}}",
                                         "\"<Event>\"", "{\"#attributes\":[1,{}]}"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(forms); i++) {
        for (const char *colon = strchr(forms[i], ':'); colon; colon = strchr(colon + 1, ':')) {
            const char *end = colon[1] == '"' ? strchr(colon + 2, '"') : strpbrk(colon, ",}");

            for (size_t k = 0; end && k < AS_COUNT(others); k++) {
                as_buf b = {0};

                as_buf_add(&b,
                           (as_bytes){(const uint8_t *)forms[i], (size_t)(colon + 1 - forms[i])});
                as_buf_text(&b, others[k]);
                as_buf_text(&b, colon[1] == '"' ? end + 1 : end);
                check_survival(as_buf_bytes(&b));
                as_buf_done(&b);
            }
        }
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(forms); i++) {
        bool failed = true;

        for (uint64_t n = 1; failed; n++) {
            as_analysis *a = NULL;
            as_err err = {0};
            as_code rc;

            as_mem_fail_at(n);
            rc = read_text(forms[i], &a, &err);
            as_mem_fail_at(0);
            failed = rc != AS_OK;
            if (failed && rc != AS_NOMEM)
                fail_msg("allocation %llu: %s", (unsigned long long)n, err.msg);
            as_analysis_free(a);
            assert_true(n < 5000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_an_event_gives_the_same_fact),
        cmocka_unit_test(clocks_that_are_not_the_best_are_kept),
        cmocka_unit_test(records_are_lines_or_several_objects),
        cmocka_unit_test(a_bad_line_is_counted_and_the_rest_is_read),
        cmocka_unit_test(an_input_without_events_is_refused),
        cmocka_unit_test(a_broken_array_is_refused),
        cmocka_unit_test(events_become_the_kinds_of_the_table),
        cmocka_unit_test(events_belong_to_their_process),
        cmocka_unit_test(a_number_names_the_process_that_has_it),
        cmocka_unit_test(fields_beyond_a_draft_become_parts),
        cmocka_unit_test(an_event_of_too_many_fields_is_counted_as_bad),
        cmocka_unit_test(numbers_keep_every_digit),
        cmocka_unit_test(every_truncation_is_read_or_refused),
        cmocka_unit_test(values_of_another_type_are_no_harm),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
