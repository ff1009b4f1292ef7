/*
 * What an addition makes of a report beside its rows: portions of a long log, calls, terms,
 * passages, the outline.
 */
#include "unit/store/stores.h"

#include <inttypes.h>

#include "base/banned.h"

/* --- a log in portions -------------------------------------------------------------------- */

#define EVENTS 6000

static void put_event(as_buf *b, int i)
{
    int process = i / 10;

    as_buf_printf(b,
                  "{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
                  "\"ProviderName\":\"Microsoft-Windows-Sysmon\",\"EventRecordID\":%d,",
                  i + 1);
    if (i % 10 == 0)
        as_buf_printf(b,
                      "\"EventID\":1,\"ProcessGuid\":\"{%08x}\",\"ParentProcessGuid\":\"{%08x}\","
                      "\"ProcessId\":%d,\"Image\":\"C:\\\\p%d.exe\",\"CommandLine\":\"p%d -x\"}\n",
                      process, process - process % 7, 1000 + process, process, process);
    else
        as_buf_printf(b,
                      "\"EventID\":11,\"ProcessGuid\":\"{%08x}\",\"ProcessId\":%d,"
                      "\"Image\":\"C:\\\\p%d.exe\",\"TargetFilename\":\"C:\\\\out\\\\%d.bin\"}\n",
                      process, 1000 + process, process, i % 900);
}

struct rows {
    as_store *s;
    as_buf text;
    int64_t first; /* id of the first, so that two stores can be compared */
};

static as_code print_row(void *ctx, const as_row *row, as_err *err)
{
    struct rows *r = ctx;

    (void)err;
    if (!r->first)
        r->first = row->id;
    as_buf_printf(&r->text, "%" PRId64 " %s of %" PRId64 " by %" PRId64, row->id - r->first,
                  as_kind_get(row->kind)->name, row->parent ? row->parent - r->first : -1,
                  row->process ? row->process - r->first : -1);
    for (size_t i = 0; i < row->n_attrs; i++) {
        as_buf_printf(&r->text, " %s=", as_attr_get(row->attrs[i].name)->name);
        as_buf_add(&r->text, row->attrs[i].text);
    }
    for (size_t i = 0; i < row->n_evidence; i++)
        as_buf_printf(&r->text, " %" PRIu64 "-%" PRIu64, row->evidence[i].begin,
                      row->evidence[i].end);
    as_buf_byte(&r->text, '\n');
    return AS_OK;
}

static as_buf print_rows(as_store *s, int64_t doc)
{
    as_rows_query q = {.doc = doc};
    struct rows r = {.s = s};
    as_err err = {0};

    if (as_store_rows(s, &q, print_row, &r, &err))
        fail_msg("%s", err.msg);
    as_buf_byte(&r.text, '\0');
    assert_false(r.text.failed);
    return r.text;
}

static void a_log_in_portions_is_the_same_as_in_one_piece(void **state)
{
    place *p = *state;
    as_buf log = {0}, whole, portions, whole_counts, counts;
    as_err err = {0};
    as_added a;

    for (int i = 0; i < EVENTS; i++)
        put_event(&log, i);
    a = add_bytes(p->s, as_buf_bytes(&log));
    whole = print_rows(p->s, a.doc);
    whole_counts = print_counts(p->s);
    assert_int_equal(as_store_remove_document(p->s, a.doc, &err), AS_OK);
    p->s->portion = (size_t)256 << 10;
    a = add_bytes(p->s, as_buf_bytes(&log));
    assert_true(ask(p->s, "SELECT max(n) FROM (SELECT count(*) AS n FROM posting GROUP BY term)") >
                1); /* so there were portions */
    portions = print_rows(p->s, a.doc);
    assert_string_equal((const char *)portions.p, (const char *)whole.p);
    assert_non_null(strstr((const char *)portions.p, "p77 -x"));
    assert_counts_true(p->s);
    as_buf_done(&log);
    as_buf_done(&whole);
    as_buf_done(&portions);
    counts = print_counts(p->s);
    *strstr((char *)counts.p, " samples ") = '\0'; /* postings are more */
    *strstr((char *)whole_counts.p, " samples ") = '\0';
    assert_string_equal((const char *)counts.p, (const char *)whole_counts.p);
    as_buf_done(&counts);
    as_buf_done(&whole_counts);
    assert_int_equal(as_store_remove_document(p->s, a.doc, &err), AS_OK);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM term"), 0);
}

static void a_file_is_of_the_process_that_its_record_names(void **state)
{
    place *p = *state;
    as_buf log = {0};
    as_added a;

    for (int i = 0; i < 40; i++)
        put_event(&log, i);
    a = add_bytes(p->s, as_buf_bytes(&log));
    assert_int_equal(ask(p->s, "SELECT count(*) FROM fact WHERE process IS NULL AND kind IN "
                               "(SELECT id FROM word WHERE space = 0 AND text LIKE 'file_%')"),
                     0);
    assert_int_equal(ask(p->s, "SELECT count(DISTINCT process) FROM fact WHERE kind IN (SELECT id "
                               "FROM word WHERE space = 0 AND text LIKE 'file_%')"),
                     4);
    assert_true(a.facts >= 40);
    as_buf_done(&log);
}

/* --- calls ------------------------------------------------------------------------------------ */

#define PROCESSES_MAX 64u

struct calls {
    uint32_t process[PROCESSES_MAX]; /* rising */
    as_buf of[PROCESSES_MAX];
    size_t processes, n;
};

static void print_call(as_buf *out, as_bytes api, bool failed, uint64_t repeated, uint64_t begin,
                       uint64_t end)
{
    as_buf_add(out, api);
    as_buf_printf(out, " %d %" PRIu64 " %" PRIu64 "-%" PRIu64 "\n", failed, repeated, begin, end);
}

static as_code take_call(void *ctx, const as_call *call, as_err *err)
{
    struct calls *c = ctx;
    size_t at = c->processes;

    (void)err;
    while (at > 0 && c->process[at - 1] > call->process)
        at--;
    if (at == 0 || c->process[at - 1] != call->process) {
        assert_true(c->processes < PROCESSES_MAX);
        memmove(&c->of[at + 1], &c->of[at], (c->processes - at) * sizeof(c->of[0]));
        memmove(&c->process[at + 1], &c->process[at], (c->processes - at) * sizeof(uint32_t));
        c->of[at] = (as_buf){0};
        c->process[at++] = call->process;
        c->processes++;
    }
    print_call(&c->of[at - 1], call->api, call->failed, call->repeated, call->begin, call->end);
    c->n++;
    return AS_OK;
}

struct stored {
    as_buf text;
    int64_t process, first;
    size_t n;
};

static as_code take_stored(void *ctx, int64_t process, const as_stored_call *call, as_err *err)
{
    struct stored *c = ctx;

    (void)err;
    assert_true(process >= c->process);
    c->process = process;
    print_call(&c->text, call->api, call->failed, call->repeated, call->evidence.begin,
               call->evidence.end);
    c->n++;
    return AS_OK;
}

/* The number of a process that was told twice stands for the other one. */
static uint32_t stands_for(const as_facts *f, uint32_t fact)
{
    const as_fact *there = as_facts_get(f, fact);

    return there->flags & AS_FACT_GONE ? as_fact_parent(f, there) : fact;
}

static void calls_come_back_in_order(void **state)
{
    place *p = *state;
    struct calls calls = {.n = 0};
    as_read_options options = {.on_call = take_call, .call_ctx = &calls};
    struct stored stored = {.n = 0};
    as_source *source = NULL;
    as_analysis *a = NULL;
    as_buf expected = {0};
    as_err err = {0};
    as_added added = add_file(p->s, CAPE_EXAMPLE);

    assert_int_equal(as_source_open(CAPE_EXAMPLE, NULL, &source, &err), AS_OK);
    assert_int_equal(as_analysis_read(source, &options, &a, &err), AS_OK);
    for (uint32_t fact = 0; fact < as_facts_count(a->facts); fact++) {
        for (size_t i = 0; i < calls.processes; i++) {
            if (stands_for(a->facts, calls.process[i]) == fact)
                as_buf_add(&expected, as_buf_bytes(&calls.of[i]));
        }
    }
    for (size_t i = 0; i < calls.processes; i++)
        as_buf_done(&calls.of[i]);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM calls WHERE process NOT IN (SELECT id FROM "
                               "fact WHERE kind = (SELECT id FROM word WHERE space = 0 AND text = "
                               "'process'))"),
                     0);
    assert_int_equal(as_store_calls(p->s, added.doc, take_stored, &stored, &err), AS_OK);
    assert_true(calls.n > 10);
    assert_int_equal(stored.n, calls.n);
    assert_int_equal(added.calls, a->calls);
    assert_int_equal(stored.text.n, expected.n);
    assert_memory_equal(stored.text.p, expected.p, expected.n);
    as_buf_done(&expected);
    as_buf_done(&stored.text);
    as_analysis_free(a);
    as_source_free(source);
}

static void put_calls(as_buf *b, unsigned n)
{
    as_buf_text(b,
                "{\"info\":{\"version\":\"2.4-CAPE\",\"id\":1,\"category\":\"file\"},\"target\":{"
                "\"category\":\"file\",\"file\":{\"name\":\"a.exe\",\"sha256\":\"" HASH_A "\"}},"
                "\"behavior\":{\"processes\":[{\"process_id\":100,\"process_name\":\"a.exe\","
                "\"parent_id\":4,\"module_path\":\"C:\\\\a.exe\",\"first_seen\":\"2024-01-01 "
                "00:00:00,000\",\"threads\":[\"1\"],\"calls\":[");
    for (unsigned i = 0; i < n; i++)
        as_buf_printf(b,
                      "%s{\"timestamp\":\"2024-01-01 00:00:%02u,%03u\",\"thread_id\":\"1\","
                      "\"caller\":\"0x%08x\",\"category\":\"c%u\",\"api\":\"NtFunction%u\","
                      "\"status\":%s,\"return\":\"0x%x\",\"arguments\":[{\"name\":\"Handle\","
                      "\"value\":\"0x%x\"}],\"repeated\":%u,\"id\":%u}",
                      i ? "," : "", i / 1000 % 60, i % 1000, i * 2654435761u, i % 9,
                      (i * 2654435761u >> 20) % 97, i % 11 ? "true" : "false", i % 3,
                      i * 40503u % 4096, i % 5 == 0 ? i % 40 : 0, i);
    as_buf_text(b, "]}]}}");
}

static void a_trace_of_67000_calls_takes_less_than_a_megabyte(void **state)
{
    place *p = *state;
    as_buf report = {0};
    struct stored stored = {.n = 0};
    as_err err = {0};
    int64_t bytes;
    as_added a;

    put_calls(&report, 67000);
    assert_false(report.failed);
    a = add_bytes(p->s, as_buf_bytes(&report));
    bytes = ask(p->s, "SELECT sum(length(data)) FROM calls");
    print_message("67000 calls of %zu bytes in %lld bytes\n", report.n, (long long)bytes);
    assert_true(bytes < 500000);
    assert_int_equal(as_store_calls(p->s, a.doc, take_stored, &stored, &err), AS_OK);
    assert_int_equal(stored.n, 67000);
    as_buf_done(&stored.text);
    as_buf_done(&report);
}

/* --- terms --------------------------------------------------------------------------------------
 */

static as_code keep_term(void *ctx, const as_term *term, as_err *err)
{
    as_term *keep = ctx;

    (void)err;
    *keep = *term;
    keep->norm = (as_bytes){0};
    return AS_OK;
}

static as_term term_of(as_store *s, as_term_type type, const char *norm)
{
    as_terms_query q = {.type = (int)type, .norm = as_bytes_of(norm)};
    as_term term = {0};
    as_err err = {0};

    if (as_store_terms(s, &q, keep_term, &term, &err))
        fail_msg("%s", err.msg);
    return term;
}

struct tallies {
    size_t n;
    int64_t samples[8];
    uint64_t facts[8];
};

static as_code take_tally(void *ctx, int64_t sample, uint64_t facts, int64_t first, as_err *err)
{
    struct tallies *t = ctx;

    (void)err;
    assert_true(t->n < AS_COUNT(t->samples) && first > 0);
    t->samples[t->n] = sample;
    t->facts[t->n++] = facts;
    return t->n == AS_COUNT(t->samples) ? AS_STORE_STOP : AS_OK;
}

static as_code count_row(void *ctx, const as_row *row, as_err *err)
{
    size_t *n = ctx;

    (void)row;
    (void)err;
    ++*n;
    return AS_OK;
}

static void terms_say_which_samples_share_a_thing(void **state)
{
    place *p = *state;
    char text[2048];
    const as_kind written = AS_KIND_FILE_WRITTEN;
    struct tallies tallies = {0};
    as_rows_query rows = {.kinds = &written, .n_kinds = 1};
    as_terms_query shared = {.type = AS_TERM_DOMAIN, .least = 2, .by_samples = true};
    as_term term;
    size_t n = 0;
    as_err err = {0};
    as_added a, b;

    a = add_text(p->s, report_of(text, sizeof(text), HASH_A, "", "a.exe",
                                 "C:\\\\Users\\\\x\\\\A.PS1", "Evil.Example.COM"));
    b = add_text(p->s, report_of(text, sizeof(text), HASH_B, "", "b.exe",
                                 "c:\\\\users\\\\X\\\\a.ps1", "evil.example.com"));
    assert_int_equal(term_of(p->s, AS_TERM_DOMAIN, "evil.example.com").samples, 2);
    assert_int_equal(term_of(p->s, AS_TERM_PATH, "c:\\users\\x\\a.ps1").samples, 2);
    assert_int_equal(term_of(p->s, AS_TERM_FILE, "a.ps1").samples, 2);
    assert_int_equal(term_of(p->s, AS_TERM_EXTENSION, "ps1").facts, 2);
    assert_int_equal(term_of(p->s, AS_TERM_IP, "198.51.100.7").samples, 2);
    assert_int_equal(term_of(p->s, AS_TERM_MUTEX, "m").samples, 2);
    assert_int_equal(term_of(p->s, AS_TERM_PROCESS, "a.exe").samples, 1);
    assert_int_equal(term_of(p->s, AS_TERM_HASH, HASH_B).samples, 1);
    assert_int_equal(term_of(p->s, AS_TERM_DOMAIN, "example.com").id, 0);
    term = term_of(p->s, AS_TERM_EXTENSION, "ps1");
    assert_int_equal(as_store_samples_of_term(p->s, term.id, take_tally, &tallies, &err), AS_OK);
    assert_int_equal(tallies.n, 2);
    assert_int_equal(tallies.samples[0], a.sample);
    assert_int_equal(tallies.samples[1], b.sample);
    rows.term = term.id;
    assert_int_equal(as_store_rows(p->s, &rows, count_row, &n, &err), AS_OK);
    assert_int_equal(n, 2);
    rows.sample = b.sample;
    n = 0;
    assert_int_equal(as_store_rows(p->s, &rows, count_row, &n, &err), AS_OK);
    assert_int_equal(n, 1);
    assert_int_equal(as_store_terms(p->s, &shared, keep_term, &term, &err), AS_OK);
    assert_int_equal(term.samples, 2);
    tallies.n = 0;
    assert_int_equal(as_store_samples_of_kinds(p->s, &written, 1, take_tally, &tallies, &err),
                     AS_OK);
    assert_int_equal(tallies.n, 2);
}

/* Within a batch, too, what is counted is what is there. */
static void terms_are_right_within_a_batch(void **state)
{
    place *p = *state;
    char text[2048];
    as_err err = {0};

    assert_int_equal(as_store_batch(p->s, &err), AS_OK);
    (void)add_text(p->s,
                   report_of(text, sizeof(text), HASH_A, "", "a", "C:\\\\1.ps1", "x.example"));
    assert_int_equal(term_of(p->s, AS_TERM_EXTENSION, "ps1").samples, 1);
    (void)add_text(p->s,
                   report_of(text, sizeof(text), HASH_B, "", "a", "C:\\\\2.ps1", "x.example"));
    (void)add_text(p->s,
                   report_of(text, sizeof(text), HASH_B, "", "a", "C:\\\\3.ps1", "x.example"));
    assert_int_equal(term_of(p->s, AS_TERM_EXTENSION, "ps1").samples, 2);
    assert_int_equal(term_of(p->s, AS_TERM_EXTENSION, "ps1").facts, 3);
    assert_int_equal(as_store_remove_document(p->s, 1, &err), AS_OK);
    (void)add_text(p->s, report_of(text, sizeof(text), "", MD5_A, "a", "C:\\\\4.ps1", "x.example"));
    assert_int_equal(as_store_commit(p->s, &err), AS_OK);
    assert_int_equal(term_of(p->s, AS_TERM_EXTENSION, "ps1").facts, 3);
    assert_counts_true(p->s);
}

static as_code count_term(void *ctx, as_term_type type, as_bytes norm, as_err *err)
{
    size_t *longest = ctx;

    (void)type;
    (void)err;
    *longest = norm.n > *longest ? norm.n : *longest;
    return AS_OK;
}

static void a_long_value_is_a_term_by_its_beginning_and_a_hash(void **state)
{
    place *p = *state;
    as_facts *f = as_facts_new(0);
    size_t longest = 0;
    as_err err = {0};
    as_draft d;
    as_buf text = {0};

    (void)p;
    as_buf_fill(&text, 'x', 100000);
    as_draft_init(&d, AS_KIND_COMMAND);
    assert_int_equal(as_draft_text(&d, f, AS_ATTR_COMMAND, AS_FORM_TEXT, as_buf_bytes(&text)),
                     AS_OK);
    d.evidence[d.n_evidence++] = (as_evidence){0, 1, 0, AS_STEP_NONE};
    assert_int_equal(as_facts_add(f, &d, NULL), AS_OK);
    assert_int_equal(as_terms_of(f, as_facts_get(f, 0), count_term, &longest, &err), AS_OK);
    assert_true(longest > 100 && longest <= 1024);
    as_facts_free(f);
    as_buf_done(&text);
}

/* --- passages ------------------------------------------------------------------------------------
 */

struct maker {
    size_t n;
    as_code fails;
};

static as_code make_chunks(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                           as_err *err)
{
    const struct maker *m = ctx;
    const uint32_t facts[] = {0, 1, 0};
    as_code rc = AS_OK;

    (void)a;
    for (size_t i = 0; !rc && i < m->n; i++) {
        as_chunk c = {.parent = i % 2 ? (int)i - 1 : -1,
                      .section = AS_SECTION_NETWORK,
                      .lang = 1,
                      .role = i % 2 ? AS_CHUNK_SUMMARY : AS_CHUNK_BASE,
                      .trust = 2,
                      .context = AS_LITERAL("context"),
                      .body = i % 2 ? AS_LITERAL("beacon 信标") : AS_LITERAL("talks to \"x\""),
                      .facts = facts,
                      .n_facts = AS_COUNT(facts)};

        c.uid[0] = (uint8_t)i;
        rc = put(sink, &c, err);
    }
    return rc ? rc : m->fails ? as_fail(err, m->fails, AS_NO_OFFSET, "no more words") : AS_OK;
}

static as_code see_chunk(void *ctx, const as_stored_chunk *c, as_err *err)
{
    int64_t *parent = ctx;

    (void)err;
    assert_true(as_bytes_is(c->context, "context"));
    assert_int_equal(c->section, AS_SECTION_NETWORK);
    assert_int_equal(c->lang, 1);
    assert_int_equal(c->trust, 2);
    assert_int_equal(c->n_evidence, 2);
    assert_true(as_bytes_is(c->tool, "Cuckoo"));
    *parent = c->parent;
    return AS_OK;
}

static void passages_are_kept_found_and_removed(void **state)
{
    static const char found[] = "SELECT count(*) FROM chunk_words WHERE chunk_words MATCH 'beacon'";
    place *p = *state;
    struct maker m = {.n = 4};
    as_store_add_options options = {.chunks = make_chunks, .chunks_ctx = &m};
    char text[2048];
    int64_t parent = -1;
    as_added a = {0};
    as_err err = {0};

    (void)report_of(text, sizeof(text), HASH_A, "", "a", "C:\\\\1", "one.example");
    assert_int_equal(try_add(p->s, as_bytes_of(text), &options, &a, &err), AS_OK);
    assert_int_equal(a.chunks, 4);
    assert_int_equal(ask(p->s, found), 2);
    assert_int_equal(as_store_chunk(p->s, 2, see_chunk, &parent, &err), AS_OK);
    assert_int_equal(parent, 1);
    assert_int_equal(as_store_chunk(p->s, 1, see_chunk, &parent, &err), AS_OK);
    assert_int_equal(parent, 0);
    assert_int_equal(as_store_chunk(p->s, 99, see_chunk, &parent, &err), AS_NOT_FOUND);
    assert_int_equal(as_store_remove_document(p->s, a.doc, &err), AS_OK);
    assert_int_equal(ask(p->s, found), 0);
    assert_int_equal(as_sql_run(p->s,
                                "INSERT INTO chunk_words(chunk_words, rank) "
                                "VALUES('integrity-check', 1)",
                                &err),
                     AS_OK);
}

/* A report that fails when half of it is stored leaves the rest of its batch as it was. */
static void a_late_failure_costs_a_batch_nothing_else(void **state)
{
    place *p = *state;
    struct maker m = {.n = 4};
    as_store_add_options options = {.chunks = make_chunks, .chunks_ctx = &m};
    char text[2048];
    as_added a = {0};
    as_err err = {0};
    as_buf before, after;

    (void)report_of(text, sizeof(text), HASH_A, "", "a", "C:\\\\1", "one.example");
    assert_int_equal(try_add(p->s, as_bytes_of(text), &options, &a, &err), AS_OK);
    (void)report_of(text, sizeof(text), "", MD5_A, "b", "C:\\\\9", "nine.example");
    assert_int_equal(try_add(p->s, as_bytes_of(text), &options, &a, &err), AS_OK);
    before = print_counts(p->s);
    assert_int_equal(as_store_batch(p->s, &err), AS_OK);
    m.fails = AS_LIMIT;
    /* It would join the two samples above. */
    (void)report_of(text, sizeof(text), HASH_A, MD5_A, "c", "C:\\\\2.js", "two.example");
    assert_int_equal(try_add(p->s, as_bytes_of(text), &options, &a, &err), AS_LIMIT);
    (void)report_of(text, sizeof(text), HASH_B, "", "d", "C:\\\\3", "three.example");
    assert_int_equal(try_add(p->s, as_bytes_of(text), &options, &a, &err), AS_LIMIT);
    assert_int_equal(as_store_commit(p->s, &err), AS_OK);
    after = print_counts(p->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_int_equal(count_blobs(p->s), 2);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM chunk"), 8);
    assert_int_equal(as_sql_run(p->s,
                                "INSERT INTO chunk_words(chunk_words, rank) "
                                "VALUES('integrity-check', 1)",
                                &err),
                     AS_OK);
    assert_counts_true(p->s);
    as_buf_done(&before);
    as_buf_done(&after);
}

/* --- the outline
 * ----------------------------------------------------------------------------------- */

static as_code keep_outline(void *ctx, const as_document *d, as_err *err)
{
    (void)err;
    as_buf_add(ctx, d->outline);
    return AS_OK;
}

static void the_outline_tells_what_a_report_has_room_for(void **state)
{
    place *p = *state;
    char text[2048];
    as_buf outline = {0};
    as_err err = {0};
    as_added a =
        add_text(p->s, report_of(text, sizeof(text), HASH_A, "", "a", "C:\\\\1", "one.example"));

    assert_int_equal(as_store_document(p->s, a.doc, keep_outline, &outline, &err), AS_OK);
    as_buf_byte(&outline, '\0');
    assert_string_equal((const char *)outline.p, "/info 6\n"
                                                 "/target/file 3\n"
                                                 "/target 2\n"
                                                 "/network/domains 1\n"
                                                 "/network/hosts 1\n"
                                                 "/network 2\n"
                                                 "/dropped 0\n"
                                                 "/behavior/processes 1\n"
                                                 "/behavior/summary 2\n"
                                                 "/behavior 2\n");
    assert_int_equal(as_store_document(p->s, 77, keep_outline, &outline, &err), AS_NOT_FOUND);
    as_buf_done(&outline);
}

/* --- anew ---------------------------------------------------------------------------------- */

static void a_document_read_anew_is_the_same_document(void **state)
{
    place *p = *state;
    as_buf log = {0}, before, after, rows, rows_after;
    as_err err = {0};
    as_added report, of_log;

    for (int i = 0; i < 200; i++)
        put_event(&log, i);
    report = add_file(p->s, CUCKOO_EXAMPLE);
    of_log = add_bytes(p->s, as_buf_bytes(&log));
    before = print_counts(p->s);
    rows = print_rows(p->s, of_log.doc);
    assert_int_equal(as_store_reindex(p->s, report.doc, NULL, &err), AS_OK);
    assert_int_equal(as_store_reindex(p->s, of_log.doc, NULL, &err), AS_OK);
    assert_int_equal(as_store_reindex(p->s, 99, NULL, &err), AS_NOT_FOUND);
    after = print_counts(p->s);
    rows_after = print_rows(p->s, of_log.doc);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_string_equal((const char *)rows_after.p, (const char *)rows.p);
    assert_int_equal(ask(p->s, "SELECT sample FROM document WHERE id = 1"), report.sample);
    assert_int_equal(ask(p->s, "SELECT sample FROM document WHERE id = 2"), of_log.sample);
    assert_counts_true(p->s);
    as_buf_done(&log);
    as_buf_done(&before);
    as_buf_done(&after);
    as_buf_done(&rows);
    as_buf_done(&rows_after);
}

static void stats_are_sums_of_what_is_there(void **state)
{
    place *p = *state;
    as_added a = add_file(p->s, CAPE_EXAMPLE), b = add_file(p->s, CUCKOO_EXAMPLE);
    as_store_stats stats = {0};
    as_err err = {0};

    assert_int_equal(as_store_stats_get(p->s, &stats, &err), AS_OK);
    assert_int_equal(stats.samples, 2);
    assert_int_equal(stats.documents, 2);
    assert_int_equal(stats.facts, a.facts + b.facts);
    assert_int_equal(stats.calls, a.calls + b.calls);
    assert_int_equal(stats.bytes, a.size + b.size);
    assert_true(stats.blob_bytes > 0 && stats.blob_bytes < stats.bytes);
    assert_true(stats.terms > 100 && stats.database_bytes > 8192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
        T(a_log_in_portions_is_the_same_as_in_one_piece),
        T(a_file_is_of_the_process_that_its_record_names),
        T(calls_come_back_in_order),
        T(a_trace_of_67000_calls_takes_less_than_a_megabyte),
        T(terms_say_which_samples_share_a_thing),
        T(terms_are_right_within_a_batch),
        T(a_long_value_is_a_term_by_its_beginning_and_a_hash),
        T(passages_are_kept_found_and_removed),
        T(a_late_failure_costs_a_batch_nothing_else),
        T(the_outline_tells_what_a_report_has_room_for),
        T(a_document_read_anew_is_the_same_document),
        T(stats_are_sums_of_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
