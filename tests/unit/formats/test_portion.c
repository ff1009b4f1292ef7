/*
 * Logs that are handed out in portions: the same facts as in one piece, each with its
 * process, in memory that does not grow with the log.
 */
#include "unit/formats/reports.h"

#include "formats/formats_priv.h"

#include <inttypes.h>

#include "base/banned.h"

#define EVENTS 12000
#define BAD    1234 /* this line is none */

static void put_event(as_buf *b, int i)
{
    int process = i / 10;

    as_buf_text(b, "{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
                   "\"ProviderName\":\"Microsoft-Windows-Sysmon\",");
    as_buf_printf(b, "\"EventRecordID\":%d,", i + 1);
    if (i % 10 == 0) {
        as_buf_printf(b,
                      "\"EventID\":1,\"ProcessGuid\":\"{%08x}\",\"ParentProcessGuid\":\"{%08x}\","
                      "\"ProcessId\":%d,\"Image\":\"C:\\\\p%d.exe\",\"CommandLine\":\"p%d -x\"}\n",
                      process, process - process % 7, 1000 + process, process, process);
    } else if (i % 10 == 9 && process % 3 == 0) {
        as_buf_printf(b,
                      "\"EventID\":5,\"ProcessGuid\":\"{%08x}\",\"ProcessId\":%d,"
                      "\"Image\":\"C:\\\\p%d.exe\"}\n",
                      process, 1000 + process, process);
    } else {
        as_buf_printf(b,
                      "\"EventID\":11,\"ProcessGuid\":\"{%08x}\",\"ProcessId\":%d,"
                      "\"Image\":\"C:\\\\p%d.exe\",\"TargetFilename\":\"C:\\\\out\\\\%d.bin\"}\n",
                      process, 1000 + process, process, i);
    }
}

static as_buf make_log(void)
{
    as_buf b = {0};

    for (int i = 0; i < EVENTS; i++) {
        if (i == BAD)
            as_buf_text(&b, "{\"EventID\":11,\"ProcessGuid\":\n");
        else
            put_event(&b, i);
    }
    assert_false(b.failed);
    return b;
}

/* Every fact that is not carried, with the range and the process that it has, as text. */
static void print_facts(const as_facts *f, as_buf *out)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_evidence *e = as_fact_evidence(f, fact);
        uint32_t up;

        if (fact->flags & (AS_FACT_GONE | AS_FACT_CARRIED))
            continue;
        up = as_fact_parent(f, fact);
        as_buf_printf(out, "%" PRIu64 "-%" PRIu64 " ", e->begin, e->end);
        as_facts_pointer(f, e, out);
        for (size_t k = 0; k < fact->n_attrs; k++) {
            const as_attr *a = &as_fact_attrs(f, fact)[k];

            as_buf_printf(out, " %s=", as_attr_get((as_attr_name)a->name)->name);
            as_buf_add(out, as_facts_text(f, a->str));
        }
        if (up != AS_NO_FACT) {
            as_buf_text(out, " of ");
            as_buf_add(out, as_fact_text(f, as_facts_get(f, up), AS_ATTR_COMMAND_LINE));
        }
        as_buf_byte(out, '\n');
    }
}

struct portions {
    as_buf text;
    size_t n, most, fail_at;
};

static as_code take(void *ctx, const as_analysis *a, as_err *err)
{
    struct portions *p = ctx;
    size_t memory = as_facts_memory(a->facts);

    p->most = memory > p->most ? memory : p->most;
    if (++p->n == p->fail_at)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "no more room");
    print_facts(a->facts, &p->text);
    return AS_OK;
}

static void portions_hold_what_one_piece_holds(void **state)
{
    as_buf log = make_log();
    struct portions p = {0};
    as_read_options options = {.on_portion = take, .portion_ctx = &p, .portion = 1 << 20};
    as_analysis *whole = NULL, *last = NULL;
    as_buf expected = {0};
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(as_buf_bytes(&log), NULL, &whole, &err), AS_OK);
    print_facts(whole->facts, &expected);
    assert_int_equal(read_report(as_buf_bytes(&log), &options, &last, &err), AS_OK);
    assert_true(p.n >= 2 && last->portions == p.n);
    print_facts(last->facts, &p.text);
    assert_int_equal(p.text.n, expected.n);
    assert_int_equal(p.text.n, expected.n);
    assert_memory_equal(p.text.p, expected.p, expected.n);
    assert_int_equal(last->bad_lines, 1);
    assert_int_equal(last->first_bad_line, BAD + 1);
    assert_int_equal(last->coverage.mapped_bytes, whole->coverage.mapped_bytes);
    assert_int_equal(last->coverage.n, whole->coverage.n);
    assert_true(as_facts_count(last->facts) < as_facts_count(whole->facts));
    as_analysis_free(whole);
    as_analysis_free(last);
    as_buf_done(&expected);
    as_buf_done(&p.text);
    as_buf_done(&log);
}

/* The same processes again and again: what lives is the same, so memory is too. */
static void memory_does_not_grow_with_the_log(void **state)
{
    as_buf log = {0};
    struct portions p = {0};
    as_read_options options = {.on_portion = take, .portion_ctx = &p, .portion = 1 << 20};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < EVENTS; i++)
            put_event(&log, i);
    }
    assert_int_equal(read_report(as_buf_bytes(&log), &options, &a, &err), AS_OK);
    assert_true(p.n > 10);
    assert_in_range(p.most, 1 << 20, 4 << 20);
    as_analysis_free(a);
    as_buf_done(&p.text);
    as_buf_done(&log);
}

static void whoever_takes_them_may_stop_the_reading(void **state)
{
    as_buf log = make_log();
    struct portions p = {.fail_at = 2};
    as_read_options options = {.on_portion = take, .portion_ctx = &p, .portion = 1 << 20};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(as_buf_bytes(&log), &options, &a, &err), AS_IO);
    assert_null(a);
    assert_string_equal(err.msg, "no more room");
    as_buf_done(&p.text);
    as_buf_done(&log);
}

static uint64_t repeated(const as_facts *f, const as_fact *fact)
{
    uint64_t n = 1;

    (void)as_bytes_u64(as_fact_text(f, fact, AS_ATTR_REPEATED), &n);
    return n;
}

/* Facts by kind, those that stand for several counted as often. */
static void count_kinds(const as_facts *f, uint64_t counts[AS_KIND_COUNT])
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (!(fact->flags & AS_FACT_GONE))
            counts[fact->kind] += repeated(f, fact);
    }
}

/* Each round writes the same files by the same programs under other numbers and times. */
static void put_round(as_buf *b, int round)
{
    for (int i = 0; i < 50; i++) {
        int guid = round * 50 + i;

        as_buf_printf(b,
                      "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
                      "\"ProviderName\":\"Microsoft-Windows-Sysmon\",\"ProcessGuid\":\"{%08x}\","
                      "\"ProcessId\":%d,\"Image\":\"C:\\\\p%d.exe\",\"CommandLine\":\"p%d -x\","
                      "\"UtcTime\":\"2026-01-01 00:%02d:%02d\"}\n",
                      guid, 1000 + guid, i, i, round / 60 % 60, round % 60);
        as_buf_printf(
            b,
            "{\"EventID\":11,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
            "\"ProviderName\":\"Microsoft-Windows-Sysmon\",\"ProcessGuid\":\"{%08x}\","
            "\"ProcessId\":%d,\"Image\":\"C:\\\\p%d.exe\","
            "\"TargetFilename\":\"C:\\\\out%d\",\"UtcTime\":\"2026-01-01 00:%02d:%02d\"}\n",
            guid, 1000 + guid, i, i, round / 60 % 60, round % 60);
    }
}

static void a_digest_counts_what_is_alike(void **state)
{
    as_read_options options = {.digest = true, .portion = 1 << 20};
    uint64_t whole_counts[AS_KIND_COUNT] = {0}, counts[AS_KIND_COUNT] = {0};
    as_analysis *whole = NULL, *a = NULL;
    as_buf log = {0};
    as_err err = {0};
    size_t files = 0;

    (void)state;
    for (int round = 0; round < 300; round++)
        put_round(&log, round);
    assert_int_equal(read_report(as_buf_bytes(&log), NULL, &whole, &err), AS_OK);
    assert_int_equal(read_report(as_buf_bytes(&log), &options, &a, &err), AS_OK);
    assert_true(a->portions > 2);
    count_kinds(whole->facts, whole_counts);
    count_kinds(a->facts, counts);
    assert_memory_equal(counts, whole_counts, sizeof(counts));
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);
        char program[16];

        if (fact->kind != AS_KIND_FILE_CREATED || (fact->flags & AS_FACT_GONE))
            continue;
        (void)snprintf(program, sizeof(program), "p%zu -x", files);
        assert_int_equal(repeated(a->facts, fact), 300);
        assert_true(as_bytes_is(as_fact_text(a->facts, fact, AS_ATTR_TIME), "2026-01-01 00:00:00"));
        assert_true(
            as_bytes_is(as_fact_text(a->facts, fact, AS_ATTR_LAST_SEEN), "2026-01-01 00:04:59"));
        assert_true(as_bytes_is(as_fact_text(a->facts,
                                             as_facts_get(a->facts, as_fact_parent(a->facts, fact)),
                                             AS_ATTR_COMMAND_LINE),
                                program));
        assert_int_equal(fact->n_evidence, 2);
        files++;
    }
    assert_int_equal(files, 50);
    assert_int_equal(a->digested, 300 * 100 - 100);
    assert_true(a->untold == 0 && !as_analysis_partial(a));
    as_analysis_free(whole);
    as_analysis_free(a);
    as_buf_done(&log);
}

static void what_has_no_room_is_counted(void **state)
{
    as_digest *d = as_digest_new(64 << 10);
    as_analysis *whole = NULL;
    as_buf log = make_log();
    as_walk w = {0};
    as_err err = {0};
    size_t n;

    (void)state;
    assert_non_null(d);
    assert_int_equal(read_report(as_buf_bytes(&log), NULL, &whole, &err), AS_OK);
    n = as_facts_count(whole->facts);
    w.analysis = whole;
    w.facts = whole->facts;
    w.paths = as_paths_new();
    assert_int_equal(as_digest_finish(d, &w, &err), AS_OK);
    assert_true(whole->untold > 0 && whole->gaps == AS_GAP_UNTOLD);
    assert_true(as_facts_count(whole->facts) + whole->untold + whole->digested >= n);
    assert_true(as_facts_memory(whole->facts) < 4 << 20);
    as_digest_free(d);
    as_paths_free(w.paths);
    as_analysis_free(whole);
    as_buf_done(&log);
}

/* Portions are printed into memory of the same heap, so their text is left out here. */
static as_code count_alone(void *ctx, const as_analysis *a, as_err *err)
{
    size_t *n = ctx;

    (void)err;
    *n += as_facts_count(a->facts);
    return AS_OK;
}

static void each_failing_allocation_is_told(void **state)
{
    as_buf log = make_log();
    size_t failures = 0;

    (void)state;
    for (uint64_t n = 1;; n++) {
        size_t counted = 0;
        as_read_options options = {
            .on_portion = count_alone, .portion_ctx = &counted, .portion = 1 << 20};
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        as_mem_fail_at(n);
        rc = read_report(as_buf_bytes(&log), &options, &a, &err);
        as_mem_fail_at(0);
        as_analysis_free(a);
        if (!rc)
            break;
        assert_int_equal(rc, AS_NOMEM);
        failures++;
    }
    assert_true(failures > 50);
    as_buf_done(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portions_hold_what_one_piece_holds),
        cmocka_unit_test(memory_does_not_grow_with_the_log),
        cmocka_unit_test(whoever_takes_them_may_stop_the_reading),
        cmocka_unit_test(a_digest_counts_what_is_alike),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(each_failing_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
