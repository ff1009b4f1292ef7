#include "store/search_priv.h"

#include "base/banned.h"

as_code as_search_begin(as_store *s, bool *ret_begun, as_err *err)
{
    as_code rc;

    *ret_begun = false;
    if (!sqlite3_get_autocommit(s->db))
        return AS_OK;
    rc = as_sql_run(s, "BEGIN", err);
    *ret_begun = !rc;
    return rc;
}

void as_search_end(as_store *s, bool begun)
{
    if (begun)
        (void)sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}

/* Documents that pass a filter; ?1 tool in lower case or NULL, ?2 since, ?3 sample or NULL. */
#define PASSES                                                                                     \
    "(?1 IS NULL OR lower(d.tool) = lower(?1)) AND d.added_us >= ?2 AND (?3 IS NULL OR "           \
    "d.sample = ?3)"

static void bind_documents(sqlite3_stmt *st, const as_search_filter *f)
{
    as_bind_text(st, 1, f->tool);
    (void)sqlite3_bind_int64(st, 2, f->since_us);
    if (f->sample)
        (void)sqlite3_bind_int64(st, 3, f->sample);
}

as_code as_search_passes(as_store *s, int64_t doc, const as_search_filter *filter, bool *ret,
                         as_err *err)
{
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_get(s, "SELECT 1 FROM document d WHERE d.id = ?4 AND " PASSES, &st, err);

    if (rc)
        return rc;
    bind_documents(st, filter);
    (void)sqlite3_bind_int64(st, 4, doc);
    rc = as_sql_step(s, st, ret, err);
    as_sql_put(s, st);
    return rc;
}

as_code as_search_twins(as_store *s, int64_t a, int64_t b, bool *ret, as_err *err)
{
    static const char sql[] =
        "SELECT count(*) FROM chunk a CROSS JOIN chunk b ON b.id = ?2 WHERE a.id = ?1 AND "
        "a.doc = b.doc AND a.section = b.section AND a.role = 0 AND b.role = 0 AND "
        "a.lang != b.lang AND a.lang < 2 AND b.lang < 2 AND a.evidence = b.evidence";
    int64_t ids[] = {a, b}, n = 0;
    as_code rc = as_sql_int(s, sql, ids, 2, &n, err);

    *ret = n > 0;
    return rc;
}

/* One statement for any number of types: those that are not given are NULL, which is in no row. */
as_code as_search_named(as_store *s, as_bytes norm, const as_term_type *types, size_t n, bool *ret,
                        as_err *err)
{
    static const char sql[] =
        "SELECT 1 FROM term WHERE norm = ?17 AND type IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, ?12, ?13, ?14, ?15, ?16) LIMIT 1";
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_get(s, sql, &st, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < n && i < 16; i++)
        (void)sqlite3_bind_int64(st, (int)i + 1, as_word_stored(s, AS_WORD_TERM, types[i]));
    as_bind_bytes(st, 17, norm);
    rc = as_sql_step(s, st, ret, err);
    as_sql_put(s, st);
    return rc;
}

as_code as_search_scope(as_store *s, const as_search_filter *filter, uint64_t *ret_samples,
                        uint64_t *ret_chunks, as_err *err)
{
    static const char some[] =
        "SELECT count(DISTINCT c.sample), count(*) FROM document d CROSS JOIN chunk c "
        "ON c.doc = d.id WHERE " PASSES " AND (?4 IS NULL OR c.section = ?4) "
        "AND (?5 IS NULL OR c.lang IN (?5, 2))";
    static const char all[] = "SELECT (SELECT count(*) FROM sample), (SELECT count(*) FROM chunk)";
    bool filters =
        filter->sample || filter->since_us || filter->tool.n || filter->section || filter->lang;
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, filters ? some : all, &st, err);

    if (rc)
        return rc;
    if (filters)
        bind_documents(st, filter);
    if (filter->section)
        (void)sqlite3_bind_int64(st, 4, as_word_stored(s, AS_WORD_SECTION, filter->section - 1));
    if (filter->lang)
        (void)sqlite3_bind_int64(st, 5, filter->lang - 1);
    rc = as_sql_step(s, st, &row, err);
    if (!rc && row) {
        *ret_samples = (uint64_t)sqlite3_column_int64(st, 0);
        *ret_chunks = (uint64_t)sqlite3_column_int64(st, 1);
    }
    as_sql_put(s, st);
    return rc;
}

static as_code next_id(as_store *s, int64_t after, int64_t *ret, as_err *err)
{
    return as_sql_int(s, "SELECT id FROM chunk WHERE id > ?1 ORDER BY id LIMIT 1", &after, 1, ret,
                      err);
}

as_code as_search_each(as_store *s, int64_t after, as_stored_chunk_fn *fn, void *ctx, as_err *err)
{
    int64_t id = 0;
    as_code rc = next_id(s, after, &id, err);

    while (!rc && id > after) {
        after = id;
        rc = as_store_chunk(s, id, fn, ctx, err);
        id = 0;
        if (!rc)
            rc = next_id(s, after, &id, err);
    }
    return rc;
}
