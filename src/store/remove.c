#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

/* --- counts of kinds ------------------------------------------------------------------------ */

as_code as_kinds_take(as_store *s, int64_t sample, as_err *err)
{
    static const char *const sql[] = {
        "UPDATE kind_total SET facts = kind_total.facts - k.facts, samples = samples - 1 "
        "FROM sample_kind k WHERE k.kind = kind_total.kind AND k.sample = ?1",
        "DELETE FROM sample_kind WHERE sample = ?1",
    };

    return as_sql_all(s, sql, AS_COUNT(sql), &sample, 1, err);
}

as_code as_kinds_give(as_store *s, int64_t sample, as_err *err)
{
    static const char *const sql[] = {
        "INSERT INTO sample_kind(kind, sample, facts, first) SELECT kind, ?1, count(*), min(id) "
        "FROM fact WHERE sample = ?1 GROUP BY kind",
        "INSERT INTO kind_total(kind, facts, samples) SELECT kind, facts, 1 FROM sample_kind WHERE "
        "sample = ?1 ON CONFLICT DO UPDATE SET facts = facts + excluded.facts, samples = samples + "
        "1",
        "DELETE FROM kind_total WHERE facts = 0 AND ?1 = ?1",
    };

    return as_sql_all(s, sql, AS_COUNT(sql), &sample, 1, err);
}

/* --- a document ----------------------------------------------------------------------------- */

/* All that can be made again from its blob. Its own row stays, of a sample without its facts. */
static as_code drop_rows(as_store *s, int64_t doc, as_err *err)
{
    static const char *const sql[] = {
        "INSERT INTO chunk_words(chunk_words, rowid, context, body) SELECT 'delete', id, context, "
        "body FROM chunk WHERE doc = ?1",
        "DELETE FROM chunk WHERE doc = ?1",
        "DELETE FROM calls WHERE doc = ?1",
        "DELETE FROM sample_name WHERE doc = ?1",
        "DELETE FROM fact WHERE doc = ?1 AND id BETWEEN (SELECT first_fact FROM document WHERE id "
        "= ?1) AND (SELECT last_fact FROM document WHERE id = ?1)",
    };
    as_code rc = as_terms_remove(s, doc, err);

    return rc ? rc : as_sql_all(s, sql, AS_COUNT(sql), &doc, 1, err);
}

as_code as_document_drop(as_store *s, int64_t doc, bool keep, as_err *err)
{
    int64_t sample = 0;
    as_code rc = as_sql_int(s, "SELECT sample FROM document WHERE id = ?1", &doc, 1, &sample, err);

    if (!rc)
        rc = as_kinds_take(s, sample, err);
    if (!rc)
        rc = drop_rows(s, doc, err);
    if (!rc)
        rc = as_sql_int(s, "DELETE FROM document WHERE id = ?1", &doc, 1, NULL, err);
    if (!rc)
        rc = as_kinds_give(s, sample, err);
    if (rc || keep)
        return rc;
    rc = as_sample_split(s, sample, err);
    return rc ? rc : as_sample_refresh(s, sample, err);
}

/* Its blob goes when the removal is on disk: see as_store_commit(). */
static as_code note_stale(as_store *s, int64_t doc, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, "SELECT sha256 FROM document WHERE id = ?1", &st, err);

    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, doc);
        rc = as_sql_step(s, st, &row, err);
    }
    if (!rc && !row)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no document has the number %lld",
                     (long long)doc);
    if (!rc)
        as_buf_add(&s->stale, as_column_bytes(st, 0));
    as_sql_put(s, st);
    return !rc && s->stale.failed ? as_fail_nomem(err, "the list of what was removed") : rc;
}

static as_code remove_one(as_store *s, int64_t doc, as_err *err)
{
    as_code rc = note_stale(s, doc, err);

    return rc ? rc : as_document_drop(s, doc, false, err);
}

/* All or nothing, also within a batch. */
static as_code remove_all(as_store *s, const int64_t *docs, size_t n, as_err *err)
{
    size_t stale = s->stale.n;
    as_code rc = as_sql_run(s, "SAVEPOINT removal", err);

    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < n; i++)
        rc = remove_one(s, docs[i], err);
    if (!rc)
        rc = as_sql_run(s, "RELEASE removal", err);
    if (rc) {
        s->stale.n = stale;
        as_savepoint_undo(s, "ROLLBACK TO removal; RELEASE removal");
    }
    return rc;
}

static as_code remove_docs(as_store *s, const int64_t *docs, size_t n, as_err *err)
{
    bool own;
    as_code rc = as_txn_begin(s, &own, err);

    if (rc)
        return rc;
    rc = remove_all(s, docs, n, err);
    return as_txn_end(s, own, rc, err);
}

as_code as_store_remove_document(as_store *s, int64_t doc, as_err *err)
{
    return remove_docs(s, &doc, 1, err);
}

as_code as_store_remove_sample(as_store *s, int64_t sample, as_err *err)
{
    sqlite3_stmt *st = NULL;
    int64_t *docs = NULL;
    size_t n = 0, cap = 0;
    bool row = false;
    as_code rc =
        as_sql_get(s, "SELECT id FROM document WHERE sample = ?1 ORDER BY id DESC", &st, err);

    if (!rc)
        (void)sqlite3_bind_int64(st, 1, sample);
    while (!rc && !(rc = as_sql_step(s, st, &row, err)) && row) {
        void *p = docs;

        if (as_mem_room(&p, &cap, n, sizeof(*docs))) {
            docs = p;
            docs[n++] = sqlite3_column_int64(st, 0);
        } else {
            rc = as_fail_nomem(err, "the documents of a sample");
        }
    }
    as_sql_put(s, st);
    if (!rc && n == 0)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no sample has the number %lld",
                     (long long)sample);
    if (!rc)
        rc = remove_docs(s, docs, n, err);
    as_mem_free(docs);
    return rc;
}
