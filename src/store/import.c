#include "base/json.h"
#include "store/move_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/banned.h"

/*
 * An export comes from somebody else. Only one form of it is taken: the manifest first,
 * then its documents in its order, each with the size and the hash that the manifest says.
 */

struct line {
    uint8_t sha256[AS_SHA256_SIZE];
    uint64_t size;
    int64_t added_us;
    as_buf name, asked; /* each with a NUL */
};

struct importer {
    as_store *s;
    as_read_fn *read;
    void *ctx;
    as_err err; /* of `read` */
    as_code rc;
    struct archive *a;
    uint8_t *block;
    const as_store_add_options *options;
    as_buf manifest;
    as_json *json;
    as_source *lines;
    as_import_summary summary;
};

#define BLOCK ((size_t)256 << 10)

static la_ssize_t take_bytes(struct archive *a, void *ctx, const void **ret)
{
    struct importer *im = ctx;
    size_t n = 0;

    (void)a;
    if (!im->rc)
        im->rc = im->read(im->ctx, im->block, BLOCK, &n, &im->err);
    *ret = im->block;
    return im->rc ? -1 : (la_ssize_t)n;
}

static as_code broken(const char *what, as_err *err)
{
    return as_fail(err, AS_INVALID, AS_NO_OFFSET, "not a whole export of assay: %s", what);
}

static as_code failed(const struct importer *im, as_err *err)
{
    if (im->rc) {
        if (err)
            *err = im->err;
        return im->rc;
    }
    return broken(archive_error_string(im->a) ? archive_error_string(im->a) : "it is damaged", err);
}

/* The next entry, which must be a plain file. *ret NULL: the end. */
static as_code next_entry(struct importer *im, struct archive_entry **ret, as_err *err)
{
    int rc = archive_read_next_header(im->a, ret);

    if (rc == ARCHIVE_EOF) {
        *ret = NULL;
        return AS_OK;
    }
    if (rc != ARCHIVE_OK || !archive_entry_pathname(*ret))
        return failed(im, err);
    if (archive_entry_filetype(*ret) != AE_IFREG || archive_entry_hardlink(*ret) ||
        !archive_entry_size_is_set(*ret) || archive_entry_size(*ret) < 0)
        return broken("an entry is no plain file", err);
    return AS_OK;
}

/* --- the manifest --------------------------------------------------------------------------- */

static as_code load_manifest(struct importer *im, as_err *err)
{
    static const char first[] = AS_EXPORT_FIRST_LINE "\n";
    struct archive_entry *e = NULL;
    uint64_t size;
    uint8_t *room;
    as_code rc = next_entry(im, &e, err);

    if (rc)
        return rc;
    if (!e || strcmp(archive_entry_pathname(e), AS_EXPORT_MANIFEST) != 0)
        return broken("it does not begin with a manifest", err);
    size = (uint64_t)archive_entry_size(e);
    if (size > AS_EXPORT_MANIFEST_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the manifest of the export is too long");
    for (uint64_t got = 0; got < size;) {
        la_ssize_t n;

        room = as_buf_room(&im->manifest, BLOCK);
        if (!room)
            return as_fail_nomem(err, "the manifest of an export");
        n = archive_read_data(im->a, room, BLOCK);
        if (n <= 0)
            return failed(im, err);
        im->manifest.n += (size_t)n;
        got += (uint64_t)n;
    }
    if (im->manifest.n < sizeof(first) - 1 || memcmp(im->manifest.p, first, sizeof(first) - 1) != 0)
        return broken("its manifest is of another version", err);
    return AS_OK;
}

static as_code open_manifest(struct importer *im, as_err *err)
{
    const as_json_limits limits = {.depth_max = 2,
                                   .key_max = 64,
                                   .number_max = 32,
                                   .string_max = AS_EXPORT_NAME_MAX,
                                   .many = true};
    size_t skip = sizeof(AS_EXPORT_FIRST_LINE);
    as_bytes rest = {im->manifest.p + skip, im->manifest.n - skip};
    as_code rc = as_source_open_bytes(rest, NULL, &im->lines, err);

    if (rc)
        return rc;
    as_source_hash(im->lines, false);
    return as_json_new(im->lines, &limits, &im->json, err);
}

static bool read_hex(as_bytes text, uint8_t dst[AS_SHA256_SIZE])
{
    if (text.n != AS_SHA256_HEX)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        unsigned digit = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        dst[i / 2] = (uint8_t)(i % 2 ? dst[i / 2] | digit : digit << 4);
    }
    return true;
}

static bool keep_text(as_buf *to, as_bytes text)
{
    as_buf_reset(to);
    as_buf_add(to, text);
    as_buf_byte(to, '\0');
    return !to->failed;
}

/* One member of a line. False: it is not what it should be. */
static bool take_member(struct line *line, as_bytes key, const as_json_tok *t, as_buf *scratch)
{
    uint64_t time;
    as_bytes text;

    if (as_bytes_is(key, "sha256"))
        return t->type == AS_JSON_STRING && read_hex(t->raw, line->sha256);
    if (as_bytes_is(key, "size"))
        return t->type == AS_JSON_NUMBER && as_bytes_u64(t->raw, &line->size);
    if (as_bytes_is(key, "added_us")) {
        if (t->type != AS_JSON_NUMBER || !as_bytes_u64(t->raw, &time) || time > INT64_MAX)
            return false;
        line->added_us = (int64_t)time;
        return true;
    }
    if (t->type != AS_JSON_STRING || as_json_text(t->raw, scratch, &text))
        return false;
    if (as_bytes_is(key, "asked"))
        return keep_text(&line->asked, text);
    return as_bytes_is(key, "name") && keep_text(&line->name, text);
}

/* The next line of the manifest; *ret_more false at its end. */
static as_code next_line(struct importer *im, struct line *line, bool *ret_more, as_err *err)
{
    static const char bad[] = "a line of its manifest is damaged";
    as_buf scratch = {0}, key = {0};
    as_err ignored = {0};
    as_json_tok t;
    unsigned members = 0;
    bool fine = true;
    as_code rc = as_json_next(im->json, &t, &ignored);

    *ret_more = !rc && t.type != AS_JSON_END;
    if (rc || !*ret_more)
        return rc ? broken(bad, err) : AS_OK;
    fine = t.type == AS_JSON_OBJECT;
    while (fine && !(rc = as_json_next(im->json, &t, &ignored)) && t.type == AS_JSON_KEY) {
        as_buf_reset(&key);
        as_buf_add(&key, t.raw);
        rc = as_json_next(im->json, &t, &ignored);
        fine = !rc && !key.failed && take_member(line, as_buf_bytes(&key), &t, &scratch);
        members++;
    }
    fine = fine && !rc && t.type == AS_JSON_OBJECT_END && members == 5 && line->name.n > 1 &&
           line->asked.n > 0;
    as_buf_done(&scratch);
    as_buf_done(&key);
    return fine ? AS_OK : broken(bad, err);
}

/* --- documents
 * ------------------------------------------------------------------------------------ */

static as_code read_entry(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct importer *im = ctx;
    la_ssize_t n = archive_read_data(im->a, dst, cap);

    if (n < 0)
        return failed(im, err);
    *ret_n = (size_t)n;
    return AS_OK;
}

static as_code is_as_told(const struct line *line, const struct archive_entry *e, as_err *err)
{
    char name[sizeof(AS_EXPORT_FOLDER) + AS_SHA256_HEX + 1] = AS_EXPORT_FOLDER;

    as_sha256_text(line->sha256, name + sizeof(AS_EXPORT_FOLDER) - 1);
    if (strcmp(archive_entry_pathname((struct archive_entry *)(uintptr_t)e), name) != 0 ||
        (uint64_t)archive_entry_size((struct archive_entry *)(uintptr_t)e) != line->size)
        return broken("its documents are not those of its manifest", err);
    return AS_OK;
}

/* In a batch of its own: what turns out to be something else is not kept. */
static as_code add_document(struct importer *im, const struct line *line, as_err *err)
{
    as_store_add_options options = im->options ? *im->options : (as_store_add_options){0};
    as_source *source = NULL;
    as_added added = {0};
    bool own;
    as_code rc = as_txn_begin(im->s, &own, err);

    if (rc)
        return rc;
    if (line->asked.n > 1)
        options.format = (const char *)line->asked.p;
    rc = as_source_open_stream((const char *)line->name.p, read_entry, im, line->size, NULL,
                               &source, err);
    if (!rc)
        rc = as_store_add_as(im->s, source, (const char *)line->name.p, line->added_us, &options,
                             &added, err);
    if (!rc && memcmp(added.sha256, line->sha256, AS_SHA256_SIZE) != 0) {
        rc = broken("a document is not what its manifest says", err);
        if (!own && !added.was_there && as_store_remove_document(im->s, added.doc, NULL))
            im->s->lost = true;
    }
    as_source_free(source);
    rc = as_txn_end(im->s, own, rc, err);
    if (rc)
        return rc;
    im->summary.documents++;
    im->summary.added += !added.was_there;
    im->summary.bytes += added.size;
    return AS_OK;
}

static as_code import_all(struct importer *im, as_err *err)
{
    struct line line = {0};
    struct archive_entry *e = NULL;
    bool more = true;
    as_code rc = load_manifest(im, err);

    if (!rc)
        rc = open_manifest(im, err);
    while (!rc && !(rc = next_line(im, &line, &more, err)) && more) {
        rc = next_entry(im, &e, err);
        if (!rc && !e)
            rc = broken("documents are missing", err);
        if (!rc)
            rc = is_as_told(&line, e, err);
        if (!rc)
            rc = add_document(im, &line, err);
    }
    as_buf_done(&line.name);
    as_buf_done(&line.asked);
    if (!rc)
        rc = next_entry(im, &e, err);
    return !rc && e ? broken("it holds more than its manifest says", err) : rc;
}

as_code as_store_import(as_store *s, as_read_fn *read, void *ctx,
                        const as_store_add_options *options, as_import_summary *ret, as_err *err)
{
    struct importer im = {
        .s = s, .read = read, .ctx = ctx, .options = options, .a = archive_read_new()};
    as_code rc;

    im.block = as_mem_get(BLOCK);
    if (!im.a || !im.block)
        rc = as_fail_nomem(err, "the import");
    else if (archive_read_support_format_tar(im.a) != ARCHIVE_OK ||
             archive_read_support_filter_zstd(im.a) != ARCHIVE_OK ||
             archive_read_open(im.a, &im, NULL, take_bytes, NULL) != ARCHIVE_OK)
        rc = failed(&im, err);
    else
        rc = import_all(&im, err);
    if (!rc)
        *ret = im.summary;
    as_json_free(im.json);
    as_source_free(im.lines);
    as_buf_done(&im.manifest);
    (void)archive_read_free(im.a);
    as_mem_free(im.block);
    return rc;
}
