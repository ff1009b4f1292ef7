/*
 * What is put into a store comes out of it: rows are the facts of the analysis, the same
 * input twice is one, nothing is left of what is removed, samples join and part by hashes.
 */
#include "unit/store/stores.h"

#include <inttypes.h>

#include "base/banned.h"

/* --- rows are facts ---------------------------------------------------------------------- */

struct compare {
    const as_facts *f;
    size_t at;    /* next fact to be met */
    int64_t *ids; /* rows by fact */
    uint32_t *parents;
    size_t n;
    int64_t first;
};

static size_t next_fact(const as_facts *f, size_t at)
{
    while (at < as_facts_count(f) && (as_facts_get(f, at)->flags & AS_FACT_GONE))
        at++;
    return at;
}

static void assert_attrs(const as_facts *f, const as_fact *fact, const as_row *row)
{
    const as_attr *a = as_fact_attrs(f, fact);
    const as_evidence *e = as_fact_evidence(f, fact);
    as_heirloom taken[AS_HEIRLOOMS];
    as_value ident;
    size_t n = 0;

    assert_int_equal(row->kind, fact->kind);
    for (unsigned i = 0; i < AS_HEIRLOOMS; i++)
        n += as_fact_inherits(f, fact, i, &taken[n]);
    assert_int_equal(row->n_attrs, fact->n_attrs + n);
    for (size_t i = 0; i < fact->n_attrs; i++) {
        assert_int_equal(row->attrs[i].name, a[i].name);
        assert_int_equal(row->attrs[i].form, a[i].form);
        assert_true(as_bytes_eq(row->attrs[i].text, as_facts_text(f, a[i].str)));
    }
    for (size_t i = 0; i < n; i++) { /* and behind them what it takes from those above it */
        const as_row_attr *attr = &row->attrs[fact->n_attrs + i];
        const as_range *r = &row->evidence[fact->n_evidence + i];

        assert_int_equal(attr->name, taken[i].name);
        assert_true(as_bytes_eq(attr->text, taken[i].value.text));
        assert_int_equal(r->begin, taken[i].evidence->begin);
    }
    assert_int_equal(row->n_evidence, fact->n_evidence + n);
    for (size_t i = 0; i < fact->n_evidence; i++) {
        assert_int_equal(row->evidence[i].begin, e[i].begin);
        assert_int_equal(row->evidence[i].end, e[i].end);
    }
    if (as_fact_attr(f, fact, as_kind_get((as_kind)fact->kind)->ident, &ident))
        assert_true(as_bytes_eq(row->value, ident.text));
}

static as_code compare_row(void *ctx, const as_row *row, as_err *err)
{
    struct compare *c = ctx;
    size_t at = next_fact(c->f, c->at);

    (void)err;
    assert_true(at < as_facts_count(c->f));
    assert_attrs(c->f, as_facts_get(c->f, at), row);
    c->ids[at] = row->id;
    assert_int_equal(row->id, c->first + (int64_t)c->n);
    c->n++;
    c->at = at + 1;
    return AS_OK;
}

static int64_t id_of(const struct compare *c, uint32_t fact)
{
    return fact == AS_NO_FACT ? 0 : c->ids[fact];
}

/* Parents may come later than their parts, so they are looked at when all rows are known. */
static as_code compare_links(void *ctx, const as_row *row, as_err *err)
{
    struct compare *c = ctx;
    uint32_t fact = 0;

    (void)err;
    while (c->ids[fact] != row->id)
        fact++;
    assert_int_equal(row->parent, id_of(c, as_fact_parent(c->f, as_facts_get(c->f, fact))));
    assert_int_equal(row->run, id_of(c, as_fact_run(c->f, fact)));
    if (row->kind == AS_KIND_PROCESS)
        assert_int_equal(row->process, row->id);
    return AS_OK;
}

static void rows_are_facts_of(as_store *s, const char *path)
{
    as_source *source = NULL;
    as_analysis *a = NULL;
    as_rows_query q = {0};
    struct compare c = {0};
    as_err err = {0};
    as_added added;

    if (as_source_open(path, NULL, &source, &err) || as_analysis_read(source, NULL, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    as_source_free(source);
    added = add_file(s, path);
    c.f = a->facts;
    c.ids = as_mem_zero(as_facts_count(a->facts), sizeof(*c.ids));
    c.first = ask(s, "SELECT first_fact FROM document ORDER BY id DESC LIMIT 1");
    assert_non_null(c.ids);
    q.doc = added.doc;
    assert_int_equal(as_store_rows(s, &q, compare_row, &c, &err), AS_OK);
    assert_int_equal(next_fact(a->facts, c.at), as_facts_count(a->facts));
    assert_int_equal(c.n, added.facts);
    assert_memory_equal(added.sha256, a->sha256, AS_SHA256_SIZE);
    if (c.n < 5000)
        assert_int_equal(as_store_rows(s, &q, compare_links, &c, &err), AS_OK);
    as_mem_free(c.ids);
    as_analysis_free(a);
}

static bool ends_with(const char *name, const char *tail)
{
    size_t n = strlen(name), k = strlen(tail);

    return n >= k && !strcmp(name + n - k, tail);
}

static void rows_are_the_facts_of_the_analysis(void **state)
{
    place *p = *state;
    DIR *folder = opendir("tests/golden/formats");
    size_t n = 0;

    assert_non_null(folder);
    rows_are_facts_of(p->s, CAPE_EXAMPLE);
    rows_are_facts_of(p->s, CUCKOO_EXAMPLE);
    for (struct dirent *e; (e = readdir(folder));) {
        char path[300];

        if (!ends_with(e->d_name, ".json") || strstr(e->d_name, "(fail)") ||
            strstr(e->d_name, "(limit)"))
            continue;
        (void)snprintf(path, sizeof(path), "tests/golden/formats/%s", e->d_name);
        rows_are_facts_of(p->s, path);
        n++;
    }
    (void)closedir(folder);
    assert_true(n > 50);
    assert_counts_true(p->s);
}

/* --- documents and samples -------------------------------------------------------------------- */

struct seen {
    size_t n;
    int64_t id;
    char name[64], sha256[65], type[16];
    uint64_t docs, facts;
};

static void keep_text(char *dst, size_t cap, as_bytes text)
{
    assert_true(text.n < cap);
    if (text.n)
        memcpy(dst, text.p, text.n);
    dst[text.n] = '\0';
}

static as_code see_sample(void *ctx, const as_sample *sample, as_err *err)
{
    struct seen *seen = ctx;

    (void)err;
    seen->n++;
    seen->id = sample->id;
    seen->docs = sample->docs;
    seen->facts = sample->facts;
    keep_text(seen->name, sizeof(seen->name), sample->name);
    keep_text(seen->sha256, sizeof(seen->sha256), sample->sha256);
    keep_text(seen->type, sizeof(seen->type), sample->type);
    return AS_OK;
}

static struct seen find(as_store *s, const char *named)
{
    as_samples_query q = {.named = as_bytes_of(named)};
    struct seen seen = {0};
    as_err err = {0};

    if (as_store_samples(s, &q, see_sample, &seen, &err))
        fail_msg("%s", err.msg);
    return seen;
}

static void the_same_input_twice_is_one_document(void **state)
{
    place *p = *state;
    as_added first = add_file(p->s, CUCKOO_EXAMPLE), again;

    assert_false(first.was_there);
    again = add_file(p->s, CUCKOO_EXAMPLE);
    assert_true(again.was_there);
    assert_int_equal(again.doc, first.doc);
    assert_int_equal(again.sample, first.sample);
    assert_int_equal(again.facts, first.facts);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 1);
    assert_int_equal(count_blobs(p->s), 1);
}

static void a_sample_is_found_by_hash_prefix_name_and_number(void **state)
{
    place *p = *state;
    char text[2048];
    as_added a = add_text(p->s, report_of(text, sizeof(text), HASH_A, MD5_A, "Rechnung.EXE",
                                          "C:\\\\a.ps1", "evil.example.com"));
    const char *const names[] = {HASH_A,         MD5_A,          "aaaaaa",  "AAAAAAAA",
                                 "rechnung.exe", "RECHNUNG.exe", "0123456", "#1"};
    const char *const others[] = {HASH_B, "bbbbbb", "aaaaa", "rechnung", "#2", "#", ""};

    (void)add_text(p->s, report_of(text, sizeof(text), "", "", "other", "C:\\\\b", "x.example"));
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        struct seen seen = find(p->s, names[i]);

        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.id, a.sample);
        assert_string_equal(seen.name, "Rechnung.EXE");
        assert_string_equal(seen.type, "file");
    }
    for (size_t i = 0; i < AS_COUNT(others) - 2; i++)
        assert_int_not_equal(find(p->s, others[i]).id, a.sample);
    assert_int_equal(find(p->s, "").n, 2);
}

static void a_report_that_knows_both_hashes_joins_two_samples(void **state)
{
    place *p = *state;
    char text[2048];
    as_added a, b, both;

    a = add_text(p->s, report_of(text, sizeof(text), HASH_A, "", "a", "C:\\\\1", "one.example"));
    b = add_text(p->s, report_of(text, sizeof(text), "", MD5_A, "b", "C:\\\\2", "one.example"));
    assert_int_not_equal(a.sample, b.sample);
    assert_counts_true(p->s);
    both =
        add_text(p->s, report_of(text, sizeof(text), HASH_A, MD5_A, "c", "C:\\\\3", "x.example"));
    assert_int_equal(both.sample, a.sample);
    assert_int_equal(find(p->s, "").n, 1);
    assert_int_equal(find(p->s, MD5_A).docs, 3);
    assert_string_equal(find(p->s, MD5_A).sha256, HASH_A);
    assert_int_equal(find(p->s, "b").id, a.sample);
    assert_counts_true(p->s);
}

static void what_joined_two_samples_parts_them_when_it_goes(void **state)
{
    place *p = *state;
    char text[2048];
    as_err err = {0};
    as_buf before, after;
    as_added both;

    (void)add_text(p->s, report_of(text, sizeof(text), HASH_A, "", "a", "C:\\\\1", "one.example"));
    (void)add_text(p->s, report_of(text, sizeof(text), "", MD5_A, "b", "C:\\\\2", "one.example"));
    before = print_counts(p->s);
    both =
        add_text(p->s, report_of(text, sizeof(text), HASH_A, MD5_A, "c", "C:\\\\3", "x.example"));
    assert_int_equal(as_store_remove_document(p->s, both.doc, &err), AS_OK);
    after = print_counts(p->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_int_equal(find(p->s, "").n, 2);
    assert_int_not_equal(find(p->s, HASH_A).id, find(p->s, MD5_A).id);
    assert_counts_true(p->s);
    as_buf_done(&before);
    as_buf_done(&after);
}

static void a_weaker_hash_does_not_join_what_a_stronger_one_parts(void **state)
{
    place *p = *state;
    char text[2048];
    as_added a, b;

    a = add_text(p->s, report_of(text, sizeof(text), HASH_A, MD5_A, "a", "C:\\\\1", "one.example"));
    b = add_text(p->s, report_of(text, sizeof(text), HASH_B, MD5_A, "b", "C:\\\\2", "one.example"));
    assert_int_not_equal(a.sample, b.sample);
    /* This one may be of either; it never joins the two. */
    (void)add_text(p->s, report_of(text, sizeof(text), "", MD5_A, "c", "C:\\\\3", "one.example"));
    assert_int_equal(find(p->s, "").n, 2);
    assert_counts_true(p->s);
}

static as_added add_named(as_store *s, const char *name, const char *text)
{
    as_source *source = NULL;
    as_added added = {0};
    as_err err = {0};

    if (as_source_open_bytes(as_bytes_of(text), NULL, &source, &err) ||
        as_source_rename(source, name, &err) || as_store_add(s, source, NULL, &added, &err))
        fail_msg("%s", err.msg);
    as_source_free(source);
    return added;
}

static void a_log_in_an_archive_is_found_by_the_name_of_either(void **state)
{
    place *p = *state;
    char text[2048];
    as_added a, b;

    a = add_named(p->s, "/x/y/Logs.zip!d/one.json",
                  report_of(text, sizeof(text), "", "", "a", "C:\\\\1", "one.example"));
    b = add_named(p->s, "/x/y/Logs.zip!two.json",
                  report_of(text, sizeof(text), "", "", "b", "C:\\\\2", "one.example"));
    assert_int_equal(find(p->s, "ONE.json").id, a.sample);
    assert_int_equal(find(p->s, "two.json").id, b.sample);
    assert_int_equal(find(p->s, "logs.zip!two.json").id, b.sample);
    assert_int_equal(find(p->s, "logs.zip").n, 2);
    assert_int_equal(find(p->s, "y").n, 0);
}

static void a_name_joins_nothing(void **state)
{
    place *p = *state;
    char text[2048];

    (void)add_text(p->s, report_of(text, sizeof(text), "", "", "a", "C:\\\\1", "one.example"));
    (void)add_text(p->s, report_of(text, sizeof(text), "", "", "a", "C:\\\\2", "one.example"));
    assert_int_equal(find(p->s, "a").n, 2);
}

/* --- removing
 * -------------------------------------------------------------------------------------- */

static void nothing_is_left_of_what_is_removed(void **state)
{
    place *p = *state;
    as_err err = {0};
    as_buf before, after;
    as_added a;

    (void)add_file(p->s, CAPE_EXAMPLE);
    before = print_counts(p->s);
    a = add_file(p->s, CUCKOO_EXAMPLE);
    assert_int_equal(count_blobs(p->s), 2);
    assert_int_equal(as_store_remove_sample(p->s, a.sample, &err), AS_OK);
    after = print_counts(p->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_int_equal(count_blobs(p->s), 1);
    assert_counts_true(p->s);
    assert_int_equal(as_store_remove_sample(p->s, a.sample, &err), AS_NOT_FOUND);
    assert_int_equal(as_store_remove_document(p->s, a.doc, &err), AS_NOT_FOUND);
    as_buf_done(&before);
    as_buf_done(&after);
}

static void what_was_removed_can_come_again(void **state)
{
    place *p = *state;
    as_err err = {0};
    as_buf before, after;
    as_added a;

    a = add_file(p->s, CUCKOO_EXAMPLE);
    before = print_counts(p->s);
    assert_int_equal(as_store_batch(p->s, &err), AS_OK);
    assert_int_equal(as_store_remove_document(p->s, a.doc, &err), AS_OK);
    a = add_file(p->s, CUCKOO_EXAMPLE);
    assert_int_equal(as_store_commit(p->s, &err), AS_OK);
    assert_false(a.was_there);
    after = print_counts(p->s);
    assert_string_equal((const char *)after.p, (const char *)before.p);
    assert_int_equal(count_blobs(p->s), 1);
    as_buf_done(&before);
    as_buf_done(&after);
}

/* --- batches and failures
 * ------------------------------------------------------------------------- */

static void what_is_no_report_leaves_nothing_behind(void **state)
{
    place *p = *state;
    as_added added = {0};
    as_err err = {0};

    assert_int_equal(try_add(p->s, AS_LITERAL("{\"a\":1}"), NULL, &added, &err), AS_UNKNOWN);
    assert_int_equal(try_add(p->s, AS_LITERAL("{\"info\":{\"vers"), NULL, &added, &err),
                     AS_INVALID);
    assert_int_equal(added.doc, 0);
    assert_int_equal(count_blobs(p->s), 0);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM sample"), 0);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM fact"), 0);
}

static void a_bad_input_costs_a_batch_nothing_else(void **state)
{
    place *p = *state;
    as_added added = {0};
    as_err err = {0};

    assert_int_equal(as_store_batch(p->s, &err), AS_OK);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    assert_int_equal(try_add(p->s, AS_LITERAL("{\"info\":{\"vers"), NULL, &added, &err),
                     AS_INVALID);
    (void)add_file(p->s, CAPE_EXAMPLE);
    assert_int_equal(as_store_commit(p->s, &err), AS_OK);
    reopen_place(p, AS_STORE_READ);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 2);
    assert_int_equal(count_blobs(p->s), 2);
    assert_counts_true(p->s);
}

static void a_batch_that_is_not_committed_was_never_there(void **state)
{
    place *p = *state;
    as_err err = {0};

    assert_int_equal(as_store_batch(p->s, &err), AS_OK);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    reopen_place(p, AS_STORE_WRITE);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 0);
    assert_int_equal(count_blobs(p->s), 0);
}

static void a_reader_sees_what_was_committed_and_writes_nothing(void **state)
{
    place *p = *state, reader = *p;
    as_added added = {0};
    as_err err = {0};

    open_place(&reader, AS_STORE_READ);
    assert_int_equal(ask(reader.s, "SELECT count(*) FROM document"), 0);
    (void)add_file(p->s, CUCKOO_EXAMPLE);
    assert_int_equal(ask(reader.s, "SELECT count(*) FROM document"), 1);
    assert_int_equal(try_add(reader.s, AS_LITERAL("{}"), NULL, &added, &err), AS_USAGE);
    close_place(&reader);
}

/* Each allocation of an addition fails in turn; afterwards it succeeds as if nothing had been. */
static void an_addition_without_memory_leaves_nothing_behind(void **state)
{
    place *p = *state;
    char text[2048];
    as_added added = {0};
    as_err err = {0};
    as_code rc = AS_NOMEM;
    size_t failed = 0;
    uint64_t from = as_mem_count(), step;
    as_added first;

    (void)report_of(text, sizeof(text), HASH_A, MD5_A, "a.exe", "C:\\\\1.ps1", "one.example");
    first = add_text(p->s, text);
    step = 1 + (as_mem_count() - from) / 150;
    assert_int_equal(as_store_remove_document(p->s, first.doc, &err), AS_OK);
    for (uint64_t n = 1; rc; n += step) {
        as_mem_fail_at(n);
        rc = try_add(p->s, as_bytes_of(text), NULL, &added, &err);
        as_mem_fail_at(0);
        assert_true(!rc || rc == AS_NOMEM);
        if (!rc)
            break;
        failed++;
        assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 0);
        assert_int_equal(ask(p->s, "SELECT count(*) FROM term"), 0);
        assert_int_equal(count_blobs(p->s), 0);
    }
    assert_true(failed > 20);
    assert_int_equal(ask(p->s, "SELECT count(*) FROM document"), 1);
    assert_counts_true(p->s);
}

static void opening_without_memory_fails_and_holds_nothing(void **state)
{
    place *p = *state;
    as_err err = {0};
    as_code rc = AS_NOMEM;
    size_t failed = 0;

    close_place(p);
    for (uint64_t n = 1; rc; n++) {
        as_mem_fail_at(n);
        rc = as_store_open_within(p->home, AS_STORE_WRITE, 0, &p->s, &err);
        as_mem_fail_at(0);
        assert_true(!rc || rc == AS_NOMEM);
        failed += rc != AS_OK;
    }
    assert_true(failed > 3);
}

/* --- texts of an attacker
 * ------------------------------------------------------------------------- */

static as_code see_written(void *ctx, const as_row *row, as_err *err)
{
    as_buf *out = ctx;

    (void)err;
    as_buf_add(out, row->value);
    return AS_OK;
}

static void bytes_come_back_as_they_were(void **state)
{
    static const char path[] = "C:\\\\a'; DROP TABLE fact;--\\u0000\\ud800\\u202e\\\\x\\u4e2d.ps1";
    static const char told[] =
        "C:\\a'; DROP TABLE fact;--\0\xef\xbf\xbd\xe2\x80\xae\\x\xe4\xb8\xad.ps1";
    place *p = *state;
    char text[2048];
    as_kind kind = AS_KIND_FILE_WRITTEN;
    as_rows_query q = {.kinds = &kind, .n_kinds = 1};
    as_terms_query terms = {.type = AS_TERM_EXTENSION, .norm = AS_LITERAL("ps1")};
    as_buf out = {0};
    as_err err = {0};

    (void)add_text(p->s, report_of(text, sizeof(text), HASH_A, "", "%s%n'\\\"", path, "x.example"));
    assert_int_equal(as_store_rows(p->s, &q, see_written, &out, &err), AS_OK);
    assert_int_equal(out.n, sizeof(told) - 1);
    assert_memory_equal(out.p, told, out.n);
    as_buf_reset(&out);
    assert_int_equal(as_store_terms(p->s, &terms, print_term, &out, &err), AS_OK);
    as_buf_byte(&out, '\0');
    assert_string_equal((const char *)out.p, "extension ps1 1 1\n");
    assert_int_equal(find(p->s, "%S%N'\"").n, 1);
    as_buf_done(&out);
}

/* --- every way to the same rows ------------------------------------------------------------------
 */

struct picked {
    const as_rows_query *q;
    bool all; /* take those that the query asks for out of all rows */
    as_buf ids;
};

static as_code pick_row(void *ctx, const as_row *row, as_err *err)
{
    struct picked *p = ctx;
    const as_rows_query *q = p->q;
    bool kind = q->n_kinds == 0;

    (void)err;
    for (size_t i = 0; i < q->n_kinds; i++)
        kind = kind || q->kinds[i] == row->kind;
    if (!p->all ||
        (kind && (!q->id || q->id == row->id) && (!q->sample || q->sample == row->sample) &&
         (!q->doc || q->doc == row->doc) && (!q->parent || q->parent == row->parent) &&
         (!q->process || q->process == row->process)))
        as_buf_printf(&p->ids, "%lld ", (long long)row->id);
    return AS_OK;
}

/* Whatever a query combines, it gives the rows that looking at all of them gives. */
static void every_combination_of_conditions_gives_its_rows(void **state)
{
    static const as_kind kinds[] = {AS_KIND_FILE_WRITTEN, AS_KIND_PROCESS, AS_KIND_API_USE};
    const as_rows_query everything = {0};
    place *p = *state;
    as_added a = add_file(p->s, CAPE_EXAMPLE), b = add_file(p->s, CUCKOO_EXAMPLE);
    int64_t process = ask(p->s, "SELECT process FROM fact WHERE doc = 2 AND process IS NOT NULL "
                                "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
            parent = ask(p->s, "SELECT parent FROM fact WHERE process = "
                               "(SELECT max(process) FROM fact) AND parent IS NOT NULL LIMIT 1");
    size_t met = 0;
    as_err err = {0};

    assert_true(process > 0 && parent > 0 && a.doc != b.doc);
    for (unsigned bits = 0; bits < 64; bits++) {
        as_rows_query q = {.sample = bits & 1 ? b.sample : 0,
                           .doc = bits & 2 ? b.doc : 0,
                           .parent = bits & 4 ? parent : 0,
                           .process = bits & 8 ? process : 0,
                           .kinds = kinds,
                           .n_kinds = bits & 16 ? AS_COUNT(kinds) : 0,
                           .id = bits & 32 ? process : 0};
        struct picked told = {.q = &q}, expected = {.q = &q, .all = true};

        assert_int_equal(as_store_rows(p->s, &q, pick_row, &told, &err), AS_OK);
        assert_int_equal(as_store_rows(p->s, &everything, pick_row, &expected, &err), AS_OK);
        assert_int_equal(told.ids.n, expected.ids.n);
        if (told.ids.n)
            assert_memory_equal(told.ids.p, expected.ids.p, told.ids.n);
        met += told.ids.n > 0;
        as_buf_done(&told.ids);
        as_buf_done(&expected.ids);
    }
    assert_true(met > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
        T(rows_are_the_facts_of_the_analysis),
        T(the_same_input_twice_is_one_document),
        T(a_sample_is_found_by_hash_prefix_name_and_number),
        T(a_report_that_knows_both_hashes_joins_two_samples),
        T(what_joined_two_samples_parts_them_when_it_goes),
        T(a_weaker_hash_does_not_join_what_a_stronger_one_parts),
        T(a_log_in_an_archive_is_found_by_the_name_of_either),
        T(a_name_joins_nothing),
        T(nothing_is_left_of_what_is_removed),
        T(what_was_removed_can_come_again),
        T(what_is_no_report_leaves_nothing_behind),
        T(a_bad_input_costs_a_batch_nothing_else),
        T(a_batch_that_is_not_committed_was_never_there),
        T(a_reader_sees_what_was_committed_and_writes_nothing),
        T(an_addition_without_memory_leaves_nothing_behind),
        T(opening_without_memory_fails_and_holds_nothing),
        T(bytes_come_back_as_they_were),
        T(every_combination_of_conditions_gives_its_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
