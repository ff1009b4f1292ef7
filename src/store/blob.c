#include "store/blob_priv.h"

#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define FOLDERS     256u /* "00" to "ff": the first byte of the hash */
#define PATH_SIZE   (3 + AS_SHA256_HEX + sizeof(".zst"))
#define FRESH_START ".new-"
#define FRESH_SIZE  (sizeof(FRESH_START) + 16)
#define FRESH_TRIES 100
#define CHUNK       ((size_t)64 << 10)
/* From so many on, one flush of the whole file system costs less than one for each file. */
#define SYNC_EACH_MAX ((size_t)8)

struct as_blobs {
    char *folder;
    int root;
    bool writes;
    as_packer *packer;
    as_buf unsynced; /* digests of what as_blobs_sync() has to do */
    bool root_unsynced;
    bool folder_unsynced[FOLDERS];
    as_frames *last; /* what as_blob_read() read from last */
    uint8_t last_sha256[AS_SHA256_SIZE];
};

static void path_of(const uint8_t sha256[AS_SHA256_SIZE], char path[PATH_SIZE])
{
    char hex[AS_SHA256_HEX + 1];

    as_sha256_text(sha256, hex);
    (void)snprintf(path, PATH_SIZE, "%02x/%s.zst", sha256[0], hex);
}

static as_code fail_io(const as_blobs *b, const char *what, int error, as_err *err)
{
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot %s '%s': %s", what, b->folder,
                   strerror(error));
}

static as_code sync_fd(const as_blobs *b, int fd, as_err *err)
{
    int rc;

    do
        rc = fsync(fd);
    while (rc && errno == EINTR);
    return rc ? fail_io(b, "write to", errno, err) : AS_OK;
}

/* --- the folder ------------------------------------------------------------------------- */

/* A folder is there for good once the one that names it is synced. */
static as_code sync_parent(const as_blobs *b, as_err *err)
{
    int fd = openat(b->root, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    as_code rc;

    if (fd < 0)
        return fail_io(b, "open what holds", errno, err);
    rc = sync_fd(b, fd, err);
    (void)close(fd);
    return rc;
}

static as_code open_root(as_blobs *b, bool create, as_err *err)
{
    bool made = create && !mkdir(b->folder, 0777);

    if (create && !made && errno != EEXIST)
        return fail_io(b, "make the folder", errno, err);
    b->root = open(b->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b->root < 0 && errno == ENOENT)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "there is no folder '%s'", b->folder);
    if (b->root < 0)
        return fail_io(b, "open", errno, err);
    return made ? sync_parent(b, err) : AS_OK;
}

as_code as_blobs_open(const char *folder, bool create, as_blobs **ret, as_err *err)
{
    as_blobs *b = as_mem_zero(1, sizeof(*b));
    as_code rc;

    if (!b)
        return as_fail_nomem(err, "the blobs");
    b->root = -1;
    b->writes = create;
    b->folder = as_mem_get(strlen(folder) + 1);
    if (b->folder) {
        memcpy(b->folder, folder, strlen(folder) + 1);
        rc = open_root(b, create, err);
    } else {
        rc = as_fail_nomem(err, "the blobs");
    }
    if (rc) {
        as_blobs_close(b);
        return rc;
    }
    *ret = b;
    return AS_OK;
}

static void forget_last(as_blobs *b)
{
    as_frames_free(b->last);
    b->last = NULL;
}

void as_blobs_close(as_blobs *b)
{
    if (!b)
        return;
    forget_last(b);
    as_packer_free(b->packer);
    as_buf_done(&b->unsynced);
    if (b->root >= 0)
        (void)close(b->root);
    as_mem_free(b->folder);
    as_mem_free(b);
}

/* --- reading ---------------------------------------------------------------------------- */

static as_code open_frames(const as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_frames **ret,
                           as_err *err)
{
    char path[PATH_SIZE], hex[AS_SHA256_HEX + 1];
    as_code rc;
    int fd;

    path_of(sha256, path);
    as_sha256_text(sha256, hex);
    /* O_NONBLOCK: a FIFO in its place must not hang us before it is seen to be one. */
    fd = openat(b->root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "blob '%s' is missing", hex);
    if (fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot open blob '%s': %s", hex, strerror(errno));
    rc = as_frames_open(fd, hex, ret, err);
    if (rc)
        (void)close(fd);
    return rc;
}

struct stream {
    as_frames *frames;
    uint64_t at;
};

static as_code stream_read(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct stream *s = ctx;
    uint64_t left = as_frames_size(s->frames) - s->at;
    size_t n = left < cap ? (size_t)left : cap;
    as_code rc = as_frames_read(s->frames, s->at, dst, n, err);

    if (rc)
        return rc;
    s->at += n;
    *ret_n = n;
    return AS_OK;
}

static void stream_done(void *ctx)
{
    struct stream *s = ctx;

    as_frames_free(s->frames);
    as_mem_free(s);
}

as_code as_blob_open(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_source **ret,
                     as_err *err)
{
    struct stream *s = as_mem_zero(1, sizeof(*s));
    char hex[AS_SHA256_HEX + 1];
    as_code rc;

    if (!s)
        return as_fail_nomem(err, "a blob");
    as_sha256_text(sha256, hex);
    rc = open_frames(b, sha256, &s->frames, err);
    /* Plain: the unpacked input may itself begin like a gzip file. */
    if (!rc)
        rc = as_source_open_plain(hex, stream_read, stream_done, s, as_frames_size(s->frames), ret,
                                  err);
    if (rc)
        stream_done(s);
    return rc;
}

as_code as_blob_read(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], uint64_t begin,
                     uint8_t *dst, size_t n, as_err *err)
{
    if (!b->last || memcmp(b->last_sha256, sha256, AS_SHA256_SIZE) != 0) {
        as_frames *frames = NULL;
        as_code rc = open_frames(b, sha256, &frames, err);

        if (rc)
            return rc;
        as_frames_inherit(frames, b->last);
        forget_last(b);
        b->last = frames;
        memcpy(b->last_sha256, sha256, AS_SHA256_SIZE);
    }
    return as_frames_read(b->last, begin, dst, n, err);
}

static as_code hash_frames(as_frames *f, const char *hex, const uint8_t want[AS_SHA256_SIZE],
                           as_err *err)
{
    uint8_t *chunk = as_mem_get(CHUNK), got[AS_SHA256_SIZE];
    as_sha256 *h = as_sha256_new();
    as_code rc = AS_OK;

    if (!chunk || !h)
        rc = as_fail_nomem(err, "checking a blob");
    for (uint64_t at = 0; !rc && at < as_frames_size(f);) {
        uint64_t left = as_frames_size(f) - at;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;

        rc = as_frames_read(f, at, chunk, n, err);
        if (!rc)
            as_sha256_add(h, (as_bytes){chunk, n});
        at += n;
    }
    if (!rc) {
        as_sha256_get(h, got);
        if (memcmp(got, want, AS_SHA256_SIZE) != 0)
            rc = as_fail(err, AS_INVALID, AS_NO_OFFSET,
                         "blob '%s' is damaged: its bytes have another hash", hex);
    }
    as_sha256_free(h);
    as_mem_free(chunk);
    return rc;
}

as_code as_blob_check(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_blob_info *ret,
                      as_err *err)
{
    char hex[AS_SHA256_HEX + 1];
    as_frames *f = NULL;
    as_code rc = open_frames(b, sha256, &f, err);

    if (rc)
        return rc;
    as_sha256_text(sha256, hex);
    rc = hash_frames(f, hex, sha256, err);
    if (!rc) {
        *ret = (as_blob_info){.size = as_frames_size(f), .stored = as_frames_stored(f)};
        ret->was_there = true;
        memcpy(ret->sha256, sha256, AS_SHA256_SIZE);
    }
    as_frames_free(f);
    return rc;
}

/* --- writing ---------------------------------------------------------------------------- */

/*
 * A file that is being written: under a name that no blob has, and locked, so that what a
 * killed writer left is told from what a living one is at.
 */
struct fresh {
    int fd;
    char name[FRESH_SIZE];
};

static void fresh_drop(const as_blobs *b, struct fresh *f)
{
    (void)unlinkat(b->root, f->name, 0);
    (void)close(f->fd);
}

static as_code fresh_make(const as_blobs *b, struct fresh *f, as_err *err)
{
    for (int i = 0; i < FRESH_TRIES; i++) {
        uint64_t number;
        struct stat st;

        if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
            return fail_io(b, "name a file in", errno, err);
        (void)snprintf(f->name, sizeof(f->name), FRESH_START "%016" PRIx64, number);
        f->fd = openat(b->root, f->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd < 0 && errno == EEXIST)
            continue;
        if (f->fd < 0)
            return fail_io(b, "write to", errno, err);
        /* Somebody who cleans up may have come between; then it has no name any more. */
        if (!flock(f->fd, LOCK_EX) && !fstat(f->fd, &st) && st.st_nlink > 0)
            return AS_OK;
        fresh_drop(b, f);
    }
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write to '%s': its files vanish", b->folder);
}

static as_code sync_folder(const as_blobs *b, unsigned folder, as_err *err)
{
    char name[3];
    as_code rc;
    int fd;

    (void)snprintf(name, sizeof(name), "%02x", folder & 0xff);
    fd = openat(b->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_io(b, "open a folder of", errno, err);
    rc = sync_fd(b, fd, err);
    (void)close(fd);
    return rc;
}

/* The name of a blob that is whole on disk is made durable with the folders it is in. */
static as_code sync_names(as_blobs *b, as_err *err)
{
    as_code rc = AS_OK;

    for (unsigned i = 0; !rc && i < FOLDERS; i++) {
        if (!b->folder_unsynced[i])
            continue;
        rc = sync_folder(b, i, err);
        if (!rc)
            b->folder_unsynced[i] = false;
    }
    if (!rc && b->root_unsynced)
        rc = sync_fd(b, b->root, err);
    if (!rc)
        b->root_unsynced = false;
    return rc;
}

static as_code sync_blob(const as_blobs *b, const uint8_t *sha256, as_err *err)
{
    char path[PATH_SIZE];
    as_code rc;
    int fd;

    path_of(sha256, path);
    fd = openat(b->root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return AS_OK; /* removed again */
    if (fd < 0)
        return fail_io(b, "open a file of", errno, err);
    rc = sync_fd(b, fd, err);
    (void)close(fd);
    return rc;
}

as_code as_blobs_sync(as_blobs *b, as_err *err)
{
    size_t n = b->unsynced.n / AS_SHA256_SIZE;
    as_code rc = AS_OK;

    if (n > SYNC_EACH_MAX) {
        if (syncfs(b->root))
            return fail_io(b, "write to", errno, err);
        memset(b->folder_unsynced, 0, sizeof(b->folder_unsynced));
        b->root_unsynced = false;
    }
    for (size_t i = 0; !rc && n <= SYNC_EACH_MAX && i < n; i++)
        rc = sync_blob(b, b->unsynced.p + i * AS_SHA256_SIZE, err);
    if (!rc)
        rc = sync_names(b, err);
    if (!rc)
        as_buf_reset(&b->unsynced);
    return rc;
}

as_code as_blobs_adopt(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_err *err)
{
    as_buf_add(&b->unsynced, (as_bytes){sha256, AS_SHA256_SIZE});
    if (b->unsynced.failed)
        return as_fail_nomem(err, "the list of new blobs");
    b->folder_unsynced[sha256[0]] = b->root_unsynced = true;
    return AS_OK;
}

/* Gives what is written its name. One that is there and whole stays; a damaged one goes. */
static as_code place(as_blobs *b, const struct fresh *f, bool later, as_blob_info *info,
                     as_err *err)
{
    char path[PATH_SIZE], folder[3];
    unsigned number = info->sha256[0];
    as_blob_info there;
    as_code rc = as_blob_check(b, info->sha256, &there, NULL);

    if (!rc) {
        *info = there;
        (void)unlinkat(b->root, f->name, 0);
        return later ? AS_OK : sync_blob(b, info->sha256, err);
    }
    forget_last(b);
    path_of(info->sha256, path);
    (void)snprintf(folder, sizeof(folder), "%02x", number);
    if (!mkdirat(b->root, folder, 0777))
        b->root_unsynced = true;
    else if (errno != EEXIST)
        return fail_io(b, "make a folder in", errno, err);
    rc = later ? AS_OK : sync_fd(b, f->fd, err);
    if (!rc && renameat(b->root, f->name, b->root, path))
        rc = fail_io(b, "write to", errno, err);
    if (rc)
        return rc;
    b->folder_unsynced[number] = true;
    return later ? AS_OK : sync_names(b, err);
}

/*
 * The digest is the source's own; it covers what we were given only if nobody read from it
 * before.
 */
static as_code write_fresh(as_blobs *b, const struct fresh *f, as_source *source,
                           as_blob_info *info, as_err *err)
{
    as_code rc;

    as_source_hash(source, true);
    rc = as_packer_run(b->packer, f->fd, b->folder, source, &info->size, &info->stored, err);
    if (rc)
        return rc;
    if (info->size != as_source_at(source))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' was read before it was to be kept",
                       as_source_name(source));
    as_source_sha256(source, info->sha256);
    return AS_OK;
}

as_code as_blob_put(as_blobs *b, as_source *source, bool later, as_blob_info *ret, as_err *err)
{
    as_blob_info info = {0};
    struct fresh f = {.fd = -1};
    as_code rc = AS_OK;

    if (!b->packer)
        rc = as_packer_new(&b->packer, err);
    /* Room in the list first: what has its name must not be forgotten. */
    if (!rc && later && !as_buf_room(&b->unsynced, AS_SHA256_SIZE))
        rc = as_fail_nomem(err, "the list of new blobs");
    if (!rc)
        rc = fresh_make(b, &f, err);
    if (rc)
        return rc;
    rc = write_fresh(b, &f, source, &info, err);
    if (!rc)
        rc = place(b, &f, later, &info, err);
    if (rc) {
        fresh_drop(b, &f);
        return rc;
    }
    (void)close(f.fd);
    if (later)
        as_buf_add(&b->unsynced, (as_bytes){info.sha256, AS_SHA256_SIZE});
    *ret = info;
    return AS_OK;
}

as_code as_blob_remove(as_blobs *b, const uint8_t sha256[AS_SHA256_SIZE], as_err *err)
{
    char path[PATH_SIZE], hex[AS_SHA256_HEX + 1];

    path_of(sha256, path);
    as_sha256_text(sha256, hex);
    forget_last(b);
    if (!unlinkat(b->root, path, 0))
        return AS_OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "blob '%s' is missing", hex);
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot remove blob '%s': %s", hex, strerror(errno));
}

/* --- walking ---------------------------------------------------------------------------- */

struct walk {
    as_blobs *blobs;
    as_blob_fn *fn;
    void *ctx;
    int fd; /* of the folder it is in */
};

typedef as_code entry_fn(const struct walk *w, const char *name, uint64_t size, as_err *err);

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "<64 hex digits>.zst" */
static bool parse_name(const char *name, uint8_t sha256[AS_SHA256_SIZE])
{
    if (strlen(name) != AS_SHA256_HEX + 4 || strcmp(name + AS_SHA256_HEX, ".zst") != 0)
        return false;
    for (size_t i = 0; i < AS_SHA256_SIZE; i++) {
        int high = hex_digit(name[2 * i]), low = hex_digit(name[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        sha256[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static as_code each_blob(const struct walk *w, const char *name, uint64_t size, as_err *err)
{
    uint8_t sha256[AS_SHA256_SIZE];

    return parse_name(name, sha256) ? w->fn(w->ctx, sha256, size, err) : AS_OK;
}

/* Who can be given the lock is dead: a living writer holds it to the end. */
static as_code each_fresh(const struct walk *w, const char *name, uint64_t size, as_err *err)
{
    bool dead;
    int fd;

    if (strncmp(name, FRESH_START, strlen(FRESH_START)) != 0)
        return AS_OK;
    fd = openat(w->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return AS_OK;
    dead = !flock(fd, LOCK_EX | LOCK_NB);
    if (dead && w->blobs->writes)
        (void)unlinkat(w->fd, name, 0);
    (void)close(fd);
    return dead ? w->fn(w->ctx, NULL, size, err) : AS_OK;
}

static as_code walk_folder(struct walk *w, const char *path, entry_fn *each, as_err *err)
{
    const struct dirent *entry;
    as_code rc = AS_OK;
    DIR *dir = NULL;

    w->fd = openat(w->blobs->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return AS_OK;
    if (w->fd >= 0)
        dir = fdopendir(w->fd);
    if (!dir) {
        rc = fail_io(w->blobs, "read the folder", errno, err);
        if (w->fd >= 0)
            (void)close(w->fd);
        return rc;
    }
    while (!rc && (errno = 0, entry = readdir(dir))) {
        struct stat st;

        if (!fstatat(w->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
            rc = each(w, entry->d_name, (uint64_t)st.st_size, err);
    }
    if (!rc && errno)
        rc = fail_io(w->blobs, "read the folder", errno, err);
    (void)closedir(dir);
    return rc;
}

as_code as_blobs_each(as_blobs *b, as_blob_fn *fn, void *ctx, as_err *err)
{
    struct walk w = {b, fn, ctx, -1};
    as_code rc = walk_folder(&w, ".", each_fresh, err);

    for (unsigned i = 0; !rc && i < FOLDERS; i++) {
        char name[3];

        (void)snprintf(name, sizeof(name), "%02x", i & 0xff);
        rc = walk_folder(&w, name, each_blob, err);
    }
    return rc;
}
