#include "encode/torch_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * A zip as torch writes it: entries stored, not packed, so that a storage can be mapped where
 * it lies. Sizes are those of the central directory (APPNOTE 4.3.12), as local headers may
 * leave theirs to a descriptor; where the data begin only the local header says (4.3.7), as
 * torch pads its extra field to align them.
 */

#define END_SIG      0x06054b50u
#define END64_SIG    0x06064b50u
#define LOCATOR_SIG  0x07064b50u
#define CENTRAL_SIG  0x02014b50u
#define LOCAL_SIG    0x04034b50u
#define END_SIZE     ((size_t)22)
#define CENTRAL_SIZE ((size_t)46)
#define LOCAL_SIZE   ((size_t)30)

typedef struct directory {
    uint64_t at, size, count;
} directory;

static as_code broken(const char *what, size_t at, as_err *err)
{
    return as_fail(err, AS_INVALID, at, "zip: %s at byte %zu", what, at);
}

/* The end record is the last thing in the file, but for a comment that it tells the size of. */
static bool find_end(as_bytes f, size_t *ret)
{
    for (size_t comment = 0; comment <= 0xffff && comment + END_SIZE <= f.n; comment++) {
        size_t at = f.n - END_SIZE - comment;

        if (as_le(f.p + at, 4) == END_SIG && as_le(f.p + at + 20, 2) == comment) {
            *ret = at;
            return true;
        }
    }
    return false;
}

static as_code read_end64(as_bytes f, size_t end, directory *d, as_err *err)
{
    uint64_t at;

    if (end < 20 || as_le(f.p + end - 20, 4) != LOCATOR_SIG)
        return broken("no zip64 locator", end, err);
    at = as_le(f.p + end - 12, 8);
    if (at > end - 20 || end - 20 - at < 56 || as_le(f.p + at, 4) != END64_SIG)
        return broken("no zip64 end record", end, err);
    d->count = as_le(f.p + at + 32, 8);
    d->size = as_le(f.p + at + 40, 8);
    d->at = as_le(f.p + at + 48, 8);
    if (d->at > at || d->size > at - d->at)
        return broken("a directory outside of the file", (size_t)at, err);
    return AS_OK;
}

static as_code read_end(as_bytes f, directory *d, as_err *err)
{
    size_t end;

    if (!find_end(f, &end))
        return as_fail(err, AS_INVALID, f.n, "zip: no end record: cut short?");
    d->count = as_le(f.p + end + 10, 2);
    d->size = as_le(f.p + end + 12, 4);
    d->at = as_le(f.p + end + 16, 4);
    if (d->count == 0xffff || d->size == 0xffffffff || d->at == 0xffffffff)
        return read_end64(f, end, d, err);
    if (d->at > end || d->size > end - d->at)
        return broken("a directory outside of the file", end, err);
    return AS_OK;
}

/* 64-bit fields stand in the extra field, in this order, for those that say ffffffff. */
static bool read_zip64(as_bytes extra, uint64_t *size, uint64_t *packed, uint64_t *offset)
{
    uint64_t *fields[] = {size, packed, offset};

    for (size_t at = 0; extra.n - at >= 4;) {
        size_t id = (size_t)as_le(extra.p + at, 2), n = (size_t)as_le(extra.p + at + 2, 2);

        at += 4;
        if (n > extra.n - at)
            return false;
        for (size_t i = 0, left = n; id == 1 && i < AS_COUNT(fields); i++) {
            if (*fields[i] != 0xffffffff)
                continue;
            if (left < 8)
                return false;
            *fields[i] = as_le(extra.p + at + (n - left), 8);
            left -= 8;
        }
        if (id == 1)
            break;
        at += n;
    }
    return true;
}

/* `limit`: where the directory begins; all data lie before it. */
static as_code locate(as_bytes f, uint64_t offset, uint64_t size, uint64_t limit, as_zip_entry *e,
                      as_err *err)
{
    uint64_t data;

    if (offset > limit || limit - offset < LOCAL_SIZE || as_le(f.p + offset, 4) != LOCAL_SIG)
        return broken("no local header", (size_t)offset, err);
    data = offset + LOCAL_SIZE + as_le(f.p + offset + 26, 2) + as_le(f.p + offset + 28, 2);
    if (data > limit || size > limit - data)
        return broken("an entry that ends behind the directory's start", (size_t)offset, err);
    if (as_le(f.p + offset + 26, 2) != e->name.n ||
        (e->name.n && memcmp(f.p + offset + LOCAL_SIZE, e->name.p, e->name.n) != 0))
        return broken("a local header of another name", (size_t)offset, err);
    if (as_le(f.p + offset + 8, 2) != 0)
        return broken("an entry that is packed", (size_t)offset, err);
    e->header = offset;
    e->data = (as_bytes){f.p + data, (size_t)size};
    return AS_OK;
}

/* One record of the directory at `at`, which moves behind it. */
static as_code read_record(as_bytes f, const directory *d, uint64_t *at, as_zip_entry *e,
                           as_err *err)
{
    uint64_t left = d->at + d->size - *at, size, packed, offset, name, extra, comment;
    const uint8_t *p = f.p + *at;
    size_t here = (size_t)*at;

    if (left < CENTRAL_SIZE || as_le(p, 4) != CENTRAL_SIG)
        return broken("no directory record", here, err);
    name = as_le(p + 28, 2);
    extra = as_le(p + 30, 2);
    comment = as_le(p + 32, 2);
    if (name + extra + comment > left - CENTRAL_SIZE)
        return broken("a directory record that is cut short", here, err);
    if ((as_le(p + 8, 2) & 1) || as_le(p + 10, 2) != 0)
        return broken("an entry that is packed or encrypted", here, err);
    packed = as_le(p + 20, 4);
    size = as_le(p + 24, 4);
    offset = as_le(p + 42, 4);
    if (!read_zip64((as_bytes){p + CENTRAL_SIZE + name, (size_t)extra}, &size, &packed, &offset) ||
        size != packed)
        return broken("a directory record that contradicts itself", here, err);
    e->name = (as_bytes){p + CENTRAL_SIZE, (size_t)name};
    *at += CENTRAL_SIZE + name + extra + comment;
    return locate(f, offset, size, d->at, e, err);
}

static int by_header(const void *a, const void *b)
{
    const as_zip_entry *x = a, *y = b;

    return x->header < y->header ? -1 : x->header > y->header;
}

static int by_name(const void *a, const void *b)
{
    const as_zip_entry *x = a, *y = b;

    return as_bytes_cmp(x->name, y->name);
}

/* No byte belongs to two entries, no name to two. */
static as_code check_entries(as_bytes f, as_zip_entry *entries, size_t n, as_err *err)
{
    char shown[96];

    qsort(entries, n, sizeof(*entries), by_header);
    for (size_t i = 1; i < n; i++) {
        size_t end = (size_t)(entries[i - 1].data.p - f.p) + entries[i - 1].data.n;

        if (entries[i].header < end)
            return broken("an entry that overlaps the one before it", (size_t)entries[i].header,
                          err);
    }
    qsort(entries, n, sizeof(*entries), by_name);
    for (size_t i = 1; i < n; i++) {
        if (as_bytes_eq(entries[i - 1].name, entries[i].name))
            return as_fail(err, AS_INVALID, (size_t)entries[i].header, "zip: two entries are '%s'",
                           as_bytes_show(entries[i].name, shown, sizeof(shown)));
    }
    return AS_OK;
}

as_code as_zip_read(as_bytes f, as_zip_entry **ret, size_t *ret_n, as_err *err)
{
    as_zip_entry *entries;
    directory d = {0};
    uint64_t at;
    as_code rc = read_end(f, &d, err);

    if (rc)
        return rc;
    if (d.count > AS_WEIGHTS_TENSORS_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "zip: more than %zu entries",
                       AS_WEIGHTS_TENSORS_MAX);
    if (d.count == 0 || d.count > d.size / CENTRAL_SIZE)
        return broken("a directory too small for its entries", (size_t)d.at, err);
    entries = as_mem_zero((size_t)d.count, sizeof(*entries));
    if (!entries)
        return as_fail_nomem(err, "the entries of a zip");
    at = d.at;
    for (size_t i = 0; !rc && i < d.count; i++)
        rc = read_record(f, &d, &at, &entries[i], err);
    if (!rc)
        rc = check_entries(f, entries, (size_t)d.count, err);
    if (rc) {
        as_mem_free(entries);
        return rc;
    }
    *ret = entries;
    *ret_n = (size_t)d.count;
    return AS_OK;
}

const as_zip_entry *as_zip_find(const as_zip_entry *entries, size_t n, as_bytes name)
{
    as_zip_entry key = {.name = name};

    return bsearch(&key, entries, n, sizeof(key), by_name);
}
