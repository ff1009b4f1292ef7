#include "base/source.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/banned.h"

#define RATIO_FREE  ((uint64_t)64 << 20) /* below this much output no ratio is too high */
#define PACKED_SIZE ((size_t)128 << 10)  /* raw bytes held for inflate */
#define STEP_MAX    ((size_t)1 << 30)    /* zlib counts in 32 bits */
#define ALL_STEP    ((size_t)64 << 10)   /* of as_source_all() */
#define MAGIC_SIZE  2u
#define HASH_BESIDE ((uint64_t)2 << 20) /* from here on a second thread hashes */

static const uint8_t gzip_magic[MAGIC_SIZE] = {0x1f, 0x8b};

struct as_source {
    char *name;
    int fd;     /* -1: memory or a stream */
    bool owned; /* `fd` is ours to close */
    as_bytes memory;
    as_read_fn *stream; /* NULL: a file or memory */
    void *stream_ctx;
    as_done_fn *stream_done;
    uint64_t size;
    as_source_limits limits;
    as_sha256 *sha;
    bool unhashed, feed_tried;
    as_feed *feed; /* who hashes, once the input is large */
    as_buf peeked; /* taken already, to be read first */
    size_t peeked_at;
    uint64_t at;              /* delivered, or peeked at */
    uint64_t raw_at;          /* taken from the file or memory */
    uint8_t head[MAGIC_SIZE]; /* read to tell what this is, not yet given on */
    size_t head_at, head_n;
    as_err fault; /* once it failed, it stays failed */

    /* gzip only */
    bool packed;
    bool unpacking; /* `z` is live */
    bool in_member;
    bool raw_end;
    z_stream z;
    uint8_t *raw;
};

static voidpf z_take(voidpf opaque, uInt count, uInt size)
{
    (void)opaque;
    return as_mem_zero(count, size);
}

static void z_drop(voidpf opaque, voidpf p)
{
    (void)opaque;
    as_mem_free(p);
}

static as_code fail_read(as_err *err, const as_source *s, int error)
{
    return as_fail(err, AS_REFUSED, (size_t)s->at, "cannot read '%s': %s", s->name,
                   strerror(error));
}

/* Standard input may be shared with someone who made it non-blocking. */
static as_code fd_read(const as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    for (;;) {
        ssize_t n = read(s->fd, dst, cap);

        if (n >= 0) {
            *ret_n = (size_t)n;
            return AS_OK;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd wait = {.fd = s->fd, .events = POLLIN};

            if (poll(&wait, 1, -1) >= 0 || errno == EINTR)
                continue;
        }
        if (errno != EINTR)
            return fail_read(err, s, errno);
    }
}

static size_t memory_read(as_source *s, uint8_t *dst, size_t cap)
{
    size_t n = s->memory.n < cap ? s->memory.n : cap;

    if (n > 0)
        memcpy(dst, s->memory.p, n);
    s->memory.p += n;
    s->memory.n -= n;
    return n;
}

static as_code raw_more(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    if (s->stream)
        return s->stream(s->stream_ctx, dst, cap, ret_n, err);
    if (s->fd >= 0)
        return fd_read(s, dst, cap, ret_n, err);
    *ret_n = memory_read(s, dst, cap);
    return AS_OK;
}

/* The raw bytes in order: first those that were read to look at the magic. */
static as_code raw_read(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    size_t n = 0, more = 0;

    while (s->head_at < s->head_n && n < cap)
        dst[n++] = s->head[s->head_at++];
    if (n < cap) {
        as_code rc = raw_more(s, dst + n, cap - n, &more, err);

        if (rc)
            return rc;
    }
    s->raw_at += n + more;
    *ret_n = n + more;
    return AS_OK;
}

static as_code source_new(const char *name, const as_source_limits *limits, as_source **ret,
                          as_err *err)
{
    size_t n = strlen(name) + 1;
    as_source *s = as_mem_zero(1, sizeof(*s));

    if (!s)
        return as_fail_nomem(err, "an input");
    s->fd = -1;
    s->limits = limits ? *limits : AS_SOURCE_LIMITS_DEFAULT;
    s->name = as_mem_get(n);
    s->sha = as_sha256_new();
    if (!s->name || !s->sha) {
        as_source_free(s);
        return as_fail_nomem(err, "an input");
    }
    memcpy(s->name, name, n);
    *ret = s;
    return AS_OK;
}

/* Looks at the first two bytes and gets ready to unpack if they are gzip's. */
static as_code source_sniff(as_source *s, as_err *err)
{
    size_t n;

    do {
        as_code rc = raw_more(s, s->head + s->head_n, MAGIC_SIZE - s->head_n, &n, err);

        if (rc)
            return rc;
        s->head_n += n;
    } while (n > 0 && s->head_n < MAGIC_SIZE);
    s->packed = s->head_n == MAGIC_SIZE && memcmp(s->head, gzip_magic, MAGIC_SIZE) == 0;
    if (!s->packed)
        return AS_OK;

    s->raw = as_mem_get(PACKED_SIZE);
    if (!s->raw)
        return as_fail_nomem(err, "unpacking");
    s->z.zalloc = z_take;
    s->z.zfree = z_drop;
    if (inflateInit2(&s->z, 15 + 16) != Z_OK)
        return as_fail_nomem(err, "unpacking");
    s->unpacking = true;
    return AS_OK;
}

/* Everything but a regular file blocks, has side effects or never ends. */
static as_code check_kind(const char *path, mode_t mode, as_err *err)
{
    if (S_ISREG(mode))
        return AS_OK;
    if (S_ISDIR(mode))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "'%s' is a directory; name a report file",
                       path);
    if (S_ISFIFO(mode))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "'%s' is a FIFO; use - to read standard input", path);
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "'%s' is a device; name a report file", path);
    return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "'%s' is not a regular file", path);
}

static as_code open_stdin(as_source *s, as_err *err)
{
    struct stat st;
    off_t at;

    if (fstat(STDIN_FILENO, &st))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot read standard input: %s",
                       strerror(errno));
    if (S_ISDIR(st.st_mode))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "standard input is a directory; name a report file");
    s->fd = STDIN_FILENO;
    at = S_ISREG(st.st_mode) ? lseek(STDIN_FILENO, 0, SEEK_CUR) : -1;
    if (at >= 0 && st.st_size > at)
        s->size = (uint64_t)(st.st_size - at);
    return AS_OK;
}

static as_code open_path(as_source *s, const char *path, as_err *err)
{
    struct stat st;

    /* O_NONBLOCK: a FIFO without a writer must not hang us before fstat sees it. */
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (s->fd < 0)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", path,
                       strerror(errno));
    s->owned = true;
    if (fstat(s->fd, &st))
        return fail_read(err, s, errno);
    s->size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return check_kind(path, st.st_mode, err);
}

as_code as_source_open(const char *path, const as_source_limits *limits, as_source **ret,
                       as_err *err)
{
    as_source *s = NULL;
    as_code rc = source_new(path, limits, &s, err);

    if (rc)
        return rc;
    rc = strcmp(path, "-") == 0 ? open_stdin(s, err) : open_path(s, path, err);
    if (!rc)
        rc = source_sniff(s, err);
    if (rc) {
        as_source_free(s);
        return rc;
    }
    *ret = s;
    return AS_OK;
}

as_code as_source_open_bytes(as_bytes bytes, const as_source_limits *limits, as_source **ret,
                             as_err *err)
{
    as_source *s = NULL;
    as_code rc = source_new("(memory)", limits, &s, err);

    if (rc)
        return rc;
    s->memory = bytes.n > 0 ? bytes : AS_LITERAL("");
    s->size = bytes.n;
    rc = source_sniff(s, err);
    if (rc) {
        as_source_free(s);
        return rc;
    }
    *ret = s;
    return AS_OK;
}

as_code as_source_open_stream(const char *name, as_read_fn *read, void *ctx, uint64_t size,
                              const as_source_limits *limits, as_source **ret, as_err *err)
{
    as_source *s = NULL;
    as_code rc = source_new(name, limits, &s, err);

    if (rc)
        return rc;
    s->stream = read;
    s->stream_ctx = ctx;
    s->size = size;
    rc = source_sniff(s, err);
    if (rc) {
        as_source_free(s);
        return rc;
    }
    *ret = s;
    return AS_OK;
}

as_code as_source_open_plain(const char *name, as_read_fn *read, as_done_fn *done, void *ctx,
                             uint64_t size, as_source **ret, as_err *err)
{
    as_source *s = NULL;
    as_code rc = source_new(name, NULL, &s, err);

    if (rc)
        return rc;
    s->stream = read;
    s->stream_ctx = ctx;
    s->stream_done = done;
    s->size = size;
    *ret = s;
    return AS_OK;
}

static as_code raw_refill(as_source *s, as_err *err)
{
    size_t n = 0;
    as_code rc = raw_read(s, s->raw, PACKED_SIZE, &n, err);

    if (rc)
        return rc;
    s->z.next_in = s->raw;
    s->z.avail_in = (uInt)n;
    s->raw_end = n == 0;
    return AS_OK;
}

/* What inflate said, as our error; `at` is the unpacked offset that was reached. */
static as_code unpack_fail(const as_source *s, int said, uint64_t at, as_err *err)
{
    if (said == Z_MEM_ERROR)
        return as_fail_nomem(err, "unpacking");
    if (said == Z_BUF_ERROR)
        return as_fail(err, AS_INVALID, (size_t)at,
                       "'%s' breaks off: the gzip stream is cut short after %llu packed bytes",
                       s->name, (unsigned long long)s->raw_at);
    return as_fail(err, AS_INVALID, (size_t)at, "'%s' is damaged: gzip: %s near packed byte %llu",
                   s->name, s->z.msg ? s->z.msg : "broken stream",
                   (unsigned long long)as_source_at_packed(s));
}

/* At the border between members (or before the first); false at a clean end. */
static as_code member_begin(as_source *s, uint64_t at, bool *ret_more, as_err *err)
{
    *ret_more = s->z.avail_in > 0;
    if (!*ret_more)
        return AS_OK;
    if (s->z.next_in[0] != gzip_magic[0])
        return as_fail(err, AS_INVALID, (size_t)at,
                       "'%s' goes on after the end of the gzip stream, at packed byte %llu",
                       s->name, (unsigned long long)as_source_at_packed(s));
    if (inflateReset(&s->z) != Z_OK)
        return unpack_fail(s, Z_STREAM_ERROR, at, err);
    s->in_member = true;
    return AS_OK;
}

/* One call of inflate. The end of the raw bytes inside a member is Z_BUF_ERROR. */
static int member_step(as_source *s)
{
    int said = inflate(&s->z, Z_NO_FLUSH);

    if (said == Z_STREAM_END) {
        s->in_member = false;
        return Z_OK;
    }
    if (said != Z_OK && said != Z_BUF_ERROR)
        return said;
    if (s->z.avail_out > 0 && s->z.avail_in == 0 && s->raw_end)
        return Z_BUF_ERROR;
    return Z_OK;
}

/* *ret_n is set on failure too: what came out before it is good and is delivered first. */
static as_code unpack(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    as_code rc = AS_OK;
    bool more = true;

    *ret_n = 0;
    s->z.next_out = dst;
    s->z.avail_out = (uInt)cap;
    while (!rc && more && s->z.avail_out > 0) {
        uint64_t at = s->at + (cap - s->z.avail_out);
        int said = Z_OK;

        if (s->z.avail_in == 0 && !s->raw_end)
            rc = raw_refill(s, err);
        if (!rc && !s->in_member)
            rc = member_begin(s, at, &more, err);
        if (!rc && more)
            said = member_step(s);
        *ret_n = cap - s->z.avail_out;
        if (said != Z_OK)
            rc = unpack_fail(s, said, s->at + *ret_n, err);
    }
    return rc;
}

static as_code give(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    if (s->packed)
        return unpack(s, dst, cap < STEP_MAX ? cap : STEP_MAX, ret_n, err);
    *ret_n = 0;
    return raw_read(s, dst, cap, ret_n, err);
}

/* The limit is reached exactly: one more byte would be too many, the end is fine. */
static as_code probe_end(as_source *s, as_err *err)
{
    uint8_t one;
    size_t n;
    as_code rc = give(s, &one, 1, &n, err);

    if (rc || n == 0)
        return rc;
    return as_fail(err, AS_LIMIT, (size_t)s->at, "'%s' holds more than %llu unpacked bytes",
                   s->name, (unsigned long long)s->limits.unpacked_max);
}

static as_code check_ratio(const as_source *s, uint64_t at, as_err *err)
{
    uint64_t most;

    if (!s->packed || at <= RATIO_FREE ||
        __builtin_mul_overflow(as_source_at_packed(s), (uint64_t)s->limits.ratio_max, &most) ||
        at <= most)
        return AS_OK;
    return as_fail(err, AS_LIMIT, (size_t)s->at,
                   "'%s' unpacks to more than %u times its size: a compression bomb", s->name,
                   s->limits.ratio_max);
}

static void hash_more(void *ctx, as_bytes bytes)
{
    as_sha256_add(ctx, bytes);
}

/* A large input is hashed beside the parsing of it; a small one is not worth a thread. */
static void hash(as_source *s, as_bytes bytes)
{
    if (!s->feed && !s->feed_tried && s->at >= HASH_BESIDE) {
        s->feed_tried = true;
        s->feed = as_feed_new(hash_more, s->sha);
    }
    if (s->feed)
        as_feed_add(s->feed, bytes);
    else
        as_sha256_add(s->sha, bytes);
}

/* as_source_read() past what was peeked at. */
static as_code read_on(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    uint64_t left = s->limits.unpacked_max - s->at;
    size_t n = 0;
    as_code rc = s->fault.code;

    assert(cap > 0);
    if (!rc && left == 0)
        rc = probe_end(s, &s->fault);
    else if (!rc)
        rc = give(s, dst, cap < left ? cap : (size_t)left, &n, &s->fault);
    if (!rc && n > 0)
        rc = check_ratio(s, s->at + n, &s->fault);
    /* What was unpacked before the stream broke is given out now, the fault next time. */
    if (rc && (n == 0 || rc == AS_LIMIT)) {
        if (err)
            *err = s->fault;
        return rc;
    }
    if (!s->unhashed)
        hash(s, (as_bytes){dst, n});
    s->at += n;
    *ret_n = n;
    return AS_OK;
}

as_code as_source_read(as_source *s, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    size_t n = s->peeked.n - s->peeked_at;

    if (!n)
        return read_on(s, dst, cap, ret_n, err);
    n = n < cap ? n : cap;
    memcpy(dst, s->peeked.p + s->peeked_at, n);
    s->peeked_at += n;
    *ret_n = n;
    return AS_OK;
}

/* A fault behind the first bytes is found again by whoever reads that far. */
as_code as_source_all(as_source *s, uint64_t most, as_buf *ret, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t got = 1; !rc && got > 0 && ret->n <= most;) {
        uint8_t *room = as_buf_room(ret, ALL_STEP);

        rc = room ? as_source_read(s, room, ALL_STEP, &got, err) : as_fail_nomem(err, "an input");
        ret->n += rc ? 0 : got;
    }
    return rc;
}

as_code as_source_peek(as_source *s, size_t want, as_bytes *ret, as_err *err)
{
    assert(s->peeked_at == 0);
    while (s->peeked.n < want) {
        uint8_t *room = as_buf_room(&s->peeked, want - s->peeked.n);
        size_t got = 0;
        as_code rc;

        if (!room)
            return as_fail_nomem(err, "the first bytes of the input");
        rc = read_on(s, room, want - s->peeked.n, &got, err);
        if (rc && !s->peeked.n)
            return rc;
        if (rc || !got)
            break;
        s->peeked.n += got;
    }
    *ret = as_buf_bytes(&s->peeked);
    return AS_OK;
}

void as_source_free(as_source *s)
{
    if (!s)
        return;
    as_buf_done(&s->peeked);
    if (s->unpacking)
        (void)inflateEnd(&s->z);
    if (s->owned)
        (void)close(s->fd);
    if (s->stream_done)
        s->stream_done(s->stream_ctx);
    as_feed_free(s->feed);
    as_sha256_free(s->sha);
    as_mem_free(s->raw);
    as_mem_free(s->name);
    as_mem_free(s);
}

as_code as_source_rename(as_source *s, const char *name, as_err *err)
{
    size_t n = strlen(name) + 1;
    char *copy = as_mem_get(n);

    if (!copy)
        return as_fail_nomem(err, "the name of an input");
    memcpy(copy, name, n);
    as_mem_free(s->name);
    s->name = copy;
    return AS_OK;
}

const char *as_source_name(const as_source *s)
{
    return s->name;
}

bool as_source_packed(const as_source *s)
{
    return s->packed;
}

uint64_t as_source_at(const as_source *s)
{
    return s->at;
}

uint64_t as_source_at_packed(const as_source *s)
{
    return s->raw_at - s->z.avail_in;
}

uint64_t as_source_size(const as_source *s)
{
    return s->size;
}

void as_source_hash(as_source *s, bool on)
{
    s->unhashed = !on;
}

void as_source_sha256(const as_source *s, uint8_t digest[32])
{
    if (s->feed)
        as_feed_wait(s->feed);
    as_sha256_get(s->sha, digest);
}
