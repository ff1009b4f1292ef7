/*
 * Event log files: every type of value, every way in which a file may be damaged. The
 * files are written by evtx_build.h, and by hand where no writer would write them so.
 */
#include "unit/formats/evtx_build.h"
#include "unit/formats/reports.h"

#include "base/banned.h"

static const char *const process_fields[] = {
    "RuleName",    "UtcTime",         "ProcessGuid", "ProcessId",         "Image",
    "CommandLine", "ParentProcessId", "Hashes",      "ParentProcessGuid", NULL};

static void set_process(struct build_event *e, unsigned n)
{
    uint8_t guid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0};

    *e = (struct build_event){.provider = "Microsoft-Windows-Sysmon",
                              .channel = "Microsoft-Windows-Sysmon/Operational",
                              .computer = "ws1.example.org",
                              .id = 1,
                              .fields = process_fields};
    build_value_text(&e->values[0], "-");
    build_value_text(&e->values[1], "2026-01-02 03:04:05.678");
    guid[15] = (uint8_t)n;
    build_value_bytes(&e->values[2], 0x0f, guid, 16);
    build_value_int(&e->values[3], 0x08, 1000 + n, 4);
    build_value_text(&e->values[4], "C:\\Windows\\System32\\cmd.exe");
    build_value_text(&e->values[5], "cmd.exe /c \"echo hello\"");
    build_value_int(&e->values[6], 0x08, 1000 + n - 1, 4);
    build_value_text(&e->values[7], "MD5=00112233445566778899AABBCCDDEEFF,IMPHASH=FF");
    guid[15] = (uint8_t)(n - 1);
    build_value_bytes(&e->values[8], 0x0f, guid, 16);
}

/* `n` processes, each started by the one before. */
static as_bytes build_processes(struct build *b, unsigned n)
{
    static struct build_event e;

    build_begin(b);
    for (unsigned i = 1; i <= n; i++) {
        set_process(&e, i);
        build_record(b, &e);
    }
    return build_end(b);
}

static as_analysis *read_well(as_bytes in)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, NULL, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

static size_t count_present(const as_analysis *a)
{
    size_t n = 0;

    for (size_t i = 0; i < as_facts_count(a->facts); i++)
        n += !(as_facts_get(a->facts, i)->flags & AS_FACT_GONE);
    return n;
}

static void assert_field(const as_analysis *a, size_t i, const char *name, const char *want)
{
    as_value v = {0};

    if (!as_winevent_value(a->facts, as_facts_get(a->facts, i), as_bytes_of(name), &v))
        fail_msg("fact %zu has no '%s'", i, name);
    if (!as_bytes_is(v.text, want))
        fail_msg("'%s' is '%.*s', not '%s'", name, (int)v.text.n, (const char *)v.text.p, want);
}

static void assert_text(const as_analysis *a, size_t i, as_attr_name name, const char *want)
{
    as_bytes text = as_fact_text(a->facts, as_facts_get(a->facts, i), name);

    if (!as_bytes_is(text, want))
        fail_msg("%s is '%.*s', not '%s'", as_attr_get(name)->name, (int)text.n,
                 (const char *)text.p, want);
}

/* --- what is read ------------------------------------------------------------------- */

static void a_record_is_one_fact_with_its_bytes(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 3);
    as_analysis *a = read_well(in);
    const as_fact *fact = as_facts_get(a->facts, 1);
    const as_evidence *e = as_fact_evidence(a->facts, fact);
    as_buf pointer = {0};
    uint32_t size;

    (void)state;
    assert_int_equal(count_present(a), 3);
    assert_int_equal(a->bad_lines, 0);
    assert_string_equal(a->tool, "Windows event log");
    assert_true(as_bytes_is(as_facts_text(a->facts, a->tool_version), "3.1"));
    assert_int_equal(fact->kind, AS_KIND_PROCESS);
    assert_memory_equal(in.p + e->begin, "**\0\0", 4);
    memcpy(&size, in.p + e->begin + 4, 4);
    assert_int_equal(e->end - e->begin, size);
    as_facts_pointer(a->facts, e, &pointer);
    assert_true(as_bytes_is(as_buf_bytes(&pointer), "#2"));
    as_buf_done(&pointer);
    assert_text(a, 1, AS_ATTR_NAME, "cmd.exe");
    assert_text(a, 1, AS_ATTR_PATH, "C:\\Windows\\System32\\cmd.exe");
    assert_text(a, 1, AS_ATTR_MD5, "00112233445566778899AABBCCDDEEFF");
    assert_text(a, 1, AS_ATTR_IMPHASH, "FF");
    assert_text(a, 1, AS_ATTR_PID, "1002");
    assert_text(a, 1, AS_ATTR_FIRST_SEEN, "2026-01-02 03:04:05.678");
    assert_int_equal(as_fact_parent(a->facts, fact), 0);
    assert_int_equal(a->coverage.mapped_bytes, a->size);
    as_analysis_free(a);
    free(b.file);
}

static void the_frame_is_kept_field_by_field(void **state)
{
    static const char *const want[][2] = {
        {"Provider_Name", "Microsoft-Windows-Sysmon"},
        {"Provider.Guid", "5770385F-C22A-43E0-BF4C-06F5698FFBD9"},
        {"EventID", "1"},
        {"Version", "5"},
        {"Level", "4"},
        {"Task", "1"},
        {"Keywords", "0x8000000000000000"},
        {"TimeCreated.SystemTime", "2024-12-01T13:30:00.001000Z"},
        {"EventRecordID", "1"},
        {"Execution.ProcessID", "3544"},
        {"Channel", "Microsoft-Windows-Sysmon/Operational"},
        {"Computer", "ws1.example.org"},
        {"Security.UserID", "S-1-5-18"},
        {"RuleName", "-"},
        {"ProcessGuid", "04030201-0605-0807-090A-0B0C0D0E0F01"},
        {"Image", "C:\\Windows\\System32\\cmd.exe"},
        {"ParentProcessId", "1000"},
        {"Hashes", "MD5=00112233445566778899AABBCCDDEEFF,IMPHASH=FF"},
    };
    static struct build b;
    as_analysis *a = read_well(build_processes(&b, 1));

    (void)state;
    for (size_t i = 0; i < AS_COUNT(want); i++)
        assert_field(a, 0, want[i][0], want[i][1]);
    as_analysis_free(a);
    free(b.file);
}

static void every_type_of_value_has_its_text(void **state)
{
    static const struct {
        unsigned type;
        const char *hex, *want;
    } types[] = {
        {0x01, "480069003dd800de2000", "Hi\xf0\x9f\x98\x80 "},
        {0x01, "4100000042000000", "A"}, /* what follows is checked below: NUL is data */
        {0x01, "00d84100",
         "\xef\xbf\xbd"
         "A"},
        {0x02, "4142e900", "AB\xc3\xa9"},
        {0x03, "80", "-128"},
        {0x04, "80", "128"},
        {0x05, "0080", "-32768"},
        {0x06, "0080", "32768"},
        {0x07, "ffffffff", "-1"},
        {0x08, "ffffffff", "4294967295"},
        {0x09, "0000000000000080", "-9223372036854775808"},
        {0x0a, "ffffffffffffffff", "18446744073709551615"},
        {0x0b, "0000c03f", "1.5"},
        {0x0b, "cdcccc3d", "0.1"},
        {0x0c, "9a9999999999b93f", "0.1"},
        {0x0c, "000000000000f07f", "inf"},
        {0x0d, "01000000", "true"},
        {0x0d, "00000000", "false"},
        {0x0e, "00ab7f", "00AB7F"},
        {0x0f, "0123456789abcdef0123456789abcdef", "67452301-AB89-EFCD-0123-456789ABCDEF"},
        {0x10, "ff000000", "0xff"},
        {0x10, "0000000001000000", "0x100000000"},
        {0x11, "0080c4c8a8fbda01", "2024-08-31T13:22:10.224947Z"},
        {0x11, "f6bf52676b6bda01", "2024-02-29T23:59:59.999999Z"},
        {0x11, "00e068332173c001", "2000-12-31T12:00:00.000000Z"},
        {0x11, "0040c33dc09f2f02", "2100-03-01T00:00:00.000000Z"},
        {0x11, "00803ed5deb19d01", "1970-01-01T00:00:00.000000Z"},
        {0x11, "0100000000000000", "1"},
        {0x12, "ea07020003001800170009002a00e703", "2026-02-24T23:09:42.999000Z"},
        {0x13, "010200000000000520000000200200ff", "S-1-5-32-4278190624"},
        {0x14, "efbeadde", "0xdeadbeef"},
        {0x15, "0100000000000000", "0x1"},
        {0x20, "0102", "0102"},
    };
    static const char *fields[AS_COUNT(types) + 1];
    static char names[AS_COUNT(types)][8];
    static struct build_event e;
    static struct build b;
    as_analysis *a;

    (void)state;
    e = (struct build_event){.provider = "p", .channel = "c", .computer = "x", .id = 7};
    e.fields = fields;
    for (size_t i = 0; i < AS_COUNT(types); i++) {
        uint8_t bytes[64];
        size_t n = strlen(types[i].hex) / 2;

        for (size_t k = 0; k < n; k++) {
            unsigned byte;

            assert_int_equal(sscanf(types[i].hex + 2 * k, "%2x", &byte), 1);
            bytes[k] = (uint8_t)byte;
        }
        (void)snprintf(names[i], sizeof(names[i]), "f%zu", i);
        fields[i] = names[i];
        build_value_bytes(&e.values[i], types[i].type, bytes, n);
    }
    build_begin(&b);
    build_record(&b, &e);
    a = read_well(build_end(&b));
    assert_int_equal(a->bad_lines, 0);
    for (size_t i = 0; i < AS_COUNT(types); i++) {
        as_value v = {0};

        assert_true(
            as_winevent_value(a->facts, as_facts_get(a->facts, 0), as_bytes_of(names[i]), &v));
        if (i == 1)
            assert_true(as_bytes_eq(v.text, ((as_bytes){(const uint8_t *)"A\0B", 3})));
        else
            assert_field(a, 0, names[i], types[i].want);
        assert_int_equal(v.form == AS_FORM_NUMBER, types[i].type >= 0x03 && types[i].type <= 0x0c &&
                                                       !as_bytes_is(v.text, "inf"));
        assert_int_equal(v.form == AS_FORM_TRUE || v.form == AS_FORM_FALSE, types[i].type == 0x0d);
    }
    as_analysis_free(a);
    free(b.file);
}

static size_t count_field(const as_analysis *a, size_t i, const char *name)
{
    const as_fact *fact = as_facts_get(a->facts, i);
    const as_attr *attrs = as_fact_attrs(a->facts, fact);
    size_t n = 0;

    for (size_t k = 0; k < fact->n_attrs; k++)
        n += attrs[k].name == AS_ATTR_FIELD &&
             as_bytes_is(as_facts_text(a->facts, attrs[k].str), name);
    return n;
}

static void a_list_is_as_many_fields(void **state)
{
    static const char *const fields[] = {"Texts", "Numbers", "Ids", NULL};
    static const uint8_t texts[] = "a\0\0\0b\0c\0\0\0"; /* "a", "bc", and a NUL of its own */
    static const uint8_t numbers[] = {1, 0, 2, 0, 3, 0};
    static const uint8_t ids[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
                                  1, 1, 0, 0, 0, 0, 0, 5, 19, 0, 0, 0};
    static struct build_event e;
    static struct build b;
    as_analysis *a;

    (void)state;
    e = (struct build_event){.provider = "p", .channel = "c", .computer = "x", .id = 7};
    e.fields = fields;
    build_value_bytes(&e.values[0], 0x81, texts, 10);
    build_value_bytes(&e.values[1], 0x86, numbers, sizeof(numbers));
    build_value_bytes(&e.values[2], 0x93, ids, sizeof(ids));
    build_begin(&b);
    build_record(&b, &e);
    a = read_well(build_end(&b));
    assert_int_equal(count_field(a, 0, "Texts"), 2);
    assert_int_equal(count_field(a, 0, "Numbers"), 3);
    assert_int_equal(count_field(a, 0, "Ids"), 2);
    assert_field(a, 0, "Texts", "a");
    as_analysis_free(a);
    free(b.file);
}

/* <UserData><LogFileCleared>..: the element's name is a field too. */
static void user_data_is_read_by_its_elements(void **state)
{
    static const char *const fields[] = {"SubjectUserName", "Channel", NULL};
    static struct build_event e;
    static struct build b;
    as_analysis *a;

    (void)state;
    e = (struct build_event){.provider = "Microsoft-Windows-Eventlog",
                             .channel = "System",
                             .computer = "x",
                             .id = 104,
                             .fields = fields,
                             .user_data = "LogFileCleared"};
    build_value_text(&e.values[0], "mallory");
    build_value_text(&e.values[1], "Application");
    build_begin(&b);
    build_record(&b, &e);
    a = read_well(build_end(&b));
    assert_int_equal(as_facts_get(a->facts, 0)->kind, AS_KIND_LOG_CLEARED);
    assert_text(a, 0, AS_ATTR_USER, "mallory");
    assert_text(a, 0, AS_ATTR_CHANNEL, "System"); /* where it was logged, not what was cleared */
    assert_field(a, 0, "UserData", "LogFileCleared");
    assert_field(a, 0, "Channel", "Application");
    as_analysis_free(a);
    free(b.file);
}

/* --- what cannot be read -------------------------------------------------------------- */

static void a_damaged_record_costs_only_itself(void **state)
{
    static const struct {
        size_t at; /* in the record */
        uint8_t byte;
    } damages[] = {
        {0, 0}, {4, 3}, {5, 0xff}, {24, 0x77}, {28, 0x55}, {34, 0xff}, {37, 0x80},
    };
    static struct build b;
    as_bytes in = build_processes(&b, 5);
    as_analysis *whole = read_well(in);
    as_evidence third = as_fact_evidence(whole->facts, as_facts_get(whole->facts, 2))[0];

    (void)state;
    as_analysis_free(whole);
    for (size_t i = 0; i < AS_COUNT(damages); i++) {
        uint8_t *p = b.file + third.begin + damages[i].at, old = *p;
        as_analysis *a;

        *p = damages[i].byte;
        build_sums(b.file + 4096);
        a = read_well(in);
        if (count_present(a) != 4 || a->bad_lines != 1 || a->first_bad_line != 3)
            fail_msg("byte %zu: %zu facts, %llu bad, first %llu", damages[i].at, count_present(a),
                     (unsigned long long)a->bad_lines, (unsigned long long)a->first_bad_line);
        assert_true(a->coverage.mapped_bytes < a->size);
        as_analysis_free(a);
        *p = old;
    }
    free(b.file);
}

static void a_wrong_checksum_is_counted_and_the_records_are_read(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 2);
    as_analysis *a;

    (void)state;
    b.file[4096 + 52] ^= 1;
    build_set(b.file + 4096 + 124,
              crc32((uint32_t)crc32(0, b.file + 4096, 120), b.file + 4096 + 128, 384), 4);
    a = read_well(in);
    assert_int_equal(count_present(a), 2);
    assert_int_equal(a->bad_lines, 1);
    as_analysis_free(a);
    b.file[120] = 1; /* not closed well: old checksums are to be expected */
    a = read_well(in);
    assert_int_equal(a->bad_lines, 0);
    as_analysis_free(a);
    free(b.file);
}

static void a_chunk_that_is_none_costs_only_itself(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 200);
    size_t chunks = (in.n - 4096) / BUILD_CHUNK;
    as_analysis *a = read_well(in);

    (void)state;
    assert_true(chunks >= 2);
    assert_int_equal(count_present(a), 200);
    as_analysis_free(a);
    memset(b.file + 4096, 0xee, 16);
    a = read_well(in);
    assert_true(count_present(a) > 0 && count_present(a) < 200);
    assert_int_equal(a->bad_lines, 1);
    as_analysis_free(a);
    memset(b.file + 4096, 0, BUILD_CHUNK); /* space that was never used */
    a = read_well(in);
    assert_int_equal(a->bad_lines, 0);
    as_analysis_free(a);
    free(b.file);
}

/* A template whose body is itself, and one that names a value without end. */
static void a_template_inside_itself_is_refused(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 2);
    uint8_t *chunk = b.file + 4096;
    uint32_t body = b.template_at ? b.template_at : 0;
    as_analysis *a;

    (void)state;
    /* Record, fragment header, instance: 24 + 4 + 6 bytes; then the definition's offset. */
    memcpy(&body, chunk + 512 + 34, 4);
    assert_int_equal(body, 512 + 38);
    chunk[body + 24 + 4] = 0x0c;
    build_set(chunk + body + 24 + 10, body, 4);
    build_set(chunk + body + 24 + 14, 0, 4); /* no values */
    build_sums(chunk);
    a = read_well(in);
    assert_int_equal(count_present(a), 0);
    assert_int_equal(a->bad_lines, 2);
    as_analysis_free(a);
    free(b.file);
}

static void an_empty_log_is_a_log(void **state)
{
    static struct build b;
    as_analysis *a;

    (void)state;
    build_begin(&b);
    a = read_well(build_end(&b));
    assert_int_equal(as_facts_count(a->facts), 0);
    assert_int_equal(a->bad_lines, 0);
    as_analysis_free(a);
    free(b.file);
}

/* --- malformed in every place ----------------------------------------------------------- */

static void check_survival(as_bytes in, size_t most)
{
    as_analysis *a = NULL;
    as_err err = {0};
    as_code rc = read_report(in, NULL, &a, &err);

    if (rc) {
        assert_true(rc == AS_INVALID || rc == AS_UNKNOWN);
        assert_true(err.msg[0] != '\0');
        return;
    }
    assert_true(count_present(a) <= most);
    for (size_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_evidence *e = as_fact_evidence(a->facts, as_facts_get(a->facts, i));

        assert_true(e->begin < e->end && e->end <= in.n);
    }
    as_analysis_free(a);
}

static void every_truncation_is_read_or_refused(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 2);
    size_t used = 4096 + 512 + 3000;

    (void)state;
    for (size_t n = 0; n < in.n; n += n < 16 || (n >= 4080 && n < used) ? 1 : 4099) {
        /* A block that ends where it ends. */
        uint8_t *copy = as_mem_get(n ? n : 1);

        assert_non_null(copy);
        memcpy(copy, in.p, n);
        check_survival((as_bytes){copy, n}, 2);
        as_mem_free(copy);
    }
    free(b.file);
}

static void every_damaged_byte_is_survived(void **state)
{
    static const uint8_t masks[] = {0xff, 0x01, 0x80, 0x40};
    static struct build b;
    as_bytes in = build_processes(&b, 2);

    (void)state;
    for (size_t i = 4096; i < 4096 + 512 + 3000; i++) {
        uint8_t old = b.file[i];

        b.file[i] = old ^ masks[i % AS_COUNT(masks)];
        check_survival(in, 2000);
        b.file[i] = old;
    }
    free(b.file);
}

static void each_failed_allocation_is_reported(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 3);
    bool failed = true;

    (void)state;
    for (uint64_t n = 1; failed; n++) {
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        as_mem_fail_at(n);
        rc = read_report(in, NULL, &a, &err);
        as_mem_fail_at(0);
        failed = rc != AS_OK;
        if (failed) {
            assert_int_equal(rc, AS_NOMEM);
            assert_null(a);
        }
        as_analysis_free(a);
        assert_true(n < 5000);
    }
    free(b.file);
}

static void too_many_facts_for_the_memory_are_a_limit(void **state)
{
    static struct build b;
    as_bytes in = build_processes(&b, 200);
    as_read_options options = {.memory = 60000};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(in, &options, &a, &err), AS_LIMIT);
    assert_null(a);
    free(b.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_one_fact_with_its_bytes),
        cmocka_unit_test(the_frame_is_kept_field_by_field),
        cmocka_unit_test(every_type_of_value_has_its_text),
        cmocka_unit_test(a_list_is_as_many_fields),
        cmocka_unit_test(user_data_is_read_by_its_elements),
        cmocka_unit_test(a_damaged_record_costs_only_itself),
        cmocka_unit_test(a_wrong_checksum_is_counted_and_the_records_are_read),
        cmocka_unit_test(a_chunk_that_is_none_costs_only_itself),
        cmocka_unit_test(a_template_inside_itself_is_refused),
        cmocka_unit_test(an_empty_log_is_a_log),
        cmocka_unit_test(every_truncation_is_read_or_refused),
        cmocka_unit_test(every_damaged_byte_is_survived),
        cmocka_unit_test(each_failed_allocation_is_reported),
        cmocka_unit_test(too_many_facts_for_the_memory_are_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
