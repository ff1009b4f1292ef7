#include "encode/models_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/banned.h"

#define CHUNK ((size_t)256 << 10)
#define SPARE ((uint64_t)16 << 20) /* left free on the disk */
#define DEPTH 16u

/* --- files --------------------------------------------------------------------------------- */

as_code as_write_all(int fd, as_bytes bytes, const char *what, as_err *err)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", what,
                           strerror(errno));
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return AS_OK;
}

int as_open_below(int fd, as_bytes path)
{
    char text[1025];
    struct stat st;
    int file;

    if (!as_path_plain(path) && !as_bytes_is(path, AS_MANIFEST_NAME)) {
        errno = EINVAL;
        return -1;
    }
    memcpy(text, path.p, path.n);
    text[path.n] = '\0';
    file = openat(fd, text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (file < 0)
        return -1;
    if (fstat(file, &st) == 0 && S_ISREG(st.st_mode))
        return file;
    (void)close(file);
    errno = EINVAL;
    return -1;
}

as_code as_read_below(int fd, as_bytes path, uint64_t most, as_arena *a, as_bytes *ret, as_err *err)
{
    int file = as_open_below(fd, path);
    char shown[64];
    struct stat st = {0};
    uint8_t *text = NULL;
    size_t got = 0;
    as_code rc = AS_OK;

    as_bytes_show(path, shown, sizeof(shown));
    if (file < 0 && errno == ENOENT)
        return AS_OK;
    if (file < 0 || fstat(file, &st))
        rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot read '%s'", shown);
    else if ((uint64_t)st.st_size > most)
        rc = as_fail(err, AS_LIMIT, AS_NO_OFFSET, "'%s' has more than %llu bytes", shown,
                     (unsigned long long)most);
    if (!rc && !(text = as_arena_take(a, (size_t)st.st_size + 1, 1)))
        rc = as_fail_nomem(err, "a file");
    while (!rc && got < (size_t)st.st_size) {
        ssize_t n = read(file, text + got, (size_t)st.st_size - got);

        if (n <= 0)
            rc = as_fail(err, AS_REFUSED, got, "cannot read '%s'", shown);
        else
            got += (size_t)n;
    }
    if (file >= 0)
        (void)close(file);
    if (!rc)
        *ret = (as_bytes){text, got};
    return rc;
}

as_code as_file_digest(int fd, const char *what, char text[AS_SHA256_HEX + 1], uint64_t *ret_size,
                       as_err *err)
{
    uint8_t *chunk = as_mem_get(CHUNK), digest[AS_SHA256_SIZE];
    as_sha256 *h = as_sha256_new();
    as_code rc = chunk && h ? AS_OK : as_fail_nomem(err, "a hash");
    uint64_t size = 0;
    ssize_t n = 1;

    while (!rc && n > 0) {
        n = pread(fd, chunk, CHUNK, (off_t)size);
        if (n < 0)
            rc = as_fail(err, AS_REFUSED, (size_t)size, "cannot read '%s': %s", what,
                         strerror(errno));
        if (n > 0)
            as_sha256_add(h, (as_bytes){chunk, (size_t)n});
        size += n > 0 ? (uint64_t)n : 0;
    }
    if (!rc) {
        as_sha256_get(h, digest);
        as_sha256_text(digest, text);
        *ret_size = size;
    }
    as_sha256_free(h);
    as_mem_free(chunk);
    return rc;
}

as_code as_disk_check(const char *path, uint64_t need, as_err *err)
{
    struct statvfs vfs;
    uint64_t there;

    if (statvfs(path, &vfs))
        return AS_OK; /* writing will tell */
    there = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    if (need <= there && there - need >= SPARE)
        return AS_OK;
    return as_fail(err, AS_IO, AS_NO_OFFSET, "%llu MB are needed in '%s', %llu MB are free",
                   (unsigned long long)((need + SPARE) / 1000000), path,
                   (unsigned long long)(there / 1000000));
}

/* --- folders --------------------------------------------------------------------------------- */

static bool remove_below(int fd, const char *name, unsigned depth)
{
    int folder = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = folder >= 0 ? fdopendir(folder) : NULL;
    bool fine = d && depth < DEPTH;
    struct dirent *e;

    while (fine && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(folder, e->d_name, 0) && (errno == EISDIR || errno == EPERM))
            fine = remove_below(folder, e->d_name, depth + 1);
    }
    if (d)
        (void)closedir(d);
    else if (folder >= 0)
        (void)close(folder);
    return unlinkat(fd, name, AT_REMOVEDIR) == 0 && fine;
}

bool as_folder_remove(const char *path)
{
    struct stat st;

    if (lstat(path, &st))
        return errno == ENOENT;
    if (!S_ISDIR(st.st_mode))
        return unlink(path) == 0;
    return remove_below(AT_FDCWD, path, 0);
}

static as_code make_folder(const char *path, as_err *err)
{
    as_buf text = {0};
    as_code rc = AS_OK;

    as_buf_text(&text, path);
    as_buf_byte(&text, '\0');
    if (text.failed)
        rc = as_fail_nomem(err, "a path");
    for (char *at = (char *)text.p; !rc && *at; at++) {
        char next = at[1];

        if (next != '/' && next != '\0')
            continue;
        at[1] = '\0';
        if (mkdir((const char *)text.p, 0777) && errno != EEXIST)
            rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make '%s': %s", (const char *)text.p,
                         strerror(errno));
        at[1] = next;
    }
    as_buf_done(&text);
    return rc;
}

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool fine = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    return fine;
}

/* --- staging ------------------------------------------------------------------------------------
 */

static as_code lock_folder(as_staging *s, as_err *err)
{
    const char *path = (const char *)s->path.p;
    struct stat here, there;

    if (mkdir(path, 0777) && errno != EEXIST)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make '%s': %s", path, strerror(errno));
    s->resumes = errno == EEXIST;
    s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (s->fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot open '%s': %s", path, strerror(errno));
    /* Renamed by its owner between the opening and the lock, it is no longer the one. */
    if (flock(s->fd, LOCK_EX | LOCK_NB) || fstat(s->fd, &here) || stat(path, &there) ||
        here.st_ino != there.st_ino)
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "another process is filling '%s'", path);
    return AS_OK;
}

static as_code empty_folder(const as_staging *s, as_err *err)
{
    DIR *d = fdopendir(dup(s->fd));
    struct dirent *e;
    bool fine = d != NULL;

    while (fine && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(s->fd, e->d_name, 0) && (errno == EISDIR || errno == EPERM))
            fine = remove_below(s->fd, e->d_name, 1);
    }
    if (d)
        (void)closedir(d);
    if (!fine)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot empty '%s'", (const char *)s->path.p);
    return AS_OK;
}

as_code as_staging_open(const char *folder, as_bytes name, bool resume, as_staging *ret,
                        as_err *err)
{
    as_staging s = {.folder = folder, .fd = -1};
    struct stat st;
    as_code rc;

    if (!as_model_name_ok(name))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "a model's name is letters, digits and '._-', at most %u; --name gives one",
                       AS_MODEL_NAME_MAX);
    as_buf_printf(&s.target, "%s/%.*s", folder, (int)name.n, (const char *)name.p);
    as_buf_byte(&s.target, '\0');
    as_buf_printf(&s.path, "%s/.%.*s.part", folder, (int)name.n, (const char *)name.p);
    as_buf_byte(&s.path, '\0');
    rc = s.target.failed || s.path.failed ? as_fail_nomem(err, "a path") : make_folder(folder, err);
    if (!rc && lstat((const char *)s.target.p, &st) == 0)
        rc = as_fail(err, AS_USAGE, AS_NO_OFFSET,
                     "a model '%.*s' is there already; 'assay model rm %.*s' removes it, --name "
                     "gives this one another name",
                     (int)name.n, (const char *)name.p, (int)name.n, (const char *)name.p);
    if (!rc)
        rc = lock_folder(&s, err);
    if (!rc && !resume)
        rc = empty_folder(&s, err);
    if (rc) {
        as_staging_close(&s, true);
        return rc;
    }
    *ret = s;
    return AS_OK;
}

as_code as_staging_create(const as_staging *s, as_bytes path, int *ret_fd, as_err *err)
{
    char text[1025];
    char *slash;

    if (!as_path_plain(path))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "a path that is not plain");
    memcpy(text, path.p, path.n);
    text[path.n] = '\0';
    slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
        (void)mkdirat(s->fd, text, 0777);
        *slash = '/';
    }
    *ret_fd = openat(s->fd, text, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (*ret_fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s' in '%s': %s", text,
                       (const char *)s->path.p, strerror(errno));
    return AS_OK;
}

as_code as_staging_commit(as_staging *s, const as_manifest *m, as_err *err)
{
    as_buf text = {0};
    as_code rc;
    int fd = -1;

    as_manifest_write(m, &text);
    rc = text.failed ? as_fail_nomem(err, "a manifest")
                     : as_staging_create(s, AS_LITERAL(AS_MANIFEST_NAME), &fd, err);
    if (!rc)
        rc = as_write_all(fd, as_buf_bytes(&text), AS_MANIFEST_NAME, err);
    if (!rc && (fsync(fd) || fsync(s->fd)))
        rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write the manifest: %s", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    if (!rc &&
        (rename((const char *)s->path.p, (const char *)s->target.p) || !sync_folder(s->folder)))
        rc = as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make '%s': %s", (const char *)s->target.p,
                     strerror(errno));
    as_buf_done(&text);
    return rc;
}

void as_staging_close(as_staging *s, bool keep)
{
    /* After the commit the path is no longer there, and there is nothing to remove. */
    if (!keep && s->fd >= 0)
        (void)as_folder_remove((const char *)s->path.p);
    if (s->fd >= 0)
        (void)close(s->fd);
    as_buf_done(&s->path);
    as_buf_done(&s->target);
    *s = (as_staging){.fd = -1};
}
