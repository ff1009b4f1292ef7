#include "store/blob_priv.h"

#include "base/buf.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/banned.h"

#define SKIPPABLE_MAGIC 0x184d2a5eu
#define FOOTER_MAGIC    0x8f92eab1u
#define HEAD_SIZE       8u /* of a skippable frame: magic, size */
#define ENTRY_SIZE      8u
#define FOOTER_SIZE     9u

static void put_le32(as_buf *b, uint32_t value)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        as_buf_byte(b, (uint8_t)(value >> shift));
}

static uint32_t get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* --- writing ---------------------------------------------------------------------------- */

struct as_packer {
    ZSTD_CCtx *z;
    uint8_t *in;
    uint8_t *out;
    size_t out_cap;
    as_buf table; /* the entries */
};

as_code as_packer_new(as_packer **ret, as_err *err)
{
    as_packer *p = as_mem_zero(1, sizeof(*p));

    if (!p)
        return as_fail_nomem(err, "packing");
    p->out_cap = ZSTD_compressBound(AS_BLOB_FRAME);
    p->in = as_mem_get(AS_BLOB_FRAME);
    p->out = as_mem_get(p->out_cap);
    p->z = ZSTD_createCCtx();
    if (!p->in || !p->out || !p->z ||
        ZSTD_isError(ZSTD_CCtx_setParameter(p->z, ZSTD_c_compressionLevel, AS_BLOB_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(p->z, ZSTD_c_checksumFlag, 1))) {
        as_packer_free(p);
        return as_fail_nomem(err, "packing");
    }
    *ret = p;
    return AS_OK;
}

void as_packer_free(as_packer *p)
{
    if (!p)
        return;
    (void)ZSTD_freeCCtx(p->z);
    as_buf_done(&p->table);
    as_mem_free(p->in);
    as_mem_free(p->out);
    as_mem_free(p);
}

static as_code write_all(int fd, const char *where, as_bytes bytes, as_err *err)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write to '%s': %s", where,
                           n < 0 ? strerror(errno) : "nothing was taken");
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return AS_OK;
}

/* A frame's worth of bytes, less only at the end. */
static as_code fill(as_packer *p, as_source *source, size_t *ret_n, as_err *err)
{
    size_t n = 0, got = 1;

    while (n < AS_BLOB_FRAME && got > 0) {
        as_code rc = as_source_read(source, p->in + n, AS_BLOB_FRAME - n, &got, err);

        if (rc)
            return rc;
        n += got;
    }
    *ret_n = n;
    return AS_OK;
}

static as_code pack_frame(as_packer *p, int fd, const char *where, size_t n, uint64_t *stored,
                          as_err *err)
{
    size_t packed = ZSTD_compress2(p->z, p->out, p->out_cap, p->in, n);

    /* There is room for the worst case: what is left is memory of its own. */
    if (ZSTD_isError(packed))
        return as_fail_nomem(err, "packing");
    if (p->table.n / ENTRY_SIZE >= AS_FRAMES_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "more than %zu bytes are not kept as one",
                       AS_BLOB_FRAME * AS_FRAMES_MAX);
    put_le32(&p->table, (uint32_t)packed);
    put_le32(&p->table, (uint32_t)n);
    *stored += packed;
    return write_all(fd, where, (as_bytes){p->out, packed}, err);
}

static as_code write_table(as_packer *p, int fd, const char *where, uint64_t *stored, as_err *err)
{
    uint32_t count = (uint32_t)(p->table.n / ENTRY_SIZE);
    as_buf all = {0};
    as_code rc;

    put_le32(&all, SKIPPABLE_MAGIC);
    put_le32(&all, (uint32_t)(p->table.n + FOOTER_SIZE));
    as_buf_add(&all, as_buf_bytes(&p->table));
    put_le32(&all, count);
    as_buf_byte(&all, 0);
    put_le32(&all, FOOTER_MAGIC);
    if (all.failed || p->table.failed)
        rc = as_fail_nomem(err, "the table of a blob");
    else
        rc = write_all(fd, where, as_buf_bytes(&all), err);
    *stored += all.n;
    as_buf_done(&all);
    return rc;
}

as_code as_packer_run(as_packer *p, int fd, const char *where, as_source *source,
                      uint64_t *ret_size, uint64_t *ret_stored, as_err *err)
{
    uint64_t size = 0, stored = 0;
    size_t n = AS_BLOB_FRAME;
    as_code rc = AS_OK;

    as_buf_reset(&p->table);
    while (!rc && n == AS_BLOB_FRAME) {
        rc = fill(p, source, &n, err);
        if (!rc && n > 0)
            rc = pack_frame(p, fd, where, n, &stored, err);
        size += n;
    }
    if (!rc)
        rc = write_table(p, fd, where, &stored, err);
    if (rc)
        return rc;
    *ret_size = size;
    *ret_stored = stored;
    return AS_OK;
}

/* --- reading ---------------------------------------------------------------------------- */

#define NO_FRAME UINT32_MAX

struct frame {
    uint64_t at, packed_at; /* of its first byte */
    uint32_t size, packed;
};

struct as_frames {
    int fd;
    char *name;
    uint64_t size, stored;
    uint32_t n;
    struct frame *frame;
    size_t unpacked_cap, packed_cap; /* of its largest frame */
    ZSTD_DCtx *z;
    uint8_t *packed;
    uint8_t *held; /* frame `held_frame`, unpacked */
    size_t packed_room, held_room;
    uint32_t held_frame;
    uint64_t count;
};

static as_code damaged(const as_frames *f, const char *what, as_err *err)
{
    return as_fail(err, AS_INVALID, AS_NO_OFFSET, "blob '%s' is damaged: %s", f->name, what);
}

static as_code read_at(const as_frames *f, uint64_t at, uint8_t *dst, size_t n, as_err *err)
{
    while (n > 0) {
        ssize_t got = pread(f->fd, dst, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        /* EIO is what a bad block on the disk says. */
        if (got < 0)
            return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot read blob '%s': %s", f->name,
                           strerror(errno));
        if (got == 0)
            return damaged(f, "it is cut short", err);
        dst += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return AS_OK;
}

/* The count of frames, once the file can hold a table of so many. */
static as_code read_footer(as_frames *f, as_err *err)
{
    uint8_t foot[FOOTER_SIZE], head[HEAD_SIZE];
    uint64_t table;
    as_code rc;

    if (f->stored < HEAD_SIZE + FOOTER_SIZE)
        return damaged(f, "it is cut short", err);
    rc = read_at(f, f->stored - FOOTER_SIZE, foot, FOOTER_SIZE, err);
    if (rc)
        return rc;
    if (get_le32(foot + 5) != FOOTER_MAGIC)
        return damaged(f, "its end is missing", err);
    f->n = get_le32(foot);
    if (foot[4] != 0 || f->n > AS_FRAMES_MAX)
        return damaged(f, "its table is of another form", err);
    table = (uint64_t)f->n * ENTRY_SIZE + FOOTER_SIZE;
    if (table > f->stored - HEAD_SIZE)
        return damaged(f, "its table is cut short", err);
    rc = read_at(f, f->stored - table - HEAD_SIZE, head, HEAD_SIZE, err);
    if (rc)
        return rc;
    if (get_le32(head) != SKIPPABLE_MAGIC || get_le32(head + 4) != table)
        return damaged(f, "its table has no beginning", err);
    return AS_OK;
}

/* Sizes must add up to the file, so a table that is a lie about one byte is refused. */
static as_code parse_table(as_frames *f, const uint8_t *entry, as_err *err)
{
    uint64_t at = 0, packed_at = 0;
    uint64_t end = f->stored - HEAD_SIZE - (uint64_t)f->n * ENTRY_SIZE - FOOTER_SIZE;

    for (uint32_t i = 0; i < f->n; i++, entry += ENTRY_SIZE) {
        struct frame *frame = &f->frame[i];

        *frame = (struct frame){at, packed_at, get_le32(entry + 4), get_le32(entry)};
        if (frame->size == 0 || frame->size > AS_FRAME_MAX || frame->packed == 0 ||
            frame->packed > ZSTD_compressBound(AS_FRAME_MAX) || frame->packed > end - packed_at)
            return damaged(f, "its table names a frame that cannot be", err);
        if (frame->size > f->unpacked_cap)
            f->unpacked_cap = frame->size;
        if (frame->packed > f->packed_cap)
            f->packed_cap = frame->packed;
        at += frame->size;
        packed_at += frame->packed;
    }
    if (packed_at != end)
        return damaged(f, "its table does not match its size", err);
    f->size = at;
    return AS_OK;
}

static as_code read_table(as_frames *f, as_err *err)
{
    size_t bytes = (size_t)f->n * ENTRY_SIZE;
    uint8_t *entries;
    as_code rc;

    if (f->n == 0)
        return parse_table(f, NULL, err);
    entries = as_mem_get(bytes);
    f->frame = as_mem_zero(f->n, sizeof(*f->frame));
    if (!entries || !f->frame)
        rc = as_fail_nomem(err, "the table of a blob");
    else
        rc = read_at(f, f->stored - FOOTER_SIZE - bytes, entries, bytes, err);
    if (!rc)
        rc = parse_table(f, entries, err);
    as_mem_free(entries);
    return rc;
}

as_code as_frames_open(int fd, const char *name, as_frames **ret, as_err *err)
{
    as_frames *f = as_mem_zero(1, sizeof(*f));
    struct stat st;
    as_code rc = AS_OK;

    if (!f)
        return as_fail_nomem(err, "a blob");
    f->fd = fd;
    f->held_frame = NO_FRAME;
    f->name = as_mem_get(strlen(name) + 1);
    if (!f->name) {
        rc = as_fail_nomem(err, "a blob");
    } else {
        memcpy(f->name, name, strlen(name) + 1);
        if (fstat(fd, &st) || !S_ISREG(st.st_mode))
            rc = damaged(f, "it is no regular file", err);
        else
            f->stored = (uint64_t)st.st_size;
    }
    if (!rc)
        rc = read_footer(f, err);
    if (!rc)
        rc = read_table(f, err);
    if (rc) {
        f->fd = -1;
        as_frames_free(f);
        return rc;
    }
    *ret = f;
    return AS_OK;
}

void as_frames_free(as_frames *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        (void)close(f->fd);
    (void)ZSTD_freeDCtx(f->z);
    as_mem_free(f->packed);
    as_mem_free(f->held);
    as_mem_free(f->frame);
    as_mem_free(f->name);
    as_mem_free(f);
}

uint64_t as_frames_size(const as_frames *f)
{
    return f->size;
}

uint64_t as_frames_stored(const as_frames *f)
{
    return f->stored;
}

uint64_t as_frames_unpacked(const as_frames *f)
{
    return f->count;
}

static as_code room_for(uint8_t **p, size_t *room, size_t n, as_err *err)
{
    if (*room >= n)
        return AS_OK;
    as_mem_free(*p);
    *p = as_mem_get(n);
    *room = *p ? n : 0;
    return *p ? AS_OK : as_fail_nomem(err, "unpacking a blob");
}

/* Memory comes with the first frame: who asks for the size alone needs none. */
static as_code make_room(as_frames *f, as_err *err)
{
    as_code rc = room_for(&f->packed, &f->packed_room, f->packed_cap, err);

    if (!rc)
        rc = room_for(&f->held, &f->held_room, f->unpacked_cap, err);
    if (!rc && !f->z) {
        f->z = ZSTD_createDCtx();
        rc = f->z ? AS_OK : as_fail_nomem(err, "unpacking a blob");
    }
    return rc;
}

void as_frames_inherit(as_frames *f, as_frames *from)
{
    if (!from || f->z || f->packed || f->held)
        return;
    f->z = from->z;
    f->packed = from->packed;
    f->packed_room = from->packed_room;
    f->held = from->held;
    f->held_room = from->held_room;
    from->z = NULL;
    from->packed = from->held = NULL;
    from->packed_room = from->held_room = 0;
    from->held_frame = NO_FRAME;
}

static as_code hold_frame(as_frames *f, uint32_t i, as_err *err)
{
    const struct frame *frame = &f->frame[i];
    as_code rc = make_room(f, err);
    size_t n;

    if (!rc)
        rc = read_at(f, frame->packed_at, f->packed, frame->packed, err);
    if (rc)
        return rc;
    f->held_frame = NO_FRAME;
    f->count++;
    n = ZSTD_decompressDCtx(f->z, f->held, frame->size, f->packed, frame->packed);
    if (ZSTD_isError(n))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "blob '%s' is damaged: frame %u of %u: %s",
                       f->name, i + 1, f->n, ZSTD_getErrorName(n));
    if (n != frame->size)
        return damaged(f, "a frame is not of the size that its table names", err);
    f->held_frame = i;
    return AS_OK;
}

static uint32_t frame_of(const as_frames *f, uint64_t at)
{
    uint32_t low = 0, high = f->n;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (f->frame[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

as_code as_frames_read(as_frames *f, uint64_t at, uint8_t *dst, size_t n, as_err *err)
{
    if (at > f->size || n > f->size - at)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "blob '%s' has %llu bytes, not those from %llu to %llu", f->name,
                       (unsigned long long)f->size, (unsigned long long)at,
                       (unsigned long long)at + n);
    while (n > 0) {
        uint32_t i = frame_of(f, at);
        size_t from = (size_t)(at - f->frame[i].at), part = f->frame[i].size - from;
        as_code rc = i == f->held_frame ? AS_OK : hold_frame(f, i, err);

        if (rc)
            return rc;
        part = part < n ? part : n;
        memcpy(dst, f->held + from, part);
        dst += part;
        at += part;
        n -= part;
    }
    return AS_OK;
}
