#include "cli/cli_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

static as_code fail_scratch(const char *what, as_err *err)
{
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot %s a temporary file: %s", what,
                   strerror(errno));
}

/* For file systems without O_TMPFILE. */
static int open_and_unlink(const char *folder)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/assay-XXXXXX", folder);
    int fd;

    if (n < 0 || (size_t)n >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

static as_code scratch_open(int *ret, as_err *err)
{
    const char *folder = getenv("TMPDIR");
    int fd;

    if (!folder || !*folder)
        folder = "/tmp";
    fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = open_and_unlink(folder);
    if (fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make a temporary file in '%s': %s", folder,
                       strerror(errno));
    *ret = fd;
    return AS_OK;
}

static as_code spill(as_spool *s, as_bytes left, as_err *err)
{
    while (left.n > 0) {
        ssize_t n = write(s->fd_plus1 - 1, left.p, left.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_scratch("write to", err);
        left.p += n;
        left.n -= (size_t)n;
        s->written += (size_t)n;
    }
    return AS_OK;
}

static as_code spill_buf(as_spool *s, as_err *err)
{
    as_code rc = AS_OK;
    int fd = -1;

    if (s->fd_plus1 == 0) {
        rc = scratch_open(&fd, err);
        if (rc)
            return rc;
        s->fd_plus1 = fd + 1;
    }
    rc = spill(s, as_buf_bytes(&s->buf), err);
    as_buf_reset(&s->buf);
    return rc;
}

as_code as_spool_add(as_spool *s, as_bytes bytes, as_err *err)
{
    as_code rc = AS_OK;

    if (s->buf.n > 0 && bytes.n > AS_SPOOL_MEMORY - s->buf.n)
        rc = spill_buf(s, err);
    if (!rc && bytes.n > AS_SPOOL_MEMORY) {
        rc = spill_buf(s, err); /* opens the file; the buffer is empty */
        return rc ? rc : spill(s, bytes, err);
    }
    if (rc)
        return rc;
    as_buf_add(&s->buf, bytes);
    return s->buf.failed ? as_fail_nomem(err, "scratch space") : AS_OK;
}

uint64_t as_spool_size(const as_spool *s)
{
    return s->written + s->buf.n;
}

static as_code take_from_file(const as_spool *s, uint8_t *dst, size_t n, as_err *err)
{
    uint64_t at = s->read_at;

    while (n > 0) {
        ssize_t got = pread(s->fd_plus1 - 1, dst, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got < 0 ? errno : EIO;
            return fail_scratch("read", err);
        }
        dst += got;
        at += (size_t)got;
        n -= (size_t)got;
    }
    return AS_OK;
}

as_code as_spool_take(as_spool *s, uint8_t *dst, size_t n, as_err *err)
{
    uint64_t in_file = s->read_at < s->written ? s->written - s->read_at : 0;
    size_t head = n < in_file ? n : (size_t)in_file;
    as_code rc = AS_OK;

    if (n > as_spool_size(s) - s->read_at)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "scratch space ends too early");
    if (head > 0)
        rc = take_from_file(s, dst, head, err);
    if (rc)
        return rc;
    s->read_at += head;
    if (n > head)
        memcpy(dst + head, s->buf.p + (s->read_at - s->written), n - head);
    s->read_at += n - head;
    return AS_OK;
}

as_code as_spool_view(as_spool *s, as_bytes *ret, as_err *err)
{
    as_code rc;
    void *map;

    if (s->fd_plus1 == 0) {
        *ret = as_buf_bytes(&s->buf);
        return AS_OK;
    }
    rc = spill_buf(s, err);
    if (rc)
        return rc;
    map = mmap(NULL, (size_t)s->written, PROT_READ, MAP_PRIVATE, s->fd_plus1 - 1, 0);
    if (map == MAP_FAILED)
        return fail_scratch("map", err);
    s->map = map;
    s->map_n = (size_t)s->written;
    *ret = (as_bytes){map, s->map_n};
    return AS_OK;
}

void as_spool_done(as_spool *s)
{
    if (s->map)
        (void)munmap(s->map, s->map_n);
    if (s->fd_plus1 > 0)
        (void)close(s->fd_plus1 - 1);
    as_buf_done(&s->buf);
    *s = (as_spool){0};
}
