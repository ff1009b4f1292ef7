#include "encode/models_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define LEVELS 6u /* of a folder that is looked through */

/* --- material ------------------------------------------------------------------------------- */

as_code as_material_add(as_material *m, as_bytes path, uint64_t size, as_err *err)
{
    as_listed item = {.size = size};

    if (m->n == AS_MODEL_LISTED_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "'%s' holds more than %u files", m->path,
                       AS_MODEL_LISTED_MAX);
    if (!as_path_plain(path)) {
        m->passed_over++;
        return AS_OK;
    }
    if (as_arena_copy(m->a, path, &item.path) ||
        !as_mem_room((void **)&m->items, &m->cap, m->n, sizeof(*m->items)))
        return as_fail_nomem(err, "a list of files");
    m->items[m->n++] = item;
    return AS_OK;
}

void as_material_done(as_material *m)
{
    as_mem_free(m->items);
    *m = (as_material){0};
}

as_code as_manifest_of(const as_material *m, const as_pick *pick, as_manifest *ret, as_err *err)
{
    as_manifest out = {0};

    if (pick->n > AS_MODEL_FILES_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "a model of %zu files", pick->n);
    out.files = as_arena_take(m->a, pick->n, sizeof(*out.files));
    if (!out.files)
        return as_fail_nomem(err, "a manifest");
    out.n_files = pick->n;
    for (size_t i = 0; i < pick->n; i++) {
        const as_listed *item = &m->items[pick->files[i].item];
        char shown[64];

        if (item->size != UINT64_MAX && item->size > pick->files[i].size_max)
            return as_fail(
                err, AS_LIMIT, AS_NO_OFFSET, "'%s' has %llu bytes, at most %llu are taken",
                as_bytes_show(item->path, shown, sizeof(shown)), (unsigned long long)item->size,
                (unsigned long long)pick->files[i].size_max);
        out.files[i].path = pick->files[i].target;
        out.files[i].from = item->path;
        out.files[i].size = item->size;
    }
    *ret = out;
    return AS_OK;
}

/* --- the end of it ---------------------------------------------------------------------------- */

/* What stands in the place of weights where a download went wrong. */
static as_code look_at_weights(const as_staging *s, const as_model_file *f, as_err *err)
{
    static const char pointer[] = "version https://git-lfs";
    uint8_t head[32] = {0};
    int fd = as_open_below(s->fd, f->path);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : -1;
    bool safetensors = as_bytes_ends_nocase(f->path, ".safetensors");
    bool fine = n > 8 && (!safetensors || head[8] == '{') &&
                (!as_bytes_is(f->path, "pytorch_model.bin") || memcmp(head, "PK\3\4", 4) == 0) &&
                head[0] != '<';
    char shown[64];

    if (fd >= 0)
        (void)close(fd);
    as_bytes_show(f->from.n > 0 ? f->from : f->path, shown, sizeof(shown));
    if (memcmp(head, pointer, sizeof(pointer) - 1) == 0)
        return as_fail(err, AS_INVALID, 0,
                       "'%s' is a git-lfs pointer, and not the file it stands for", shown);
    if (!fine)
        return as_fail(err, AS_INVALID, 0, "'%s' does not begin as weights do", shown);
    return AS_OK;
}

static bool is_weights(as_bytes path)
{
    return as_bytes_ends_nocase(path, ".safetensors") || as_bytes_ends_nocase(path, ".onnx") ||
           as_bytes_is(path, "pytorch_model.bin");
}

as_code as_model_finish(as_staging *s, as_arena *a, as_bytes known_as, as_manifest *m, as_err *err)
{
    const as_profile *profile = as_profile_like(known_as);
    as_model_says says = {0};
    as_code rc = as_model_ask_files(s->fd, a, &says, err);

    if (!rc)
        rc = as_model_type_check(says.type, err);
    for (size_t i = 0; !rc && i < m->n_files; i++)
        if (is_weights(m->files[i].path))
            rc = look_at_weights(s, &m->files[i], err);
    if (rc)
        return rc;
    if (profile && profile->dim > 0 && says.dim > 0 && profile->dim != says.dim)
        profile = NULL; /* of another size: another model with a like name */
    if (m->licence.n == 0)
        m->licence = says.licence;
    if (profile && m->licence.n == 0)
        m->licence = as_bytes_of(profile->licence);
    m->profile = as_bytes_of(profile ? profile->name : NULL);
    return as_staging_commit(s, m, err);
}

/* --- names
 * ---------------------------------------------------------------------------------------- */

static bool generic(as_bytes text)
{
    static const char *const names[] = {
        "model", "models", "pytorch_model", "onnx", "snapshots", "model.safetensors.index", "."};

    for (size_t i = 0; i < AS_COUNT(names); i++)
        if (as_bytes_is(text, names[i]))
            return true;
    return text.n == 0;
}

static as_bytes without_tail(as_bytes base)
{
    static const char *const tails[] = {".safetensors", ".onnx", ".zip", ".whl",
                                        ".jar",         ".gz",   ".xz",  ".zst",
                                        ".tgz",         ".tar",  ".bin", ".index.json"};

    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < AS_COUNT(tails); i++)
            if (as_bytes_ends_nocase(base, tails[i]) && base.n > strlen(tails[i]))
                base.n -= strlen(tails[i]);
    return base;
}

/* "models--BAAI--bge-m3" is called bge-m3. */
static as_bytes without_owner(as_bytes text)
{
    const uint8_t *at = text.n > 8 && memcmp(text.p, "models--", 8) == 0
                            ? memmem(text.p + 8, text.n - 8, "--", 2)
                            : NULL;
    size_t skip = at ? (size_t)(at - text.p) + 2 : 0;

    return (as_bytes){text.p + skip, text.n - skip};
}

/* The weights' own name, else the nearest folder's that says something, else the archive's. */
static as_bytes known_as(const as_material *m, const as_pick *pick, const char *path)
{
    as_bytes name = without_tail(as_path_base(m->items[pick->weights].path));
    as_bytes folder = pick->root;

    while (generic(name) && folder.n > 0) {
        name = as_path_base(folder);
        folder = as_path_folder(folder);
    }
    if (!generic(name))
        return without_owner(name);
    folder = as_bytes_of(path);
    while (folder.n > 0) {
        name = without_tail(as_path_base(folder));
        folder = as_path_folder(folder);
        if (generic(name) ||
            (name.n == 40 && strspn((const char *)name.p, "0123456789abcdef") >= 40))
            continue;
        return without_owner(name);
    }
    return name;
}

/* --- the way
 * --------------------------------------------------------------------------------------- */

static void note_taken(const as_model_job *job, const as_manifest *m)
{
    char from[96], to[64];

    for (size_t i = 0; i < m->n_files; i++)
        as_model_note(
            job, "took %s as %s (%llu bytes)", as_bytes_show(m->files[i].from, from, sizeof(from)),
            as_bytes_show(m->files[i].path, to, sizeof(to)), (unsigned long long)m->files[i].size);
}

as_code as_model_take(const as_model_job *job, as_material *m, const as_pick *pick, bool archive,
                      as_bytes called, as_manifest *ret, as_err *err)
{
    as_manifest out = {0};
    as_staging s = {.fd = -1};
    uint64_t total = 0;
    as_code rc = as_manifest_of(m, pick, &out, err);

    out.source = ret->source;
    out.revision = ret->revision;
    if (!rc && job->name)
        out.name = as_bytes_of(job->name);
    else if (!rc)
        rc = as_model_name_of(called, m->a, &out.name, err);
    for (size_t i = 0; !rc && i < out.n_files; i++)
        total += out.files[i].size != UINT64_MAX ? out.files[i].size : 0;
    if (!rc)
        rc = as_staging_open(job->folder, out.name, false, &s, err);
    if (!rc)
        rc = as_disk_check((const char *)s.path.p, total, err);
    if (!rc)
        rc = archive ? as_archive_take(m, pick, job, &s, &out, err)
                     : as_folder_take(m, pick, job, &s, &out, err);
    if (!rc)
        rc = as_model_finish(&s, m->a, called, &out, err);
    as_staging_close(&s, rc == AS_OK);
    if (rc)
        return rc;
    note_taken(job, &out);
    if (m->passed_over > 0)
        as_model_note(job,
                      "%llu entries with hidden, absolute or dotted paths, links or devices "
                      "were passed over",
                      (unsigned long long)m->passed_over);
    *ret = out;
    return AS_OK;
}

static as_code open_material(as_material *m, const char *path, as_pick_rules *rules, bool *archive,
                             as_buf *folder, as_err *err)
{
    const char *slash = strrchr(path, '/');
    as_bytes base = as_path_base(as_bytes_of(path));
    bool weights = as_bytes_ends_nocase(base, ".onnx") ||
                   as_bytes_ends_nocase(base, ".safetensors") ||
                   as_bytes_is(base, "pytorch_model.bin");
    struct stat st;
    as_code rc;

    m->path = path;
    if (stat(path, &st))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", path,
                       strerror(errno));
    *archive = !S_ISDIR(st.st_mode) && !weights;
    if (*archive)
        return S_ISREG(st.st_mode) ? as_archive_list(m, err)
                                   : as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                                             "'%s' is neither a file nor a folder", path);
    if (S_ISDIR(st.st_mode))
        return as_folder_list(m, LEVELS, err);
    /* A file alone: its folder, and nothing but it for the weights. */
    if (slash)
        as_buf_add(folder, (as_bytes){(const uint8_t *)path, (size_t)(slash - path)});
    as_buf_text(folder, slash == path ? "/" : slash ? "" : ".");
    as_buf_byte(folder, '\0');
    if (folder->failed)
        return as_fail_nomem(err, "a path");
    m->path = (const char *)folder->p;
    rc = as_folder_list(m, 2, err);
    for (size_t i = 0; !rc && i < m->n; i++)
        if (as_bytes_eq(m->items[i].path, base))
            rules->only = i;
    if (!rc && rules->only == SIZE_MAX)
        rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "'%s' is no plain file", path);
    return rc;
}

as_code as_model_import(const as_model_job *job, const char *path, as_arena *a, as_manifest *ret,
                        as_err *err)
{
    as_material m = {.a = a};
    as_pick_rules rules = {.only = SIZE_MAX};
    as_manifest out = {0};
    as_pick pick = {0};
    as_buf folder = {0};
    bool archive = false;
    as_code rc = open_material(&m, path, &rules, &archive, &folder, err);

    if (!rc)
        rc = as_model_pick(m.items, m.n, &rules, a, &pick, err);
    if (!rc && as_arena_copy(a, as_bytes_of(path), &out.source))
        rc = as_fail_nomem(err, "a path");
    if (!rc)
        rc = as_model_take(job, &m, &pick, archive, known_as(&m, &pick, m.root[0] ? m.root : path),
                           &out, err);
    as_material_done(&m);
    as_buf_done(&folder);
    if (!rc)
        *ret = out;
    return rc;
}
