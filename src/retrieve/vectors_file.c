#include "retrieve/vectors_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MAP_ROOM   ((uint64_t)1 << 20)
#define WRITE_ROOM ((size_t)1 << 20)

void as_vset_name(uint64_t stamp, const char *ending, char name[AS_VNAME_MAX])
{
    (void)snprintf(name, AS_VNAME_MAX, "%016llx%s", (unsigned long long)stamp, ending);
}

static as_code fail_io(as_err *err, const char *what)
{
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot %s the vectors: %s", what, strerror(errno));
}

as_code as_vfile_write(int fd, uint64_t at, as_bytes bytes, as_err *err)
{
    while (bytes.n > 0) {
        ssize_t put = pwrite(fd, bytes.p, bytes.n, (off_t)at);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail_io(err, "write");
        bytes.p += put;
        bytes.n -= (size_t)put;
        at += (uint64_t)put;
    }
    return AS_OK;
}

/* --- mappings ------------------------------------------------------------------------------- */

static as_code map_file(as_vmap *m, uint64_t size, size_t room, as_err *err)
{
    void *p;

    if (!room)
        return AS_OK;
    p = mmap(NULL, room, PROT_READ, MAP_SHARED, m->fd, 0);
    if (p == MAP_FAILED)
        return as_fail_nomem(err, "mapping the vectors");
    m->p = p;
    m->mapped = room;
    m->size = size;
    return AS_OK;
}

as_code as_vmap_open(int dir_fd, const char *name, uint64_t size, bool write, as_vmap *ret,
                     as_err *err)
{
    as_vmap m = {.fd = openat(dir_fd, name, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC)};
    struct stat st;
    as_code rc;

    if (m.fd < 0 && errno == ENOENT)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the file '%s' is missing", name);
    if (m.fd < 0 || fstat(m.fd, &st)) {
        rc = fail_io(err, "open");
        as_vmap_close(&m);
        return rc;
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < size) {
        as_vmap_close(&m);
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the file '%s' is cut short", name);
    }
    rc = map_file(&m, size, (size_t)(write ? size + size / 2 + MAP_ROOM : size), err);
    if (rc) {
        as_vmap_close(&m);
        return rc;
    }
    *ret = m;
    return AS_OK;
}

as_code as_vmap_grow(as_vmap *m, uint64_t size, as_err *err)
{
    size_t room = (size_t)(size + size / 2 + MAP_ROOM);
    void *p;

    if (size > m->mapped) {
        p = mremap((void *)(uintptr_t)m->p, m->mapped, room, MREMAP_MAYMOVE);
        if (p == MAP_FAILED)
            return as_fail_nomem(err, "mapping the vectors");
        m->p = p;
        m->mapped = room;
    }
    return AS_OK;
}

void as_vmap_close(as_vmap *m)
{
    if (m->p)
        (void)munmap((void *)(uintptr_t)m->p, m->mapped);
    if (m->fd >= 0)
        (void)close(m->fd);
    *m = (as_vmap){.fd = -1};
}

/* --- a file that is written from its beginning ----------------------------------------------- */

struct out {
    int fd;
    uint64_t at;
    as_buf buf;
};

static as_code out_open(int dir_fd, const char *name, struct out *o, as_err *err)
{
    *o = (struct out){.fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    return o->fd < 0 ? fail_io(err, "create") : AS_OK;
}

static as_code out_flush(struct out *o, as_err *err)
{
    as_code rc;

    if (o->buf.failed)
        return as_fail_nomem(err, "writing vectors");
    rc = as_vfile_write(o->fd, o->at, as_buf_bytes(&o->buf), err);
    o->at += o->buf.n;
    as_buf_reset(&o->buf);
    return rc;
}

static as_code out_add(struct out *o, const void *p, size_t n, as_err *err)
{
    as_buf_add(&o->buf, (as_bytes){p, n});
    return o->buf.n >= WRITE_ROOM || o->buf.failed ? out_flush(o, err) : AS_OK;
}

/* What was written is on disk, if nothing failed before. */
static as_code out_close(struct out *o, as_code rc, as_err *err)
{
    if (!rc)
        rc = out_flush(o, err);
    if (!rc && fdatasync(o->fd))
        rc = fail_io(err, "write");
    if (o->fd >= 0)
        (void)close(o->fd);
    as_buf_done(&o->buf);
    return rc;
}

/* --- making a set ------------------------------------------------------------------------------
 */

static as_code new_stamp(uint64_t *ret, as_err *err)
{
    if (getrandom(ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret))
        return fail_io(err, "name");
    return AS_OK;
}

/* The files of rows of generation `stamp`, with the live rows of `s` (NULL: none). */
static as_code write_rows(const as_vset *s, int dir_fd, uint64_t stamp, bool codes, as_err *err)
{
    char name[AS_VNAME_MAX];
    struct out o;
    as_code rc;

    as_vset_name(stamp, codes ? ".i8" : ".f32", name);
    rc = out_open(dir_fd, name, &o, err);
    for (size_t row = 0; !rc && s && row < s->n; row++) {
        if (s->dead[row])
            continue;
        rc = codes ? out_add(&o, as_vset_codes(s, row), s->stride, err)
                   : out_add(&o, as_vset_f32(s, row), s->dim * sizeof(float), err);
    }
    return out_close(&o, rc, err);
}

static as_code write_log(const as_vset *s, int dir_fd, const char *name, const as_vlog_header *h,
                         as_err *err)
{
    uint8_t header[AS_VLOG_HEADER], entry[AS_VLOG_ENTRY];
    uint64_t chain = h->stamp;
    uint32_t n = 0;
    struct out o;
    as_code rc = out_open(dir_fd, name, &o, err);

    as_vlog_header_put(h, header);
    if (!rc)
        rc = out_add(&o, header, sizeof(header), err);
    for (size_t row = 0; !rc && s && row < s->n; row++) {
        as_vlog_entry e = {.op = AS_VLOG_PUT, .row = n};
        const as_vrow *r = &s->rows[row];

        if (s->dead[row])
            continue;
        e.id = r->id;
        e.tags = s->kinds.p[r->kind].tags;
        e.tags.sample = s->samples.p[r->sample].tags.sample;
        e.scale = s->scales[row];
        e.error = r->error;
        e.sum = r->sum;
        as_vlog_entry_put(&e, &chain, entry);
        rc = out_add(&o, entry, sizeof(entry), err);
        n++;
    }
    for (unsigned copy = 0; !rc && copy < 2; copy++) {
        as_vlog_commit_put(h->stamp, (uint64_t)n + copy, chain, copy, entry);
        rc = out_add(&o, entry, sizeof(entry), err);
    }
    return out_close(&o, rc, err);
}

static as_code write_set(const as_vset *s, int dir_fd, const char *name, as_vlog_header *h,
                         as_err *err)
{
    as_code rc = new_stamp(&h->stamp, err);

    if (!rc)
        rc = write_rows(s, dir_fd, h->stamp, false, err);
    if (!rc)
        rc = write_rows(s, dir_fd, h->stamp, true, err);
    if (!rc)
        rc = write_log(s, dir_fd, name, h, err);
    if (!rc && fsync(dir_fd))
        rc = fail_io(err, "write");
    return rc;
}

as_code as_vset_create(int dir_fd, const char *name, const as_vlog_header *h, as_err *err)
{
    as_vlog_header own = *h;

    return write_set(NULL, dir_fd, name, &own, err);
}

as_code as_vset_rewrite(const as_vset *s, int dir_fd, const char *name, as_bytes model, as_err *err)
{
    as_vlog_header h = {.dim = (uint32_t)s->dim, .model = model};

    return write_set(s, dir_fd, name, &h, err);
}

/* Sixteen digits and ".f32" or ".i8", as as_vset_name() makes them. */
static bool is_rows_name(const char *name, uint64_t *ret_stamp)
{
    uint64_t stamp = 0;

    for (unsigned i = 0; i < 16; i++) {
        char c = name[i];

        if (c >= '0' && c <= '9')
            stamp = stamp << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            stamp = stamp << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret_stamp = stamp;
    return !strcmp(name + 16, ".f32") || !strcmp(name + 16, ".i8");
}

void as_vset_sweep(int dir_fd, uint64_t keep)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    uint64_t stamp = 0;

    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    while ((e = readdir(dir)))
        if (!strcmp(e->d_name, "log.new") || !strcmp(e->d_name, "graph.new") ||
            (is_rows_name(e->d_name, &stamp) && stamp != keep))
            (void)unlinkat(dir_fd, e->d_name, 0);
    (void)closedir(dir);
}

/* --- opening a set ------------------------------------------------------------------------------
 */

static as_code apply(void *ctx, const as_vlog_entry *e, as_err *err)
{
    as_vset *s = ctx;
    as_code rc;

    if (e->op == AS_VLOG_DELETE) {
        as_vset_apply_delete(s, e->id);
        return AS_OK;
    }
    rc = as_vset_room(s, err);
    if (!rc)
        as_vset_apply_put(s, e);
    return rc;
}

/* Opens the files of rows and fills the tables; a writer cuts off what was not committed. */
static as_code load(as_vset *s, int dir_fd, as_bytes file, const as_vlog_end *end, bool write,
                    as_err *err)
{
    char name[AS_VNAME_MAX];
    uint64_t f32 = end->puts * s->dim * sizeof(float), i8 = end->puts * s->stride;
    as_code rc;

    as_vset_name(s->stamp, ".f32", name);
    rc = as_vmap_open(dir_fd, name, f32, write, &s->f32, err);
    if (rc)
        return rc;
    as_vset_name(s->stamp, ".i8", name);
    rc = as_vmap_open(dir_fd, name, i8, write, &s->i8, err);
    if (rc)
        return rc;
    if (s->f32.p)
        (void)madvise((void *)(uintptr_t)s->f32.p, s->f32.mapped, MADV_RANDOM);
    rc = as_vlog_walk(file, s->stamp, end, apply, s, err);
    if (rc)
        return rc;
    s->log_bytes = end->bytes;
    s->chain = end->chain;
    if (write && (ftruncate(s->log_fd, (off_t)end->bytes) || ftruncate(s->f32.fd, (off_t)f32) ||
                  ftruncate(s->i8.fd, (off_t)i8)))
        return fail_io(err, "cut");
    return AS_OK;
}

static as_code open_mapped(as_vset *s, int dir_fd, as_bytes file, bool write,
                           char model[AS_VLOG_MODEL_MAX + 1], as_err *err)
{
    as_vlog_header h = {0};
    as_vlog_end end = {0};
    as_code rc = as_vlog_header_get(file, &h, err);

    if (!rc)
        rc = as_vlog_check(file, &h, &end, err);
    if (rc)
        return rc;
    s->stamp = h.stamp;
    s->dim = h.dim;
    s->stride = as_scan_stride(h.dim);
    memcpy(model, h.model.p, h.model.n);
    model[h.model.n] = 0;
    return load(s, dir_fd, file, &end, write, err);
}

as_code as_vset_open(int dir_fd, const char *name, bool write, as_vset *ret,
                     char model[AS_VLOG_MODEL_MAX + 1], as_err *err)
{
    as_vset s = {.f32.fd = -1, .i8.fd = -1};
    void *p = MAP_FAILED;
    struct stat st = {0};
    as_code rc;

    s.log_fd = openat(dir_fd, name, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (s.log_fd < 0 && errno == ENOENT)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "there are no vectors");
    if (s.log_fd < 0 || fstat(s.log_fd, &st)) {
        rc = fail_io(err, "open");
    } else if (!S_ISREG(st.st_mode) || st.st_size < (off_t)AS_VLOG_HEADER) {
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "the log of vectors is cut short");
    } else {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, s.log_fd, 0);
        rc = p == MAP_FAILED ? as_fail_nomem(err, "mapping the vectors") : AS_OK;
    }
    if (!rc)
        rc = open_mapped(&s, dir_fd, (as_bytes){p, (size_t)st.st_size}, write, model, err);
    if (p != MAP_FAILED)
        (void)munmap(p, (size_t)st.st_size);
    if (rc) {
        as_vset_close(&s);
        return rc;
    }
    *ret = s;
    return AS_OK;
}

void as_vset_close(as_vset *s)
{
    if (s->log_fd >= 0)
        (void)close(s->log_fd);
    as_vmap_close(&s->f32);
    as_vmap_close(&s->i8);
    as_buf_done(&s->pending);
    as_mem_free(s->rows);
    as_mem_free(s->scales);
    as_mem_free(s->dead);
    as_mem_free(s->ids);
    as_mem_free(s->samples.p);
    as_mem_free(s->samples.slots);
    as_mem_free(s->kinds.p);
    as_mem_free(s->kinds.slots);
    *s = (as_vset){.log_fd = -1, .f32.fd = -1, .i8.fd = -1};
}

/* --- commit --------------------------------------------------------------------------------------
 */

/* After a failure the kernel may have dropped the pages and forgotten it: no second try. */
static as_code sync_file(as_vset *s, int fd, as_err *err)
{
    if (!fdatasync(fd))
        return AS_OK;
    s->broken = true;
    return fail_io(err, "write");
}

/*
 * The mark is written when all it stands for is on disk: a power failure may write the
 * pages of one write in any order.
 */
as_code as_vset_commit(as_vset *s, as_err *err)
{
    uint8_t mark[2 * AS_VLOG_ENTRY];
    uint64_t at = s->log_bytes + s->pending.n;
    uint64_t number = (at - AS_VLOG_HEADER) / AS_VLOG_ENTRY;
    as_code rc;

    if (!s->pending.n)
        return AS_OK;
    for (unsigned copy = 0; copy < 2; copy++)
        as_vlog_commit_put(s->stamp, number + copy, s->chain, copy, mark + copy * AS_VLOG_ENTRY);
    rc = sync_file(s, s->f32.fd, err);
    if (!rc)
        rc = sync_file(s, s->i8.fd, err);
    if (!rc)
        rc = as_vfile_write(s->log_fd, s->log_bytes, as_buf_bytes(&s->pending), err);
    if (!rc)
        rc = sync_file(s, s->log_fd, err);
    if (!rc)
        rc = as_vfile_write(s->log_fd, at, (as_bytes){mark, sizeof(mark)}, err);
    if (!rc)
        rc = sync_file(s, s->log_fd, err);
    if (rc)
        return rc;
    s->log_bytes = at + sizeof(mark);
    as_buf_reset(&s->pending);
    return AS_OK;
}
