#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

#define COLUMNS                                                                                    \
    "id, sample, sha256, name, format, tool, tool_version, size, facts, calls, bad_lines, gaps, "  \
    "added_us, outline, asked_format"

static as_code read_document(as_store *s, sqlite3_stmt *st, as_document *ret, as_err *err)
{
    as_bytes sha256 = as_column_bytes(st, 2);

    *ret = (as_document){.id = sqlite3_column_int64(st, 0),
                         .sample = sqlite3_column_int64(st, 1),
                         .name = as_column_bytes(st, 3),
                         .format = as_column_bytes(st, 4),
                         .tool = as_column_bytes(st, 5),
                         .tool_version = as_column_bytes(st, 6),
                         .size = (uint64_t)sqlite3_column_int64(st, 7),
                         .facts = (uint64_t)sqlite3_column_int64(st, 8),
                         .calls = (uint64_t)sqlite3_column_int64(st, 9),
                         .bad_lines = (uint64_t)sqlite3_column_int64(st, 10),
                         .gaps = (uint32_t)sqlite3_column_int64(st, 11),
                         .added_us = sqlite3_column_int64(st, 12),
                         .outline = as_column_bytes(st, 13),
                         .asked = as_column_bytes(st, 14)};
    if (sha256.n != AS_SHA256_SIZE)
        return as_sql_damaged(s, "a document", err);
    memcpy(ret->sha256, sha256.p, AS_SHA256_SIZE);
    return AS_OK;
}

static as_code walk(as_store *s, const char *sql, int64_t arg, as_document_fn *fn, void *ctx,
                    size_t *ret_n, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool more = false;
    as_document doc;
    as_code rc = as_sql_get(s, sql, &st, err);

    *ret_n = 0;
    if (!rc)
        (void)sqlite3_bind_int64(st, 1, arg);
    while (!rc && !(rc = as_sql_step(s, st, &more, err)) && more) {
        rc = read_document(s, st, &doc, err);
        if (!rc)
            rc = fn(ctx, &doc, err);
        ++*ret_n;
    }
    as_sql_put(s, st);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}

as_code as_store_documents(as_store *s, int64_t sample, as_document_fn *fn, void *ctx, as_err *err)
{
    size_t n;

    return walk(s,
                sample ? "SELECT " COLUMNS " FROM document WHERE sample = ?1 ORDER BY id"
                       : "SELECT " COLUMNS " FROM document WHERE ?1 = 0 ORDER BY id",
                sample, fn, ctx, &n, err);
}

as_code as_store_document(as_store *s, int64_t doc, as_document_fn *fn, void *ctx, as_err *err)
{
    size_t n;
    as_code rc = walk(s, "SELECT " COLUMNS " FROM document WHERE id = ?1", doc, fn, ctx, &n, err);

    return rc || n > 0 ? rc
                       : as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no document has the number %lld",
                                 (long long)doc);
}
