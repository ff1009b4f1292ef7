#include "base/hash.h"
#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

/* --- what went wrong ------------------------------------------------------------------------ */

as_code as_sql_damaged(const as_store *s, const char *what, as_err *err)
{
    return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                   "the store '%s' is damaged (%s): run 'assay check --repair'", s->home, what);
}

as_code as_sql_fail(as_store *s, int rc, as_err *err)
{
    const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return as_fail_nomem(err, "the store");
    case SQLITE_FULL:
        return as_fail(err, AS_IO, AS_NO_OFFSET,
                       "no room left on the disk of '%s': make some and add it again "
                       "(what was added before is safe)",
                       s->home);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                       "the store '%s' is being written by another program: try again later",
                       s->home);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return as_sql_damaged(s, why, err);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return as_fail(err, AS_IO, AS_NO_OFFSET,
                       "cannot %s the store '%s' (%s): are the folder and its files yours?",
                       s->write ? "write" : "read", s->home, why);
    default:
        return as_fail(err, AS_IO, AS_NO_OFFSET, "the store '%s' failed: %s", s->home, why);
    }
}

/* --- statements ----------------------------------------------------------------------------- */

as_code as_sql_run(as_store *s, const char *sql, as_err *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? AS_OK : as_sql_fail(s, rc, err);
}

static as_code prepare(as_store *s, const char *sql, sqlite3_stmt **ret, as_err *err)
{
    int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

    return rc == SQLITE_OK ? AS_OK : as_sql_fail(s, rc, err);
}

/* A place for one more, or that of one that nobody uses; NULL: all are in use. */
static as_statement *place(as_store *s)
{
    if (s->n_statements < AS_STATEMENTS_MAX)
        return &s->statements[s->n_statements++];
    for (size_t i = 0; i < AS_STATEMENTS_MAX; i++) {
        as_statement *at = &s->statements[s->next_victim++ % AS_STATEMENTS_MAX];

        if (!at->busy) {
            (void)sqlite3_finalize(at->st);
            at->st = NULL;
            return at;
        }
    }
    return NULL;
}

/* A walk whose callback asks the same again needs a second statement of the same text. */
as_code as_sql_get(as_store *s, const char *sql, sqlite3_stmt **ret, as_err *err)
{
    uint64_t hash = as_hash64(as_bytes_of(sql), 0);
    as_statement *at;
    as_code rc;

    for (size_t i = 0; i < s->n_statements; i++) {
        at = &s->statements[i];
        if (at->st && at->hash == hash && !at->busy && !strcmp(sqlite3_sql(at->st), sql)) {
            at->busy = true;
            *ret = at->st;
            return AS_OK;
        }
    }
    rc = prepare(s, sql, ret, err);
    if (rc)
        return rc;
    at = place(s);
    if (at)
        *at = (as_statement){*ret, hash, true};
    return AS_OK;
}

void as_sql_put(as_store *s, sqlite3_stmt *st)
{
    if (!st)
        return;
    for (size_t i = 0; i < s->n_statements; i++) {
        if (s->statements[i].st == st) {
            (void)sqlite3_reset(st);
            (void)sqlite3_clear_bindings(st);
            s->statements[i].busy = false;
            return;
        }
    }
    (void)sqlite3_finalize(st);
}

void as_sql_done(as_store *s)
{
    for (size_t i = 0; i < s->n_statements; i++)
        (void)sqlite3_finalize(s->statements[i].st);
    s->n_statements = 0;
}

as_code as_sql_step(as_store *s, sqlite3_stmt *st, bool *ret_row, as_err *err)
{
    int rc = sqlite3_step(st);

    *ret_row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? AS_OK : as_sql_fail(s, rc, err);
}

as_code as_sql_do(as_store *s, sqlite3_stmt *st, as_err *err)
{
    bool row;
    as_code rc = as_sql_step(s, st, &row, err);

    (void)sqlite3_reset(st);
    return rc;
}

as_code as_sql_int(as_store *s, const char *sql, const int64_t *args, size_t n, int64_t *ret,
                   as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, sql, &st, err);

    for (size_t i = 0; !rc && i < n; i++)
        (void)sqlite3_bind_int64(st, (int)i + 1, args[i]);
    if (!rc)
        rc = as_sql_step(s, st, &row, err);
    if (!rc && ret)
        *ret = row ? sqlite3_column_int64(st, 0) : 0;
    as_sql_put(s, st);
    return rc;
}

as_code as_sql_all(as_store *s, const char *const *sql, size_t n_sql, const int64_t *args, size_t n,
                   as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < n_sql; i++)
        rc = as_sql_int(s, sql[i], args, n, NULL, err);
    return rc;
}

void as_bind_bytes(sqlite3_stmt *st, int at, as_bytes b)
{
    if (b.p)
        (void)sqlite3_bind_blob64(st, at, b.p, b.n, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(st, at);
}

void as_bind_text(sqlite3_stmt *st, int at, as_bytes b)
{
    if (b.n > 0)
        (void)sqlite3_bind_text64(st, at, (const char *)b.p, b.n, SQLITE_STATIC, SQLITE_UTF8);
    else
        (void)sqlite3_bind_null(st, at);
}

as_bytes as_column_bytes(sqlite3_stmt *st, int at)
{
    const uint8_t *p = sqlite3_column_blob(st, at);

    return p ? (as_bytes){p, (size_t)sqlite3_column_bytes(st, at)} : (as_bytes){0};
}
