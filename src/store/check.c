#include "store/check_priv.h"
#include "store/ioc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * What is wrong with a store, and mending it. The blobs are what was given; everything else
 * was made from them and can be made again: counts from rows, rows from blobs, and if the
 * database itself is beyond reading, all of it.
 */

as_code as_check_say(as_checker *c, bool repaired, as_err *err, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    c->summary.found++;
    c->summary.repaired += repaired;
    return c->options->on_finding ? c->options->on_finding(c->options->ctx, text, repaired, err)
                                  : AS_OK;
}

/* --- the database's own structure ----------------------------------------------------------- */

/* Lines of a pragma that finds fault; the first becomes `first` (cap bytes). */
static as_code faults(as_checker *c, const char *sql, const char *fine, size_t *ret_n, char *first,
                      size_t cap)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(c->s, sql, &st, NULL);

    *ret_n = 0;
    while (!rc && !(rc = as_sql_step(c->s, st, &row, NULL)) && row) {
        as_bytes text = as_column_bytes(st, 0);

        if (fine && as_bytes_is(text, fine))
            continue;
        if ((*ret_n)++ == 0)
            (void)as_bytes_show(text, first, cap);
    }
    as_sql_put(c->s, st);
    return rc;
}

static as_code check_structure(as_checker *c, bool *ret_lost, as_err *err)
{
    static const char sql[] = "PRAGMA integrity_check(100)";
    char text[160] = "it cannot be read";
    size_t n = 0;
    as_code rc = faults(c, sql, "ok", &n, text, sizeof(text));

    *ret_lost = false;
    if (rc == AS_NOMEM)
        return as_fail_nomem(err, "checking a store");
    if (!rc && n == 0)
        return AS_OK;
    if (c->options->repair && !rc) {
        char again[160];

        rc = as_sql_run(c->s, "REINDEX", NULL);
        if (!rc)
            rc = faults(c, sql, "ok", &n, again, sizeof(again));
        *ret_lost = rc || n > 0;
    } else {
        *ret_lost = true;
    }
    if (*ret_lost)
        return c->options->repair
                   ? AS_OK /* said when it is made again */
                   : as_check_say(c, false, err, "the database is damaged: %s", text);
    return as_check_say(c, true, err, "an index of the database was wrong: %s", text);
}

/* --- what tables say of each other ---------------------------------------------------------- */

static const struct {
    const char *what, *sql; /* counts what is wrong */
} counts[] = {
    {"terms count other facts than they have",
     "SELECT count(*) FROM term t WHERE facts IS NOT (SELECT sum(facts) FROM posting WHERE term = "
     "t.id)"},
    {"terms count other samples than they have",
     "SELECT count(*) FROM term t WHERE samples IS NOT (SELECT count(DISTINCT sample) FROM posting "
     "WHERE term = t.id)"},
    {"facts of a term have no term",
     "SELECT count(*) FROM posting WHERE term NOT IN (SELECT id FROM term)"},
    {"counts of kinds differ from the facts",
     "SELECT count(*) FROM (SELECT kind, sample, facts, first FROM sample_kind EXCEPT SELECT kind, "
     "sample, count(*), min(id) FROM fact GROUP BY kind, sample)"},
    {"counts of kinds are missing",
     "SELECT count(*) FROM (SELECT kind, sample FROM fact EXCEPT SELECT kind, sample FROM "
     "sample_kind)"},
    {"totals of kinds differ from the samples",
     "SELECT count(*) FROM (SELECT kind, facts, samples FROM kind_total EXCEPT SELECT kind, "
     "sum(facts), count(*) FROM sample_kind GROUP BY kind)"},
    {"totals of kinds are missing",
     "SELECT count(*) FROM (SELECT kind FROM sample_kind EXCEPT SELECT kind FROM kind_total)"},
    {"samples count other documents or facts than they have",
     "SELECT count(*) FROM sample s WHERE docs IS NOT (SELECT count(*) FROM document WHERE sample "
     "= s.id) OR facts IS NOT (SELECT sum(facts) FROM document WHERE sample = s.id)"},
    {"rows are of another sample than their document",
     "SELECT (SELECT count(*) FROM fact f WHERE sample IS NOT (SELECT sample FROM document WHERE "
     "id "
     "= f.doc)) + (SELECT count(*) FROM posting p WHERE sample IS NOT (SELECT sample FROM document "
     "WHERE id = p.doc)) + (SELECT count(*) FROM chunk k WHERE sample IS NOT (SELECT sample FROM "
     "document WHERE id = k.doc))"},
};

/* From rows to counts, in this order. */
static const char *const recount[] = {
    "DELETE FROM fact WHERE doc NOT IN (SELECT id FROM document)",
    "DELETE FROM posting WHERE doc NOT IN (SELECT id FROM document) OR term NOT IN (SELECT id FROM "
    "term)",
    "DELETE FROM chunk WHERE doc NOT IN (SELECT id FROM document)",
    "UPDATE fact SET sample = (SELECT sample FROM document WHERE id = doc) WHERE sample <> (SELECT "
    "sample FROM document WHERE id = doc)",
    "UPDATE posting SET sample = (SELECT sample FROM document WHERE id = doc) WHERE sample <> "
    "(SELECT sample FROM document WHERE id = doc)",
    "UPDATE chunk SET sample = (SELECT sample FROM document WHERE id = doc) WHERE sample <> "
    "(SELECT sample FROM document WHERE id = doc)",
    "DELETE FROM term WHERE id NOT IN (SELECT term FROM posting)",
    "UPDATE term SET facts = (SELECT sum(facts) FROM posting WHERE term = term.id), samples = "
    "(SELECT count(DISTINCT sample) FROM posting WHERE term = term.id)",
    "DELETE FROM sample_kind",
    "INSERT INTO sample_kind(kind, sample, facts, first) SELECT kind, sample, count(*), min(id) "
    "FROM fact GROUP BY kind, sample",
    "DELETE FROM kind_total",
    "INSERT INTO kind_total(kind, facts, samples) SELECT kind, sum(facts), count(*) FROM "
    "sample_kind GROUP BY kind",
};

as_code as_check_recount(as_checker *c, as_err *err)
{
    int64_t id = 0;
    as_code rc = as_sql_all(c->s, recount, AS_COUNT(recount), NULL, 0, err);

    while (!rc) {
        int64_t before = id;

        rc = as_sql_int(c->s, "SELECT min(id) FROM sample WHERE id > ?1", &before, 1, &id, err);
        if (rc || id == 0)
            break;
        rc = as_sample_refresh(c->s, id, err);
    }
    return rc;
}

static as_code check_counts(as_checker *c, as_err *err)
{
    int64_t wrong[AS_COUNT(counts)] = {0}, sum = 0;
    bool repair;
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < AS_COUNT(counts); i++) {
        rc = as_sql_int(c->s, counts[i].sql, NULL, 0, &wrong[i], err);
        sum += wrong[i];
    }
    repair = !rc && sum > 0 && c->options->repair;
    if (repair)
        rc = as_check_recount(c, err);
    for (size_t i = 0; !rc && i < AS_COUNT(counts); i++) {
        if (wrong[i])
            rc = as_check_say(c, repair, err, "%lld %s", (long long)wrong[i], counts[i].what);
    }
    return rc;
}

/* --- the full-text index -------------------------------------------------------------------- */

static as_code check_words(as_checker *c, as_err *err)
{
    bool repaired = false;
    as_code rc;

    if (!c->s->write)
        return AS_OK; /* asking it is a write */
    rc = as_sql_run(c->s, "INSERT INTO chunk_words(chunk_words, rank) VALUES('integrity-check', 1)",
                    NULL);
    if (!rc)
        return AS_OK;
    if (rc != AS_INVALID)
        return as_sql_fail(c->s, sqlite3_errcode(c->s->db), err);
    if (c->options->repair) {
        rc = as_sql_run(c->s, "INSERT INTO chunk_words(chunk_words) VALUES('rebuild')", err);
        repaired = !rc;
    }
    return c->options->repair && !repaired
               ? rc
               : as_check_say(c, repaired, err, "the index of words differs from the passages");
}

/* --- documents ------------------------------------------------------------------------------ */

struct row_check {
    uint64_t size, n;
    bool bad;
};

static as_code look_at_row(void *ctx, const as_row *row, as_err *err)
{
    struct row_check *k = ctx;

    (void)err;
    k->n++;
    for (size_t i = 0; i < row->n_evidence; i++)
        k->bad = k->bad || row->evidence[i].end > k->size;
    return AS_OK;
}

static as_code look_at_call(void *ctx, int64_t process, const as_stored_call *call, as_err *err)
{
    struct row_check *k = ctx;

    (void)process;
    (void)err;
    k->bad = k->bad || call->evidence.end > k->size;
    return AS_OK;
}

/* Whether all rows of the document can be read and are where its own row says. */
static as_code rows_are_fine(as_checker *c, const as_check_doc *d, bool *ret, as_err *err)
{
    static const char ranges[] = "SELECT count(*) FROM posting p JOIN document d ON d.id = p.doc "
                                 "WHERE p.doc = ?1 AND (first "
                                 "< first_fact OR first > last_fact)";
    as_rows_query q = {.doc = d->id};
    struct row_check k = {.size = d->size};
    int64_t astray = 0;
    as_code rc = as_store_rows(c->s, &q, look_at_row, &k, err);

    if (!rc)
        rc = as_store_calls(c->s, d->id, look_at_call, &k, err);
    if (!rc)
        rc = as_sql_int(c->s, ranges, &d->id, 1, &astray, err);
    *ret = !rc && !k.bad && k.n == d->facts && astray == 0;
    return rc == AS_INVALID ? AS_OK : rc;
}

/* Facts are not looked for by the range of their ids: that may be what is wrong. */
static as_code make_rows_anew(as_checker *c, int64_t doc, as_err *err)
{
    bool own;
    as_code rc = as_txn_begin(c->s, &own, err);

    if (rc)
        return rc;
    rc = as_sql_int(c->s, "DELETE FROM fact WHERE doc = ?1", &doc, 1, NULL, err);
    if (!rc)
        rc = as_store_reindex(c->s, doc, c->options->add, err);
    return as_txn_end(c->s, own, rc, err);
}

static as_code check_rows(as_checker *c, const as_check_doc *d, bool has_blob, as_err *err)
{
    bool fine = false, repaired = false;
    as_err why = {0};
    as_code rc = rows_are_fine(c, d, &fine, err);

    if (rc || fine)
        return rc;
    if (c->options->repair && has_blob) {
        rc = make_rows_anew(c, d->id, &why);
        if (rc && rc != AS_INVALID && rc != AS_UNKNOWN && rc != AS_NOT_FOUND) {
            if (err)
                *err = why;
            return rc;
        }
        repaired = !rc;
    }
    return as_check_say(c, repaired, err, "facts of report %s are damaged", d->called);
}

static as_code check_blob(as_checker *c, const as_check_doc *d, bool has_blob, as_err *err)
{
    as_blob_info info;
    as_code rc;

    if (!has_blob)
        return as_check_say(c, false, err,
                            "report %s has lost its bytes: add it again to have them back",
                            d->called);
    if (!c->options->deep)
        return AS_OK;
    rc = as_blob_check(c->s->blobs, d->sha256, &info, err);
    if (rc == AS_INVALID)
        return as_check_say(c, false, err,
                            "the bytes of report %s are damaged: add it again to have them back",
                            d->called);
    return rc;
}

static int by_hash(const void *x, const void *y)
{
    return memcmp(x, y, AS_SHA256_SIZE);
}

static bool blob_is_there(const as_checker *c, const uint8_t *sha256)
{
    return c->blobs.n > 0 && bsearch(sha256, c->blobs.p, c->blobs.n / AS_SHA256_SIZE,
                                     AS_SHA256_SIZE, by_hash) != NULL;
}

static as_code list_blob(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err)
{
    as_checker *c = ctx;

    (void)stored;
    if (!sha256)
        return as_check_say(c, c->s->write, err, "a writer that was killed left a file");
    as_buf_add(&c->blobs, (as_bytes){sha256, AS_SHA256_SIZE});
    return c->blobs.failed ? as_fail_nomem(err, "the list of blobs") : AS_OK;
}

static void call_it(as_check_doc *d, as_bytes name)
{
    char hex[AS_SHA256_HEX + 1], shown[100];

    as_sha256_text(d->sha256, hex);
    (void)snprintf(d->called, sizeof(d->called), "%.12s (%s)", hex,
                   as_bytes_show(as_path_file(name), shown, sizeof(shown)));
}

static as_code next_document(as_checker *c, as_check_doc *d, bool *ret_row, as_err *err)
{
    sqlite3_stmt *st = NULL;
    as_bytes sha256;
    as_code rc = as_sql_get(
        c->s,
        "SELECT id, sha256, size, facts, name FROM document WHERE id > ?1 ORDER BY id LIMIT 1", &st,
        err);

    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, d->id);
        rc = as_sql_step(c->s, st, ret_row, err);
    }
    if (!rc && *ret_row) {
        sha256 = as_column_bytes(st, 1);
        d->id = sqlite3_column_int64(st, 0);
        d->size = (uint64_t)sqlite3_column_int64(st, 2);
        d->facts = (uint64_t)sqlite3_column_int64(st, 3);
        memset(d->sha256, 0, sizeof(d->sha256));
        if (sha256.n == AS_SHA256_SIZE)
            memcpy(d->sha256, sha256.p, AS_SHA256_SIZE);
        call_it(d, as_column_bytes(st, 4));
    }
    as_sql_put(c->s, st);
    return rc;
}

static as_code check_documents(as_checker *c, as_err *err)
{
    as_check_doc d = {0};
    bool more = true;
    as_code rc = AS_OK;

    while (!rc && !(rc = next_document(c, &d, &more, err)) && more) {
        bool has_blob = blob_is_there(c, d.sha256);

        c->summary.documents++;
        rc = check_blob(c, &d, has_blob, err);
        if (!rc)
            rc = check_rows(c, &d, has_blob, err);
    }
    return rc;
}

/* A crash between the blob and its document, or between a removal and its blob, leaves these. */
static as_code check_orphans(as_checker *c, as_err *err)
{
    sqlite3_stmt *st = NULL;
    uint64_t n = 0;
    bool row = false;
    as_code rc = as_sql_get(c->s, "SELECT 1 FROM document WHERE sha256 = ?1", &st, err);

    for (size_t i = 0; !rc && i < c->blobs.n; i += AS_SHA256_SIZE) {
        as_bind_bytes(st, 1, (as_bytes){c->blobs.p + i, AS_SHA256_SIZE});
        rc = as_sql_step(c->s, st, &row, err);
        (void)sqlite3_reset(st);
        if (rc || row)
            continue;
        n++;
        if (c->options->repair)
            rc = as_blob_remove(c->s->blobs, c->blobs.p + i, err);
    }
    as_sql_put(c->s, st);
    return rc || n == 0 ? rc
                        : as_check_say(c, c->options->repair, err, "%llu %s of no document",
                                       (unsigned long long)n, n == 1 ? "blob is" : "blobs are");
}

/* --- all of it ------------------------------------------------------------------------------ */

static as_code check_open(as_checker *c, bool *ret_lost, as_err *err)
{
    as_code rc = check_structure(c, ret_lost, err);

    if (rc || *ret_lost)
        return rc;
    rc = check_words(c, err);
    if (!rc)
        rc = as_blobs_each(c->s->blobs, list_blob, c, err);
    if (rc)
        return rc;
    c->summary.blobs = c->blobs.n / AS_SHA256_SIZE;
    if (c->blobs.n > 0)
        qsort(c->blobs.p, c->summary.blobs, AS_SHA256_SIZE, by_hash);
    rc = check_documents(c, err);
    if (!rc)
        rc = check_orphans(c, err);
    return rc ? rc : check_counts(c, err);
}

/* A check alone takes the writer's place if that is free, and else does without. */
static as_code open_for_check(const char *home, const as_check_options *options, as_store **ret,
                              as_err *err)
{
    as_code rc;

    if (options->repair)
        return as_store_open(home, AS_STORE_WRITE, ret, err);
    rc = as_store_open(home, AS_STORE_READ, ret, err);
    if (rc)
        return rc;
    as_store_close(*ret);
    if (as_store_open_within(home, AS_STORE_WRITE, 0, ret, NULL) == AS_OK)
        return AS_OK;
    return as_store_open(home, AS_STORE_READ, ret, err);
}

/* Making a store where there is none is no repair. */
static as_code is_there(const char *home, as_err *err)
{
    as_buf path = {0};
    as_code rc = AS_OK;

    as_buf_text(&path, home);
    as_buf_text(&path, "/assay.db");
    as_buf_byte(&path, '\0');
    if (path.failed)
        rc = as_fail_nomem(err, "the store's path");
    else if (access((const char *)path.p, F_OK))
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no store at '%s': run 'assay add'", home);
    as_buf_done(&path);
    return rc;
}

as_code as_store_check(const char *home, const as_check_options *options, as_check_summary *ret,
                       as_err *err)
{
    as_checker c = {.options = options};
    as_err why = {0};
    bool lost = false;
    as_code rc = is_there(home, err);

    if (rc)
        return rc;
    rc = open_for_check(home, options, &c.s, &why);
    if (rc == AS_INVALID) {
        lost = true;
        rc = options->repair ? AS_OK : as_check_say(&c, false, err, "%s", why.msg);
    } else if (rc) {
        if (err)
            *err = why;
    } else {
        rc = check_open(&c, &lost, err);
    }
    as_store_close(c.s);
    c.s = NULL;
    if (!rc && lost && options->repair)
        rc = as_store_rebuild(home, &c, err);
    as_buf_done(&c.blobs);
    if (!rc)
        *ret = c.summary;
    return rc;
}
