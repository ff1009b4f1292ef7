#include "base/jsonw.h"
#include "store/move_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/banned.h"

/*
 * A store as one stream: a tar, compressed with zstd, of `manifest.jsonl` (a line for each
 * document: hash, size, time of adding, format asked for, name) and behind it the documents as they
 * were given, `documents/<sha256>`. Rows are not in it: they are made where it is read.
 */

struct writer {
    as_store *s;
    as_store_write_fn *write;
    void *ctx;
    as_err err; /* of `write`, which libarchive cannot carry */
    as_code rc;
    struct archive *a;
    uint8_t *block;
};

#define BLOCK ((size_t)256 << 10)

static la_ssize_t put_bytes(struct archive *a, void *ctx, const void *p, size_t n)
{
    struct writer *w = ctx;

    (void)a;
    if (!w->rc)
        w->rc = w->write(w->ctx, (as_bytes){p, n}, &w->err);
    return w->rc ? -1 : (la_ssize_t)n;
}

/* The failure that is to be told: ours, or what libarchive says. */
static as_code failed(const struct writer *w, as_err *err)
{
    if (w->rc) {
        if (err)
            *err = w->err;
        return w->rc;
    }
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write the export: %s",
                   archive_error_string(w->a) ? archive_error_string(w->a) : "no memory");
}

static as_code begin_entry(struct writer *w, const char *name, uint64_t size, int64_t time_us,
                           as_err *err)
{
    struct archive_entry *e = archive_entry_new();
    int rc;

    if (!e)
        return as_fail_nomem(err, "the export");
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, (la_int64_t)size);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0600);
    archive_entry_set_mtime(e, time_us / 1000000, 0);
    rc = archive_write_header(w->a, e);
    archive_entry_free(e);
    return rc == ARCHIVE_OK ? AS_OK : failed(w, err);
}

static as_code put_data(struct writer *w, as_bytes data, as_err *err)
{
    return data.n == 0 || archive_write_data(w->a, data.p, data.n) == (la_ssize_t)data.n
               ? AS_OK
               : failed(w, err);
}

/* --- the manifest --------------------------------------------------------------------------- */

struct manifest {
    as_buf lines;
    uint64_t n;
};

static as_code put_line(void *ctx, const as_document *d, as_err *err)
{
    struct manifest *m = ctx;
    as_jsonw w = as_jsonw_to(&m->lines, 0);
    char hex[AS_SHA256_HEX + 1];

    as_sha256_text(d->sha256, hex);
    as_jsonw_object(&w);
    as_jsonw_key(&w, "sha256");
    as_jsonw_text(&w, hex);
    as_jsonw_key(&w, "size");
    as_jsonw_u64(&w, d->size);
    as_jsonw_key(&w, "added_us");
    as_jsonw_u64(&w, d->added_us > 0 ? (uint64_t)d->added_us : 0);
    as_jsonw_key(&w, "asked");
    as_jsonw_str(&w, d->asked);
    as_jsonw_key(&w, "name");
    as_jsonw_str(&w, d->name);
    as_jsonw_end(&w);
    as_buf_byte(&m->lines, '\n');
    m->n++;
    return m->lines.failed ? as_fail_nomem(err, "the manifest of an export") : AS_OK;
}

static as_code put_manifest(struct writer *w, uint64_t *ret_n, as_err *err)
{
    struct manifest m = {0};
    as_code rc;

    as_buf_text(&m.lines, AS_EXPORT_FIRST_LINE "\n");
    rc = as_store_documents(w->s, 0, put_line, &m, err);
    if (!rc)
        rc = begin_entry(w, AS_EXPORT_MANIFEST, m.lines.n, 0, err);
    if (!rc)
        rc = put_data(w, as_buf_bytes(&m.lines), err);
    if (!rc)
        *ret_n = m.n;
    as_buf_done(&m.lines);
    return rc;
}

/* --- the documents -----------------------------------------------------------------------------
 */

static as_code put_document(void *ctx, const as_document *d, as_err *err)
{
    struct writer *w = ctx;
    as_source *source = NULL;
    char name[sizeof(AS_EXPORT_FOLDER) + AS_SHA256_HEX + 1] = AS_EXPORT_FOLDER;
    size_t got = 0;
    as_code rc = as_blob_open(w->s->blobs, d->sha256, &source, err);

    as_sha256_text(d->sha256, name + sizeof(AS_EXPORT_FOLDER) - 1);
    if (!rc)
        rc = begin_entry(w, name, d->size, d->added_us, err);
    if (!rc)
        as_source_hash(source, false);
    do {
        if (!rc)
            rc = as_source_read(source, w->block, BLOCK, &got, err);
        if (!rc)
            rc = put_data(w, (as_bytes){w->block, got}, err);
    } while (!rc && got);
    as_source_free(source);
    return rc;
}

static as_code write_all(struct writer *w, uint64_t *ret_n, as_err *err)
{
    as_code rc;

    if (archive_write_set_format_pax_restricted(w->a) != ARCHIVE_OK ||
        archive_write_add_filter_zstd(w->a) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(w->a, 1) != ARCHIVE_OK ||
        archive_write_open(w->a, w, NULL, put_bytes, NULL) != ARCHIVE_OK)
        return failed(w, err);
    rc = put_manifest(w, ret_n, err);
    if (!rc)
        rc = as_store_documents(w->s, 0, put_document, w, err);
    if (!rc && archive_write_close(w->a) != ARCHIVE_OK)
        rc = failed(w, err);
    return rc;
}

as_code as_store_export(as_store *s, as_store_write_fn *write, void *ctx, uint64_t *ret_documents,
                        as_err *err)
{
    struct writer w = {.s = s, .write = write, .ctx = ctx, .a = archive_write_new()};
    uint64_t n = 0;
    as_code rc;

    w.block = as_mem_get(BLOCK);
    if (!w.a || !w.block) {
        rc = as_fail_nomem(err, "the export");
    } else {
        /* One view of the store, whoever writes meanwhile. */
        rc = s->batch ? AS_OK : as_sql_run(s, "BEGIN", err);
        if (!rc)
            rc = write_all(&w, &n, err);
        if (!s->batch)
            (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (!rc)
        *ret_documents = n;
    if (w.a && rc)
        (void)archive_write_fail(w.a);
    (void)archive_write_free(w.a);
    as_mem_free(w.block);
    return rc;
}
