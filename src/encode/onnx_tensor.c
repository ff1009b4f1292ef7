#include "encode/onnx_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* Fields of TensorProto. */
enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    STRING_DATA = 6,
    INT64_DATA = 7,
    NAME = 8,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    UINT64_DATA = 11,
    EXTERNAL_DATA = 13,
    DATA_LOCATION = 14,
};

/* TensorProto.DataType, and the field that has its numbers if raw_data has not. */
static const struct {
    as_dtype type;
    uint8_t number, field;
} types[] = {
    {AS_F32, 1, FLOAT_DATA},   {AS_U8, 2, INT32_DATA},    {AS_I8, 3, INT32_DATA},
    {AS_U16, 4, INT32_DATA},   {AS_I16, 5, INT32_DATA},   {AS_I32, 6, INT32_DATA},
    {AS_I64, 7, INT64_DATA},   {AS_BOOL, 9, INT32_DATA},  {AS_F16, 10, INT32_DATA},
    {AS_F64, 11, DOUBLE_DATA}, {AS_U32, 12, UINT64_DATA}, {AS_U64, 13, UINT64_DATA},
    {AS_BF16, 16, INT32_DATA},
};

typedef struct parts {
    as_bytes name, raw, packed;
    as_bytes location, offset, length; /* of external data */
    uint64_t type;
    unsigned raw_n, chunks, typed; /* `typed`: number of the field that numbers come in */
    uint64_t count;                /* of them */
    bool external;
} parts;

as_code as_onnx_broken(const as_onnx *o, const uint8_t *p, as_err *err)
{
    return as_fail(err, AS_INVALID, as_onnx_at(o, p), "onnx: broken or cut short at byte %zu",
                   as_onnx_at(o, p));
}

static as_code refuse(const as_onnx *o, const parts *p, const uint8_t *at, as_code code,
                      const char *why, as_err *err)
{
    char shown[96];

    return as_fail(err, code, as_onnx_at(o, at), "onnx: tensor '%s': %s",
                   as_bytes_show(p->name, shown, sizeof(shown)), why);
}

static bool add_dimension(as_tensor *t, uint64_t v)
{
    if (v > INT64_MAX || t->rank == AS_TENSOR_RANK_MAX)
        return false;
    t->shape[t->rank++] = v;
    return true;
}

static bool add_dimensions(as_tensor *t, const as_pb_field *f)
{
    uint64_t v;

    if (f->wire == AS_PB_VARINT)
        return add_dimension(t, f->v);
    if (f->wire != AS_PB_LEN)
        return false;
    for (size_t at = 0; at < f->bytes.n;) {
        if (!as_pb_varint(f->bytes, &at, &v) || !add_dimension(t, v))
            return false;
    }
    return true;
}

/* Counts the numbers of a field; one packed run of floats can stay where it is. */
static bool count_numbers(parts *p, const as_pb_field *f)
{
    unsigned wire = f->number == FLOAT_DATA    ? AS_PB_I32
                    : f->number == DOUBLE_DATA ? AS_PB_I64
                                               : AS_PB_VARINT;

    if (p->typed && p->typed != f->number)
        return false;
    p->typed = f->number;
    p->chunks++;
    if (f->wire == wire) {
        p->packed = (as_bytes){0};
        p->chunks++; /* one number alone never is the whole run: it is copied */
        p->count++;
        return true;
    }
    if (f->wire != AS_PB_LEN)
        return false;
    p->packed = f->bytes;
    if (wire != AS_PB_VARINT) {
        size_t each = wire == AS_PB_I32 ? 4 : 8;

        p->count += f->bytes.n / each;
        return f->bytes.n % each == 0;
    }
    for (size_t i = 0; i < f->bytes.n; i++)
        p->count += f->bytes.p[i] < 0x80;
    return true;
}

static bool add_external(parts *p, as_bytes entry)
{
    as_pb pb = {.b = entry};
    as_bytes key = {0}, value = {0};
    as_pb_state s;
    as_pb_field f;

    while ((s = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (f.number == 1)
            key = f.bytes;
        else if (f.number == 2)
            value = f.bytes;
    }
    if (as_bytes_is(key, "location"))
        p->location = value;
    else if (as_bytes_is(key, "offset"))
        p->offset = value;
    else if (as_bytes_is(key, "length"))
        p->length = value;
    return s == AS_PB_END;
}

/* False: the field is not as the schema has it. */
static bool take_field(parts *p, as_tensor *t, const as_pb_field *f)
{
    switch (f->number) {
    case DIMS:
        return add_dimensions(t, f);
    case DATA_TYPE:
        p->type = f->v;
        return f->wire == AS_PB_VARINT;
    case FLOAT_DATA:
    case INT32_DATA:
    case INT64_DATA:
    case DOUBLE_DATA:
    case UINT64_DATA:
        return count_numbers(p, f);
    case NAME:
        p->name = f->bytes;
        return f->wire == AS_PB_LEN;
    case RAW_DATA:
        p->raw = f->bytes;
        p->raw_n++;
        return f->wire == AS_PB_LEN && p->raw_n == 1;
    case EXTERNAL_DATA:
        return f->wire == AS_PB_LEN && add_external(p, f->bytes);
    case DATA_LOCATION:
        p->external = f->v == 1;
        return f->wire == AS_PB_VARINT && f->v <= 1;
    default:
        return f->number != SEGMENT; /* a tensor in pieces: nothing writes that */
    }
}

/* --- numbers that are not in raw_data ------------------------------------------------------ */

static void put(uint8_t **to, uint64_t v, size_t each)
{
    for (size_t i = 0; i < each; i++)
        *(*to)++ = (uint8_t)(v >> 8 * i);
}

static bool decode(as_bytes body, const parts *p, uint8_t *to, size_t each)
{
    as_pb pb = {.b = body};
    as_pb_field f;
    uint64_t v;

    while (as_pb_next(&pb, &f) == AS_PB_FIELD) {
        if (f.number != p->typed)
            continue;
        if (f.wire != AS_PB_LEN) {
            put(&to, f.v, each);
        } else if (p->typed == FLOAT_DATA || p->typed == DOUBLE_DATA) {
            if (f.bytes.n)
                memcpy(to, f.bytes.p, f.bytes.n);
            to += f.bytes.n;
        } else {
            for (size_t at = 0; at < f.bytes.n; put(&to, v, each)) {
                if (!as_pb_varint(f.bytes, &at, &v))
                    return false;
            }
        }
    }
    return true;
}

static as_code take_typed(as_onnx *o, as_bytes body, const parts *p, unsigned field, as_tensor *t,
                          as_err *err)
{
    size_t each = as_dtype_size(t->dtype);
    uint8_t *copy;

    if (p->typed != field || p->count != t->size / each)
        return refuse(o, p, body.p, AS_INVALID, "its numbers are not as many as its shape says",
                      err);
    if (p->chunks == 1 && (field == FLOAT_DATA || field == DOUBLE_DATA)) {
        t->data = p->packed.p;
        return AS_OK;
    }
    copy = as_arena_take(o->w->arena, (size_t)p->count, each);
    if (!copy)
        return as_fail_nomem(err, "a tensor");
    if (!decode(body, p, copy, each))
        return refuse(o, p, body.p, AS_INVALID, "its numbers are broken", err);
    t->data = copy;
    return AS_OK;
}

/* --- data in other files ------------------------------------------------------------------- */

/* The end of the component that begins at `at`; 0: it is none that is followed. */
static size_t component(as_bytes path, size_t at)
{
    size_t end = at;

    while (end < path.n && path.p[end] != '/')
        end++;
    if (end == at || path.p[at] == '.') /* "//", ".", "..", and files that hide */
        return 0;
    return end;
}

static bool is_inside(as_bytes path)
{
    if (path.n == 0 || path.n > AS_ONNX_LOCATION_MAX || memchr(path.p, 0, path.n) ||
        memchr(path.p, '\\', path.n))
        return false;
    for (size_t at = 0; at < path.n;) {
        size_t end = component(path, at);

        if (!end || end == path.n - 1)
            return false;
        at = end + 1;
    }
    return true;
}

/* Follows no link, so that what is inside by name is inside. -1 and errno. */
static int open_inside(int dir, as_bytes path)
{
    char name[AS_ONNX_LOCATION_MAX + 1];
    int fd = dir;

    for (size_t at = 0; at < path.n;) {
        size_t end = component(path, at);
        int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, next;

        memcpy(name, path.p + at, end - at);
        name[end - at] = 0;
        next = openat(fd, name, end < path.n ? flags | O_DIRECTORY : flags);
        if (fd != dir) {
            int kept = errno;

            (void)close(fd);
            errno = kept;
        }
        if (next < 0)
            return -1;
        fd = next;
        at = end + 1;
    }
    return fd;
}

static as_code external_file(as_onnx *o, const parts *p, const uint8_t *at, as_bytes *ret,
                             as_err *err)
{
    char shown[96];
    as_onnx_file *one;
    as_code rc;
    int fd;

    for (size_t i = o->files_n; i-- > 0;) {
        if (as_bytes_eq(o->files[i].location, p->location)) {
            *ret = o->files[i].bytes;
            return AS_OK;
        }
    }
    if (!is_inside(p->location))
        return refuse(o, p, at, AS_INVALID, "its data are not in a file of the model's folder",
                      err);
    if (o->dir < 0)
        return refuse(o, p, at, AS_REFUSED, "its data are in another file", err);
    if (o->files_n >= AS_ONNX_FILES_MAX)
        return refuse(o, p, at, AS_LIMIT, "too many files of external data", err);
    if (!as_mem_room((void **)&o->files, &o->files_cap, o->files_n, sizeof(*o->files)))
        return as_fail_nomem(err, "a model file");
    (void)as_bytes_show(p->location, shown, sizeof(shown));
    fd = open_inside(o->dir, p->location);
    if (fd < 0)
        return as_fail(err, AS_REFUSED, as_onnx_at(o, at), "cannot open external data '%s': %s",
                       shown, errno == ELOOP ? "a link, and none is followed" : strerror(errno));
    one = &o->files[o->files_n];
    rc = as_weights_map(o->w, fd, shown, &one->bytes, err);
    (void)close(fd);
    if (rc)
        return rc;
    one->location = p->location;
    o->files_n++;
    *ret = one->bytes;
    return AS_OK;
}

static as_code take_external(as_onnx *o, const parts *p, const uint8_t *at, as_tensor *t,
                             as_err *err)
{
    uint64_t offset = 0, length = t->size;
    as_bytes file = {0};
    as_code rc = external_file(o, p, at, &file, err);

    if (rc)
        return rc;
    if ((p->offset.n && !as_bytes_u64(p->offset, &offset)) ||
        (p->length.n && !as_bytes_u64(p->length, &length)) || length != t->size)
        return refuse(o, p, at, AS_INVALID, "offset or length of its external data is wrong", err);
    if (offset > file.n || length > file.n - offset)
        return refuse(o, p, at, AS_INVALID, "its external data end behind their file", err);
    t->data = file.p + offset;
    return AS_OK;
}

/* ------------------------------------------------------------------------------------------- */

static as_code take_data(as_onnx *o, as_bytes body, const parts *p, unsigned field, as_tensor *t,
                         as_err *err)
{
    unsigned sources = (p->raw_n ? 1u : 0) + (p->typed ? 1u : 0) + (p->external ? 1u : 0);

    if (!as_tensor_bytes(t, &t->size))
        return refuse(o, p, body.p, AS_INVALID, "its shape is too large", err);
    if (sources > 1)
        return refuse(o, p, body.p, AS_INVALID, "its data are in two places", err);
    if (p->external)
        return take_external(o, p, body.p, t, err);
    if (p->typed)
        return take_typed(o, body, p, field, t, err);
    if (p->raw.n != t->size)
        return refuse(o, p, body.p, AS_INVALID, "its data are not as long as its shape says", err);
    t->data = p->raw_n ? p->raw.p : body.p;
    return AS_OK;
}

as_code as_onnx_tensor(as_onnx *o, as_bytes body, as_onnx_value *ret, uint64_t *ret_type,
                       as_err *err)
{
    as_pb pb = {.b = body};
    parts p = {0};
    as_tensor t = {0};
    as_pb_state s;
    as_pb_field f;

    while ((s = as_pb_next(&pb, &f)) == AS_PB_FIELD) {
        if (!take_field(&p, &t, &f))
            return refuse(o, &p, f.at, t.rank == AS_TENSOR_RANK_MAX ? AS_LIMIT : AS_INVALID,
                          "a field of it is not as it must be", err);
    }
    if (s == AS_PB_BROKEN)
        return as_onnx_broken(o, f.at, err);
    ret->name = p.name;
    ret->at = as_onnx_at(o, body.p);
    *ret_type = p.type;
    for (size_t i = 0; i < AS_COUNT(types); i++) {
        if (types[i].number == p.type) {
            as_code rc;

            t.dtype = types[i].type;
            rc = take_data(o, body, &p, types[i].field, &t, err);
            ret->t = t;
            ret->has = !rc;
            return rc;
        }
    }
    return AS_OK;
}
