#include "store/add_priv.h"

#include <string.h>

#include "base/banned.h"

/* What is kept of a document while its rows are made anew. */
struct kept {
    uint8_t sha256[AS_SHA256_SIZE];
    int64_t sample, size, added_us;
    as_buf name, format; /* each with a NUL */
};

static void keep_text(as_buf *out, as_bytes text)
{
    as_buf_add(out, text);
    as_buf_byte(out, '\0');
}

static as_code load_kept(as_store *s, int64_t doc, struct kept *k, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_bytes sha256;
    as_code rc = as_sql_get(
        s, "SELECT sha256, size, added_us, name, asked_format, sample FROM document WHERE id = ?1",
        &st, err);

    if (!rc) {
        (void)sqlite3_bind_int64(st, 1, doc);
        rc = as_sql_step(s, st, &row, err);
    }
    if (!rc && !row)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no document has the number %lld",
                     (long long)doc);
    if (!rc) {
        sha256 = as_column_bytes(st, 0);
        if (sha256.n == AS_SHA256_SIZE)
            memcpy(k->sha256, sha256.p, AS_SHA256_SIZE);
        else
            rc = as_sql_damaged(s, "a document", err);
        k->size = sqlite3_column_int64(st, 1);
        k->added_us = sqlite3_column_int64(st, 2);
        k->sample = sqlite3_column_int64(st, 5);
        keep_text(&k->name, as_column_bytes(st, 3));
        keep_text(&k->format, as_column_bytes(st, 4));
    }
    as_sql_put(s, st);
    return !rc && (k->name.failed || k->format.failed) ? as_fail_nomem(err, "a document") : rc;
}

static as_code put_anew(as_store *s, int64_t doc, const struct kept *k,
                        const as_store_add_options *options, as_err *err)
{
    as_store_add_options own = *options;
    as_adder a = {.s = s,
                  .options = &own,
                  .path = (const char *)k->name.p,
                  .name = {k->name.p, k->name.n - 1},
                  .doc = doc,
                  .own = k->sample,
                  .added_us = k->added_us,
                  .info.size = (uint64_t)k->size};
    as_code rc = as_document_drop(s, doc, true, err);

    if (k->format.n > 1)
        own.format = (const char *)k->format.p;
    memcpy(a.info.sha256, k->sha256, AS_SHA256_SIZE);
    if (!rc)
        rc = as_adder_run(&a, err);
    as_adder_done(&a);
    if (!rc)
        rc = as_sample_split(s, k->sample, err);
    return rc ? rc : as_sample_refresh(s, k->sample, err);
}

as_code as_store_reindex(as_store *s, int64_t doc, const as_store_add_options *options, as_err *err)
{
    static const as_store_add_options none;
    struct kept k = {0};
    bool own;
    as_code rc = as_txn_begin(s, &own, err);

    if (rc)
        return rc;
    rc = load_kept(s, doc, &k, err);
    if (!rc)
        rc = as_sql_run(s, "SAVEPOINT anew", err);
    if (!rc) {
        rc = put_anew(s, doc, &k, options ? options : &none, err);
        if (!rc)
            rc = as_sql_run(s, "RELEASE anew", err);
        else
            as_savepoint_undo(s, "ROLLBACK TO anew; RELEASE anew");
    }
    as_buf_done(&k.name);
    as_buf_done(&k.format);
    return as_txn_end(s, own, rc, err);
}
