#include "encode/http_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define ETAG_MAX 256u
#define PROGRESS ((uint64_t)1 << 20) /* so many new bytes make the tries count anew */

/* A file that grows. */
struct growing {
    as_http *h;
    const as_http_download *d;
    as_http_reply *reply;
    int fd;
    uint64_t at; /* bytes that are there */
    bool begun;  /* the first piece of this try has come */
    char etag[ETAG_MAX];
    as_buf etag_path;
};

static as_code fail_write(const struct growing *g, as_err *err)
{
    return as_fail(err, AS_IO, (size_t)g->at, "cannot write '%s': %s", g->d->path, strerror(errno));
}

/* A weak one says nothing of bytes (RFC 9110 section 13.1.5), so it is as none. */
static bool strong(as_bytes etag)
{
    if (etag.n < 2 || etag.n >= ETAG_MAX || etag.p[0] != '"' || etag.p[etag.n - 1] != '"')
        return false;
    for (size_t i = 0; i < etag.n; i++)
        if (etag.p[i] < 0x21 || etag.p[i] > 0x7e)
            return false;
    return true;
}

/* Of what is there; "" if it is not known, and then the whole file's hash must tell. */
static void read_etag(struct growing *g)
{
    int fd = open((const char *)g->etag_path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 ? read(fd, g->etag, sizeof(g->etag) - 1) : 0;

    if (fd >= 0)
        (void)close(fd);
    n = n > 0 && strong((as_bytes){(const uint8_t *)g->etag, (size_t)n}) ? n : 0;
    g->etag[n] = '\0';
}

/* Of no weight: without it the rest is asked for as well. */
static void write_etag(struct growing *g, as_bytes etag)
{
    int fd;

    g->etag[0] = '\0';
    (void)unlink((const char *)g->etag_path.p);
    if (!strong(etag))
        return;
    memcpy(g->etag, etag.p, etag.n);
    g->etag[etag.n] = '\0';
    fd = open((const char *)g->etag_path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    if (write(fd, etag.p, etag.n) != (ssize_t)etag.n)
        (void)unlink((const char *)g->etag_path.p);
    (void)close(fd);
}

static as_code start_again(struct growing *g, as_err *err)
{
    if (ftruncate(g->fd, 0))
        return fail_write(g, err);
    g->at = 0;
    return AS_OK;
}

/* "bytes 100-199/200": from where, of how many (UINT64_MAX: "*"). */
static bool read_range(as_bytes text, uint64_t *ret_from, uint64_t *ret_size)
{
    const uint8_t *dash, *slash;

    if (text.n < 6 || memcmp(text.p, "bytes ", 6) != 0)
        return false;
    text.p += 6;
    text.n -= 6;
    dash = memchr(text.p, '-', text.n);
    slash = memchr(text.p, '/', text.n);
    if (!dash || !slash || dash > slash)
        return false;
    if (!as_bytes_u64((as_bytes){text.p, (size_t)(dash - text.p)}, ret_from))
        return false;
    text = (as_bytes){slash + 1, text.n - (size_t)(slash + 1 - text.p)};
    *ret_size = UINT64_MAX;
    return as_bytes_is(text, "*") || as_bytes_u64(text, ret_size);
}

/* The headers are there: is this the rest, or the whole once more? */
static as_code begin(struct growing *g, as_err *err)
{
    uint64_t from = 0, size = UINT64_MAX;
    as_code rc = AS_OK;

    g->begun = true;
    if (g->reply->status == 206) {
        if (!read_range(as_http_header(g->reply, "content-range"), &from, &size) || from != g->at)
            return as_fail(err, AS_INVALID, (size_t)g->at, "another range than was asked for");
    } else {
        if (!as_bytes_u64(as_http_header(g->reply, "content-length"), &size))
            size = UINT64_MAX;
        if (g->at > 0)
            rc = start_again(g, err);
    }
    if (!rc && g->d->size != UINT64_MAX && size != UINT64_MAX && size != g->d->size)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "%llu bytes are sent, and %llu were announced", (unsigned long long)size,
                       (unsigned long long)g->d->size);
    if (!rc)
        write_etag(g, as_http_header(g->reply, "etag"));
    return rc;
}

static as_code grow(void *ctx, as_bytes piece, as_err *err)
{
    struct growing *g = ctx;
    uint64_t most = g->d->size < g->d->size_max ? g->d->size : g->d->size_max;
    as_code rc = g->begun ? AS_OK : begin(g, err);

    if (rc)
        return rc;
    if (piece.n > most - g->at)
        return as_fail(err, g->d->size == most ? AS_INVALID : AS_LIMIT, (size_t)g->at,
                       "more than %llu bytes are sent", (unsigned long long)most);
    while (piece.n > 0) {
        ssize_t n = pwrite(g->fd, piece.p, piece.n, (off_t)g->at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_write(g, err);
        g->at += (uint64_t)n;
        piece.p += n;
        piece.n -= (size_t)n;
    }
    if (g->d->at)
        g->d->at(g->d->ctx, g->at);
    return AS_OK;
}

static as_code open_growing(struct growing *g, as_err *err)
{
    struct stat st;

    g->fd = open(g->d->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (g->fd < 0 || fstat(g->fd, &st))
        return fail_write(g, err);
    if (!S_ISREG(st.st_mode))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "'%s' is not a regular file", g->d->path);
    g->at = (uint64_t)st.st_size;
    if (g->at > g->d->size || g->at > g->d->size_max)
        return start_again(g, err);
    read_etag(g);
    return AS_OK;
}

/* One try for the rest. An end that came too soon may pass as well. */
static as_code get_rest(struct growing *g, bool *ret_again, as_err *err)
{
    char range[64], if_range[ETAG_MAX + 16];
    const char *headers[] = {range, if_range};
    as_http_request r = {.url = g->d->url, .headers = headers, .eat = grow, .ctx = g};
    as_code rc;

    if (g->at > 0) {
        (void)snprintf(range, sizeof(range), "Range: bytes=%llu-", (unsigned long long)g->at);
        (void)snprintf(if_range, sizeof(if_range), "If-Range: %s", g->etag);
        r.n_headers = g->etag[0] ? 2 : 1;
    }
    g->begun = false;
    rc = as_http_try(g->h, &r, g->reply, ret_again, err);
    /* A piece that was eaten is kept, so unlike elsewhere a break is no reason to give up. */
    if (rc == AS_UNAVAILABLE && g->begun)
        *ret_again = true;
    if (rc && g->reply->status == 416 && g->at > 0) {
        *ret_again = true;
        return start_again(g, err) ? AS_IO : rc;
    }
    if (!rc && !g->begun)
        rc = begin(g, err); /* an empty body */
    if (!rc && g->d->size != UINT64_MAX && g->at < g->d->size) {
        *ret_again = true;
        rc = as_fail(err, AS_UNAVAILABLE, (size_t)g->at, "the server ends after %llu of %llu bytes",
                     (unsigned long long)g->at, (unsigned long long)g->d->size);
    }
    return rc;
}

static as_code get_all(struct growing *g, as_err *err)
{
    uint64_t mark = g->at;
    as_err why = {0};

    for (unsigned failures = 1;; failures++) {
        bool again = false;
        as_code rc = get_rest(g, &again, &why);

        if (!rc)
            return AS_OK;
        if (again && g->at >= mark + PROGRESS) {
            mark = g->at;
            failures = 1;
        }
        if (!again || failures >= g->h->tries || !as_http_pause(g->h, g->reply, failures)) {
            if (err)
                *err = why;
            return rc;
        }
    }
}

as_code as_http_get_file(as_http *h, const as_http_download *d, as_http_reply *reply, as_err *err)
{
    struct growing g = {.h = h, .d = d, .reply = reply, .fd = -1};
    as_code rc = AS_OK;

    as_buf_printf(&g.etag_path, "%s.etag", d->path);
    as_buf_byte(&g.etag_path, '\0');
    if (g.etag_path.failed)
        return as_fail_nomem(err, "a path");
    if (d->size != UINT64_MAX && d->size > d->size_max)
        rc = as_fail(err, AS_LIMIT, AS_NO_OFFSET, "a file of %llu bytes, at most %llu are taken",
                     (unsigned long long)d->size, (unsigned long long)d->size_max);
    if (!rc)
        rc = open_growing(&g, err);
    if (!rc && !(d->size != UINT64_MAX && g.at == d->size))
        rc = get_all(&g, err);
    if (!rc && fsync(g.fd))
        rc = fail_write(&g, err);
    if (!rc)
        (void)unlink((const char *)g.etag_path.p);
    if (g.fd >= 0 && close(g.fd) && !rc)
        rc = fail_write(&g, err);
    as_buf_done(&g.etag_path);
    return rc;
}
