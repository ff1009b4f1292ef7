#include "encode/models_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MANIFEST_MAX ((uint64_t)1 << 20)

static int open_model(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static as_code load(int fd, const char *name, as_arena *a, as_manifest *ret, as_err *err)
{
    as_bytes text = {0};
    as_err why = {0};
    as_code rc = as_read_below(fd, AS_LITERAL(AS_MANIFEST_NAME), MANIFEST_MAX, a, &text, err);

    if (rc)
        return rc;
    if (text.n == 0)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "'%s' has no " AS_MANIFEST_NAME, name);
    rc = as_manifest_read(text, a, ret, &why);
    if (rc)
        return as_fail(err, rc, why.offset, "'%s', " AS_MANIFEST_NAME ": %s", name, why.msg);
    return AS_OK;
}

as_code as_manifest_load(const char *folder, const char *name, as_arena *a, as_manifest *ret,
                         as_err *err)
{
    int fd = as_model_name_ok(as_bytes_of(name)) ? open_model(folder, name) : -1;
    as_code rc;

    if (fd < 0)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                       "no model '%s'; 'assay model list' lists what is there", name);
    rc = load(fd, name, a, ret, err);
    (void)close(fd);
    return rc;
}

/* --- listing ------------------------------------------------------------------------------- */

/* Bytes of all below, and what kind of weights are among them. */
static uint64_t measure(int fd, as_model_row *row, unsigned depth)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    uint64_t sum = 0;
    struct dirent *e;

    while (d && (e = readdir(d))) {
        as_bytes name = as_bytes_of(e->d_name);
        struct stat st;

        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        if (S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_size;
        if (as_bytes_ends_nocase(name, ".safetensors"))
            row->format = "safetensors";
        else if (as_bytes_ends_nocase(name, ".onnx") && !row->format)
            row->format = "onnx";
        else if (as_bytes_is(name, "pytorch_model.bin") && !row->format)
            row->format = "torch";
        if (S_ISDIR(st.st_mode) && e->d_name[0] != '.' && depth > 0) {
            int below = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

            sum += below >= 0 ? measure(below, row, depth - 1) : 0;
            if (below >= 0)
                (void)close(below);
        }
    }
    if (d)
        (void)closedir(d);
    else if (again >= 0)
        (void)close(again);
    return sum;
}

static bool is_whole(int fd, const as_manifest *m)
{
    for (size_t i = 0; i < m->n_files; i++) {
        int file = as_open_below(fd, m->files[i].path);
        struct stat st;
        bool same = file >= 0 && fstat(file, &st) == 0 && (uint64_t)st.st_size == m->files[i].size;

        if (file >= 0)
            (void)close(file);
        if (!same)
            return false;
    }
    return true;
}

static as_code tell_one(int fd, as_bytes name, bool partial, as_arena *a, as_model_each_fn *each,
                        void *ctx, as_err *err)
{
    as_model_row row = {.state = partial ? AS_MODEL_PARTIAL : AS_MODEL_WHOLE};
    as_model_says says = {0};
    char text[AS_MODEL_NAME_MAX + 1];
    as_code rc = AS_OK;

    (void)snprintf(text, sizeof(text), "%.*s", (int)name.n, (const char *)name.p);
    if (!partial)
        rc = load(fd, text, a, &row.manifest, NULL);
    if (rc == AS_NOMEM)
        return as_fail_nomem(err, "a list of models");
    if (rc)
        row.state = rc == AS_NOT_FOUND ? AS_MODEL_FOREIGN : AS_MODEL_DAMAGED;
    else if (!partial && !is_whole(fd, &row.manifest))
        row.state = AS_MODEL_DAMAGED;
    row.manifest.name = name; /* the folder's counts */
    row.bytes = measure(fd, &row, 2);
    if (as_model_ask_files(fd, a, &says, NULL) && row.state == AS_MODEL_WHOLE)
        row.state = AS_MODEL_DAMAGED;
    row.profile = row.manifest.profile.n > 0 ? as_profile_find(row.manifest.profile) : NULL;
    if (!row.profile)
        row.profile = as_profile_find(name);
    row.dim = says.dim ? says.dim : row.profile ? row.profile->dim : 0;
    row.type = says.type;
    if (row.manifest.licence.n == 0)
        row.manifest.licence = says.licence;
    return each(ctx, &row, err);
}

/* ".NAME.part" is a pull that broke off. */
static as_bytes name_of(const char *entry, bool *ret_partial)
{
    as_bytes name = as_bytes_of(entry);

    *ret_partial = name.n > 6 && name.p[0] == '.' && as_bytes_ends_nocase(name, ".part");
    if (*ret_partial)
        name = (as_bytes){name.p + 1, name.n - 6};
    return name;
}

/* Names of entries, sorted; `a` owns them. */
struct names {
    as_bytes *p;
    size_t n, cap;
};

static int by_name(const void *x, const void *y)
{
    return as_bytes_cmp(*(const as_bytes *)x, *(const as_bytes *)y);
}

static as_code list_names(DIR *d, as_arena *a, struct names *names, as_err *err)
{
    struct dirent *e;

    while ((e = readdir(d))) {
        as_bytes name = as_bytes_of(e->d_name);

        name.n++; /* with its NUL */
        if (!as_mem_room((void **)&names->p, &names->cap, names->n, sizeof(*names->p)) ||
            as_arena_copy(a, name, &names->p[names->n]))
            return as_fail_nomem(err, "a list of models");
        names->n++;
    }
    if (names->n > 0)
        qsort(names->p, names->n, sizeof(*names->p), by_name);
    return AS_OK;
}

static as_code tell_entry(const char *folder, const char *entry, as_model_each_fn *each, void *ctx,
                          as_err *err)
{
    bool partial;
    as_bytes name = name_of(entry, &partial);
    int fd = as_model_name_ok(name) ? open_model(folder, entry) : -1;
    as_arena *a;
    as_code rc;

    if (fd < 0)
        return AS_OK;
    a = as_arena_new(AS_MODEL_ARENA_MAX);
    rc =
        a ? tell_one(fd, name, partial, a, each, ctx, err) : as_fail_nomem(err, "a list of models");
    as_arena_free(a);
    (void)close(fd);
    return rc;
}

as_code as_models_each(const char *folder, as_model_each_fn *each, void *ctx, as_err *err)
{
    as_arena *a = as_arena_new(AS_MODEL_ARENA_MAX);
    struct names names = {0};
    DIR *d = opendir(folder);
    as_code rc = a ? AS_OK : as_fail_nomem(err, "a list of models");

    if (!d && errno != ENOENT)
        rc =
            as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot read '%s': %s", folder, strerror(errno));
    if (!rc && d)
        rc = list_names(d, a, &names, err);
    for (size_t i = 0; !rc && i < names.n; i++)
        rc = tell_entry(folder, (const char *)names.p[i].p, each, ctx, err);
    if (d)
        (void)closedir(d);
    as_mem_free(names.p);
    as_arena_free(a);
    return rc;
}

/* --- verifying ------------------------------------------------------------------------------ */

static const char *verify_file(int fd, const as_model_file *f)
{
    int file = as_open_below(fd, f->path);
    char digest[AS_SHA256_HEX + 1];
    struct stat st;
    uint64_t size;
    const char *why = NULL;

    if (file < 0)
        return errno == ENOENT ? "missing" : "unreadable";
    if (fstat(file, &st) || (uint64_t)st.st_size != f->size)
        why = "size";
    else if (as_file_digest(file, "a file", digest, &size, NULL))
        why = "unreadable";
    else if (strcmp(digest, f->sha256) != 0)
        why = "hash";
    (void)close(file);
    return why;
}

static bool is_listed(const as_manifest *m, as_bytes path)
{
    for (size_t i = 0; i < m->n_files; i++) {
        as_bytes file = m->files[i].path;

        /* A folder that a listed file is in. */
        if (as_bytes_eq(file, path) ||
            (file.n > path.n && file.p[path.n] == '/' && memcmp(file.p, path.p, path.n) == 0))
            return true;
    }
    return as_bytes_is(path, AS_MANIFEST_NAME);
}

/* What lies there and is in no manifest could be read in place of what is. */
static size_t tell_unlisted(int fd, const char *below, const as_manifest *m, as_verify_fn *each,
                            void *ctx)
{
    int again = openat(fd, *below ? below : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    size_t found = 0;
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char path[600];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s%s%s", below, *below ? "/" : "", e->d_name);
        if (!is_listed(m, as_bytes_of(path))) {
            each(ctx, as_bytes_of(path), "unlisted");
            found++;
        } else if (e->d_type == DT_DIR && !*below) {
            found += tell_unlisted(fd, path, m, each, ctx);
        }
    }
    if (d)
        (void)closedir(d);
    else if (again >= 0)
        (void)close(again);
    return found;
}

as_code as_model_verify(const char *folder, const char *name, as_verify_fn *each, void *ctx,
                        as_err *err)
{
    as_arena *a = as_arena_new(AS_MODEL_ARENA_MAX);
    as_manifest m = {0};
    size_t bad = 0;
    int fd = -1;
    as_code rc = a ? as_manifest_load(folder, name, a, &m, err) : as_fail_nomem(err, "a manifest");

    if (!rc && (fd = open_model(folder, name)) < 0)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no model '%s'", name);
    for (size_t i = 0; !rc && i < m.n_files; i++) {
        const char *why = verify_file(fd, &m.files[i]);

        bad += why ? 1 : 0;
        each(ctx, m.files[i].path, why);
    }
    if (!rc)
        bad += tell_unlisted(fd, "", &m, each, ctx);
    if (!rc && bad > 0)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "model '%s': %zu %s not as the manifest says",
                     name, bad, bad == 1 ? "file is" : "files are");
    if (fd >= 0)
        (void)close(fd);
    as_arena_free(a);
    return rc;
}

/* --- removing -------------------------------------------------------------------------------- */

static as_code remove_partial(const char *path, bool *ret_any, as_err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    as_code rc = AS_OK;

    if (fd < 0)
        return AS_OK;
    if (flock(fd, LOCK_EX | LOCK_NB))
        rc = as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "another process is filling '%s'", path);
    else if (!as_folder_remove(path))
        rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot remove '%s': %s", path, strerror(errno));
    *ret_any |= rc == AS_OK;
    (void)close(fd);
    return rc;
}

as_code as_model_remove(const char *folder, const char *name, as_err *err)
{
    char path[PATH_MAX], gone[PATH_MAX];
    bool any = false;
    struct stat st;
    as_code rc = AS_OK;

    if (!as_model_name_ok(as_bytes_of(name)) ||
        snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
        snprintf(gone, sizeof(gone), "%s/.%s.part", folder, name) >= (int)sizeof(gone))
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no model '%s'", name);
    rc = remove_partial(gone, &any, err);
    if (rc || lstat(path, &st))
        return rc || any ? rc
                         : as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                                   "no model '%s'; 'assay model list' lists what is there", name);
    /* It is gone at once; what a killed process leaves of it is a partial one. */
    if (S_ISDIR(st.st_mode) && rename(path, gone) == 0)
        (void)snprintf(path, sizeof(path), "%s", gone);
    if (!as_folder_remove(path))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot remove '%s': %s", path, strerror(errno));
    return AS_OK;
}
