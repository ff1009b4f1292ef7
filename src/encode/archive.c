#include "encode/models_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define CHUNK   ((size_t)256 << 10)
#define FREE_OF ((uint64_t)64 << 20) /* no ratio is asked for below it */

struct opened {
    struct archive *a;
    const char *path;
    uint64_t packed;
    uint64_t out; /* bytes unpacked */
    bool stream;  /* no list of entries: what is passed over is unpacked too */
    uint8_t *chunk;
    locale_t utf8, before;
};

static as_code fail_archive(const struct opened *o, as_err *err)
{
    const char *why = archive_error_string(o->a);
    char shown[96];

    as_bytes_show(as_bytes_of(why ? why : "damaged"), shown, sizeof(shown));
    if (archive_errno(o->a) == ENOMEM)
        return as_fail_nomem(err, "an archive");
    return as_fail(err, AS_INVALID, AS_NO_OFFSET, "'%s': %s", o->path, shown);
}

static void close_archive(struct opened *o)
{
    if (o->a)
        (void)archive_read_free(o->a);
    if (o->before)
        (void)uselocale(o->before);
    if (o->utf8)
        freelocale(o->utf8);
    as_mem_free(o->chunk);
    *o = (struct opened){0};
}

static as_code open_archive(struct opened *o, const char *path, as_err *err)
{
    struct stat st;

    *o = (struct opened){.path = path};
    o->chunk = as_mem_get(CHUNK);
    o->a = archive_read_new();
    /* Names in UTF-8 come out as they are only in such a locale. */
    o->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (o->utf8)
        o->before = uselocale(o->utf8);
    if (!o->chunk || !o->a)
        return as_fail_nomem(err, "an archive");
    if (stat(path, &st))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", path,
                       strerror(errno));
    o->packed = (uint64_t)st.st_size;
    /* A zip without its list at the end is cut short: its entries alone do not say so. */
    if (archive_read_support_format_zip_seekable(o->a) || archive_read_support_format_tar(o->a) ||
        archive_read_support_filter_gzip(o->a) || archive_read_support_filter_xz(o->a) ||
        archive_read_support_filter_zstd(o->a) || archive_read_support_filter_bzip2(o->a))
        return fail_archive(o, err);
    if (archive_read_open_filename(o->a, path, CHUNK) != ARCHIVE_OK)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "'%s' is no folder, no *.safetensors or *.onnx, and no archive (zip, whl, "
                       "jar, tar) that can be read",
                       path);
    return AS_OK;
}

static as_code count(struct opened *o, uint64_t more, as_err *err)
{
    o->out += more;
    if (o->out > FREE_OF && o->out / AS_MODEL_RATIO_MAX > o->packed)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "'%s' unpacks to more than %u times its size",
                       o->path, AS_MODEL_RATIO_MAX);
    if (o->out > 2 * AS_MODEL_WEIGHTS_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "'%s' unpacks to more than %llu bytes", o->path,
                       2 * (unsigned long long)AS_MODEL_WEIGHTS_MAX);
    return AS_OK;
}

/* An entry's bytes to `fd`, or to nowhere (-1). */
static as_code drain(struct opened *o, int fd, as_sha256 *h, uint64_t most, uint64_t *ret_size,
                     as_err *err)
{
    as_code rc = AS_OK;
    la_ssize_t n;

    *ret_size = 0;
    while (!rc && (n = archive_read_data(o->a, o->chunk, CHUNK)) != 0) {
        as_bytes piece = {o->chunk, n > 0 ? (size_t)n : 0};

        if (n < 0)
            return fail_archive(o, err);
        rc = count(o, piece.n, err);
        if (!rc && piece.n > most - *ret_size)
            rc = as_fail(err, AS_LIMIT, AS_NO_OFFSET, "an entry of more than %llu bytes",
                         (unsigned long long)most);
        if (!rc && h)
            as_sha256_add(h, piece);
        if (!rc && fd >= 0)
            rc = as_write_all(fd, piece, "the model", err);
        *ret_size += piece.n;
    }
    return rc;
}

/* NULL: nothing that is taken (a folder, a link, a device, no name). */
static const char *file_name(struct archive_entry *e)
{
    const char *name = archive_entry_pathname(e);

    if (!name)
        name = archive_entry_pathname_utf8(e);
    if (archive_entry_hardlink(e) || archive_entry_symlink(e))
        return NULL;
    if (archive_entry_filetype(e) != AE_IFREG && archive_entry_filetype(e) != 0)
        return NULL;
    /* "./a" of tar is a. */
    return name && name[0] == '.' && name[1] == '/' ? name + 2 : name;
}

static as_code next_entry(struct opened *o, struct archive_entry **ret, bool *ret_more, as_err *err)
{
    int said = archive_read_next_header(o->a, ret);

    *ret_more = said != ARCHIVE_EOF;
    if (said == ARCHIVE_OK || said == ARCHIVE_WARN || said == ARCHIVE_EOF)
        return AS_OK;
    return fail_archive(o, err);
}

static as_code list_entry(struct opened *o, as_material *m, struct archive_entry *e, as_err *err)
{
    const char *name = file_name(e);
    uint64_t size = archive_entry_size_is_set(e) ? (uint64_t)archive_entry_size(e) : UINT64_MAX;
    uint64_t got;

    if (archive_entry_is_encrypted(e))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "'%s' is encrypted", m->path);
    if (!name && archive_entry_filetype(e) != AE_IFDIR)
        m->passed_over++;
    /* A zip has its list; in a tar the way to the next name leads through the bytes. */
    if (archive_filter_count(o->a) > 1) {
        as_code rc = drain(o, -1, NULL, AS_MODEL_WEIGHTS_MAX, &got, err);

        if (rc)
            return rc;
    }
    return name ? as_material_add(m, as_bytes_of(name), size, err) : AS_OK;
}

as_code as_archive_list(as_material *m, as_err *err)
{
    struct opened o;
    struct archive_entry *e;
    bool more = true;
    uint64_t entries = 0;
    as_code rc = open_archive(&o, m->path, err);

    while (!rc && !(rc = next_entry(&o, &e, &more, err)) && more) {
        if (++entries > AS_MODEL_LISTED_MAX)
            rc = as_fail(err, AS_LIMIT, AS_NO_OFFSET, "'%s' holds more than %u entries", m->path,
                         AS_MODEL_LISTED_MAX);
        else
            rc = list_entry(&o, m, e, err);
    }
    close_archive(&o);
    return rc;
}

static as_code take_entry(struct opened *o, const as_picked *picked, const as_model_job *job,
                          as_staging *s, as_model_file *f, as_err *err)
{
    as_sha256 *h = as_sha256_new();
    uint8_t digest[AS_SHA256_SIZE];
    uint64_t size = 0, told = f->size;
    int fd = -1;
    as_code rc = h ? as_staging_create(s, f->path, &fd, err) : as_fail_nomem(err, "a hash");

    if (!rc)
        rc = drain(o, fd, h, picked->size_max, &size, err);
    if (!rc && told != UINT64_MAX && size != told)
        rc = as_fail(err, AS_INVALID, (size_t)size, "an entry of %llu bytes, and %llu are told",
                     (unsigned long long)size, (unsigned long long)told);
    if (!rc && fsync(fd))
        rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write the model: %s", strerror(errno));
    if (!rc) {
        as_sha256_get(h, digest);
        as_sha256_text(digest, f->sha256);
        f->size = size;
        if (job->at)
            job->at(job->ctx, o->out, 0);
    }
    if (fd >= 0)
        (void)close(fd);
    as_sha256_free(h);
    return rc;
}

as_code as_archive_take(const as_material *m, const as_pick *pick, const as_model_job *job,
                        as_staging *s, as_manifest *manifest, as_err *err)
{
    struct opened o;
    struct archive_entry *e;
    size_t taken = 0;
    bool more = true;
    as_code rc = open_archive(&o, m->path, err);

    while (!rc && taken < pick->n && !(rc = next_entry(&o, &e, &more, err)) && more) {
        const char *name = file_name(e);

        for (size_t i = 0; !rc && name && i < pick->n; i++) {
            /* A name that is there twice is taken once: the first. */
            if (manifest->files[i].sha256[0] || !as_bytes_is(manifest->files[i].from, name))
                continue;
            rc = take_entry(&o, &pick->files[i], job, s, &manifest->files[i], err);
            taken++;
            break;
        }
    }
    if (!rc && taken < pick->n)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "'%s' changed while it was read", m->path);
    close_archive(&o);
    return rc;
}
