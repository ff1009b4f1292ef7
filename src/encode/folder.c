#include "encode/models_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define CHUNK ((size_t)256 << 10)

/*
 * The cache of a hub has links from its snapshots to its blobs, so links are followed, but
 * never out of the folder that was named. A snapshot's blobs are two levels above it.
 */
static bool find_root(const char *path, char root[PATH_MAX])
{
    const char *model;
    char *at;

    if (!realpath(path, root))
        return false;
    at = strstr(root, "/snapshots/");
    model = strstr(root, "/models--");
    if (at && model && model < at)
        *at = '\0';
    return true;
}

static bool inside(const char *root, const char *path)
{
    char real[PATH_MAX];
    size_t n = strlen(root);

    return realpath(path, real) && strncmp(real, root, n) == 0 &&
           (real[n] == '/' || real[n] == '\0' || n == 1);
}

static as_code list_below(as_material *m, const char *below, unsigned depth, as_err *err);

static as_code list_one(as_material *m, const char *below, const char *name, unsigned depth,
                        as_err *err)
{
    char path[PATH_MAX], item[PATH_MAX];
    int n = snprintf(item, sizeof(item), "%s%s%s", below, *below ? "/" : "", name);
    int k = snprintf(path, sizeof(path), "%s/%s", m->path, item);
    struct stat st;

    if (n < 0 || k < 0 || (size_t)k >= sizeof(path) || name[0] == '.')
        return AS_OK;
    if (lstat(path, &st) || (S_ISLNK(st.st_mode) && (!inside(m->root, path) || stat(path, &st)))) {
        m->passed_over++;
        return AS_OK;
    }
    if (S_ISDIR(st.st_mode))
        return depth > 1 ? list_below(m, item, depth - 1, err) : AS_OK;
    if (S_ISREG(st.st_mode))
        return as_material_add(m, as_bytes_of(item), (uint64_t)st.st_size, err);
    m->passed_over++;
    return AS_OK;
}

static as_code list_below(as_material *m, const char *below, unsigned depth, as_err *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", m->path, below);
    DIR *d = n > 0 && (size_t)n < sizeof(path) ? opendir(path) : NULL;
    struct dirent *e;
    as_code rc = AS_OK;

    if (!d)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot read the folder '%s'", path);
    while (!rc && (e = readdir(d)))
        rc = list_one(m, below, e->d_name, depth, err);
    (void)closedir(d);
    return rc;
}

as_code as_folder_list(as_material *m, unsigned depth, as_err *err)
{
    if (!find_root(m->path, m->root))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", m->path,
                       strerror(errno));
    return list_below(m, "", depth, err);
}

static as_code copy_one(int from, int to, const as_model_job *job, as_model_file *f, uint64_t most,
                        uint64_t *done, uint64_t total, as_err *err)
{
    uint8_t *chunk = as_mem_get(CHUNK), digest[AS_SHA256_SIZE];
    as_sha256 *h = as_sha256_new();
    as_code rc = chunk && h ? AS_OK : as_fail_nomem(err, "a copy");
    char shown[64];
    ssize_t n = 1;

    f->size = 0;
    as_bytes_show(f->from, shown, sizeof(shown));
    while (!rc && (n = read(from, chunk, CHUNK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = as_fail(err, AS_REFUSED, (size_t)f->size, "cannot read '%s': %s", shown,
                         strerror(errno));
        else if ((uint64_t)n > most - f->size)
            rc = as_fail(err, AS_LIMIT, (size_t)most, "'%s' grows while it is read", shown);
        else
            rc = as_write_all(to, (as_bytes){chunk, (size_t)n}, shown, err);
        if (rc)
            break;
        as_sha256_add(h, (as_bytes){chunk, (size_t)n});
        f->size += (uint64_t)n;
        *done += (uint64_t)n;
        if (job->at)
            job->at(job->ctx, *done, total);
    }
    if (!rc && fsync(to))
        rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", shown, strerror(errno));
    if (!rc) {
        as_sha256_get(h, digest);
        as_sha256_text(digest, f->sha256);
    }
    as_sha256_free(h);
    as_mem_free(chunk);
    return rc;
}

as_code as_folder_take(const as_material *m, const as_pick *pick, const as_model_job *job,
                       as_staging *s, as_manifest *manifest, as_err *err)
{
    uint64_t done = 0, total = 0;
    as_code rc = AS_OK;

    for (size_t i = 0; i < manifest->n_files; i++)
        total += manifest->files[i].size;
    for (size_t i = 0; !rc && i < pick->n; i++) {
        as_model_file *f = &manifest->files[i];
        char path[PATH_MAX];
        int n = snprintf(path, sizeof(path), "%s/%.*s", m->path, (int)f->from.n,
                         (const char *)f->from.p);
        int from = -1, to = -1;

        if (n > 0 && (size_t)n < sizeof(path) && inside(m->root, path))
            from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (from < 0)
            rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s'", path);
        if (!rc)
            rc = as_staging_create(s, f->path, &to, err);
        if (!rc)
            rc = copy_one(from, to, job, f, pick->files[i].size_max, &done, total, err);
        if (from >= 0)
            (void)close(from);
        if (to >= 0)
            (void)close(to);
    }
    return rc;
}
