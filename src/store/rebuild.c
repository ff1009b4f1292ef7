#include "store/check_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * A database that cannot be read is put aside (assay.db.damaged) and made again from the
 * blobs. What only it knew, the names and times of the documents, is taken from it as far
 * as it still tells them.
 */

struct rebuild {
    as_checker *c;
    as_store *s;
    sqlite3 *old; /* NULL: it cannot be opened at all */
    uint64_t added, refused;
};

static as_code path_of(const char *home, const char *name, as_buf *out, as_err *err)
{
    as_buf_reset(out);
    as_buf_text(out, home);
    as_buf_text(out, name);
    as_buf_byte(out, '\0');
    return out->failed ? as_fail_nomem(err, "the store's path") : AS_OK;
}

static as_code put_aside(const char *home, as_err *err)
{
    static const char *const names[][2] = {{"/assay.db", "/assay.db.damaged"},
                                           {"/assay.db-wal", "/assay.db.damaged-wal"},
                                           {"/assay.db-shm", "/assay.db.damaged-shm"}};
    as_buf from = {0}, to = {0};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < AS_COUNT(names); i++) {
        rc = path_of(home, names[i][0], &from, err);
        if (!rc)
            rc = path_of(home, names[i][1], &to, err);
        if (!rc && rename((const char *)from.p, (const char *)to.p) && errno != ENOENT)
            rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot rename '%s': %s", (const char *)from.p,
                         strerror(errno));
    }
    as_buf_done(&from);
    as_buf_done(&to);
    return rc;
}

static void open_old(const char *home, struct rebuild *r)
{
    as_buf path = {0};

    if (path_of(home, "/assay.db.damaged", &path, NULL) == AS_OK &&
        sqlite3_open_v2((const char *)path.p, &r->old, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        (void)sqlite3_close(r->old);
        r->old = NULL;
    }
    as_buf_done(&path);
}

/* What the old database says of a document; its hash as the name if it says nothing. */
static void recall(const struct rebuild *r, const uint8_t *sha256, as_buf *name, as_buf *format,
                   int64_t *added_us)
{
    sqlite3_stmt *st = NULL;

    as_buf_reset(name);
    as_buf_reset(format);
    *added_us = 0;
    if (r->old && sqlite3_prepare_v2(
                      r->old, "SELECT name, asked_format, added_us FROM document WHERE sha256 = ?1",
                      -1, &st, NULL) == SQLITE_OK) {
        as_bind_bytes(st, 1, (as_bytes){sha256, AS_SHA256_SIZE});
        if (sqlite3_step(st) == SQLITE_ROW) {
            as_buf_add(name, as_column_bytes(st, 0));
            as_buf_add(format, as_column_bytes(st, 1));
            *added_us = sqlite3_column_int64(st, 2);
        }
    }
    (void)sqlite3_finalize(st);
    if (name->n == 0)
        as_buf_hex(name, (as_bytes){sha256, AS_SHA256_SIZE});
    as_buf_byte(name, '\0');
    as_buf_byte(format, '\0');
}

static bool is_fatal(as_code rc)
{
    return rc == AS_IO || rc == AS_NOMEM || rc == AS_UNAVAILABLE;
}

static as_code add_again(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err)
{
    struct rebuild *r = ctx;
    as_store_add_options options = {0};
    as_buf name = {0}, format = {0};
    as_source *source = NULL;
    as_added added;
    as_err why = {0};
    int64_t added_us;
    as_code rc;

    (void)stored;
    if (!sha256)
        return AS_OK;
    if (r->c->options->add)
        options = *r->c->options->add;
    recall(r, sha256, &name, &format, &added_us);
    if (format.n > 1)
        options.format = (const char *)format.p;
    rc = name.failed || format.failed ? as_fail_nomem(&why, "a document")
                                      : as_blob_open(r->s->blobs, sha256, &source, &why);
    if (!rc)
        rc = as_store_add_as(r->s, source, (const char *)name.p, added_us, &options, &added, &why);
    as_source_free(source);
    as_buf_done(&name);
    as_buf_done(&format);
    r->added += !rc;
    if (rc && is_fatal(rc) && err)
        *err = why;
    if (rc && !is_fatal(rc)) {
        r->refused++;
        rc = as_check_say(r->c, false, err, "a blob could not be read again: %s", why.msg);
    }
    return rc;
}

as_code as_store_rebuild(const char *home, as_checker *c, as_err *err)
{
    struct rebuild r = {.c = c};
    as_code rc = put_aside(home, err);

    if (!rc)
        rc = as_store_open(home, AS_STORE_WRITE, &r.s, err);
    if (rc)
        return rc;
    open_old(home, &r);
    rc = as_blobs_each(r.s->blobs, add_again, &r, err);
    if (r.old)
        (void)sqlite3_close(r.old);
    as_store_close(r.s);
    if (rc)
        return rc;
    c->summary.documents = r.added;
    c->summary.blobs = r.added + r.refused;
    c->summary.rebuilt = true;
    return as_check_say(c, true, err,
                        "the database was damaged: %llu documents were read again from their "
                        "blobs (the old one is kept as assay.db.damaged)",
                        (unsigned long long)r.added);
}
