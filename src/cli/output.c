#include "cli/cli_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define TEMP_NAME ".assay-XXXXXX"

static as_code fail_write(const as_out *out, as_err *err)
{
    if (!out->owned)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write to standard output: %s",
                       strerror(errno));
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write the output file: %s", strerror(errno));
}

static char *copy_text(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = as_mem_get(n);

    if (copy)
        memcpy(copy, text, n);
    return copy;
}

/*
 * The file that `path` stands for, so that a symbolic link stays one. A path that
 * does not exist yet, or never can, is itself.
 */
static char *resolve(const char *path)
{
    char real[PATH_MAX];

    return copy_text(realpath(path, real) ? real : path);
}

/* A name in the target's own folder: a rename cannot cross file systems. */
static char *temp_beside(const char *target)
{
    const char *slash = strrchr(target, '/');
    size_t folder = slash ? (size_t)(slash - target) + 1 : 0;
    char *temp = as_mem_get(folder + sizeof(TEMP_NAME));

    if (temp) {
        memcpy(temp, target, folder);
        memcpy(temp + folder, TEMP_NAME, sizeof(TEMP_NAME));
    }
    return temp;
}

/* What open() would have made of a new file; what an old one had. */
static mode_t target_mode(const char *target)
{
    struct stat st;
    mode_t mask;

    if (stat(target, &st) == 0)
        return st.st_mode & 07777;
    mask = umask(0);
    (void)umask(mask);
    return 0666 & ~mask;
}

/* No signal may come between the file's birth and its registration. */
static as_code make_temp(as_out *out, as_err *err)
{
    sigset_t all, before;
    bool registered;
    int error;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    out->fd = mkostemp(out->temp, O_CLOEXEC);
    error = errno;
    registered = out->fd >= 0 && as_signals_remove(out->temp);
    if (out->fd >= 0 && !registered) {
        (void)unlink(out->temp);
        (void)close(out->fd);
        out->fd = -1;
        error = ENAMETOOLONG;
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (out->fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", out->target,
                       strerror(error));
    out->owned = true;
    (void)fchmod(out->fd, target_mode(out->target));
    return AS_OK;
}

static as_code open_beside(as_out *out, const char *path, as_err *err)
{
    as_code rc = AS_OK;

    out->target = resolve(path);
    out->temp = out->target ? temp_beside(out->target) : NULL;
    if (!out->temp)
        rc = as_fail_nomem(err, "an output");
    else
        rc = make_temp(out, err);
    if (rc) {
        as_mem_free(out->target);
        as_mem_free(out->temp);
        *out = (as_out){.fd = -1};
    }
    return rc;
}

static as_code open_as_is(as_out *out, const char *path, as_err *err)
{
    out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (out->fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", path, strerror(errno));
    out->owned = true;
    return AS_OK;
}

as_code as_out_open(as_out *out, const char *path, as_err *err)
{
    struct stat st;

    *out = (as_out){.fd = STDOUT_FILENO};
    if (!path || strcmp(path, "-") == 0)
        return AS_OK;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return open_as_is(out, path, err);
    return open_beside(out, path, err);
}

as_code as_out_flush(as_out *out, as_err *err)
{
    as_bytes left = as_buf_bytes(&out->buf);

    if (out->buf.failed)
        return as_fail_nomem(err, "the output");
    while (left.n > 0) {
        ssize_t n = write(out->fd, left.p, left.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_write(out, err);
        left.p += n;
        left.n -= (size_t)n;
    }
    as_buf_reset(&out->buf);
    return AS_OK;
}

as_code as_out_relieve(as_out *out, as_err *err)
{
    if (!out->buf.failed && out->buf.n < AS_OUT_CHUNK)
        return AS_OK;
    return as_out_flush(out, err);
}

static void out_done(as_out *out)
{
    if (out->owned && out->fd >= 0)
        (void)close(out->fd);
    as_buf_done(&out->buf);
    as_mem_free(out->target);
    as_mem_free(out->temp);
    *out = (as_out){.fd = -1};
}

void as_out_abort(as_out *out)
{
    if (out->temp) {
        (void)unlink(out->temp);
        (void)as_signals_remove(NULL);
    }
    out_done(out);
}

/* Some file systems tell only now that they are full, and a crash must not lose it all. */
static as_code settle(as_out *out, as_err *err)
{
    if (out->temp && fsync(out->fd) && errno != EINVAL && errno != EROFS)
        return fail_write(out, err);
    if (out->owned) {
        int closed = close(out->fd);

        out->fd = -1;
        if (closed && errno != EINTR)
            return fail_write(out, err);
    }
    if (out->temp && rename(out->temp, out->target))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", out->target,
                       strerror(errno));
    return AS_OK;
}

as_code as_out_commit(as_out *out, as_err *err)
{
    as_code rc = as_out_flush(out, err);

    if (!rc)
        rc = settle(out, err);
    if (rc) {
        as_out_abort(out);
        return rc;
    }
    (void)as_signals_remove(NULL);
    out_done(out);
    return AS_OK;
}

int as_out_print(as_buf *buf)
{
    as_out out = {.buf = *buf, .fd = STDOUT_FILENO};
    as_err err = {0};

    *buf = (as_buf){0};
    return as_out_commit(&out, &err) ? as_say_error(&err) : 0;
}

as_code as_out_check_inputs(const char *path, char *const *inputs, int n, as_err *err)
{
    struct stat to, from;

    if (!path || stat(path, &to) || !S_ISREG(to.st_mode))
        return AS_OK;
    for (int i = 0; i < n; i++)
        if (stat(inputs[i], &from) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
            return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                           "'%s' is one of the reports: --output would overwrite it", path);
    return AS_OK;
}
