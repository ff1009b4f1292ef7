#include "retrieve/vectors_priv.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/*
 * The header (512 bytes): magic, version, dim, stamp, length of the model's name, the name,
 * zeros, checksum. An entry (64 bytes) ends with the checksum of its first 56 bytes under
 * the checksum of the entry before it, so nothing can be left out or moved; a commit holds
 * that chain, its own number and a checksum that stands alone, and is written twice.
 */

#define VERSION 1u
#define CHECKED (AS_VLOG_ENTRY - 8)

static const uint8_t magic[8] = {'a', 's', 'v', 'l', 'o', 'g', '\r', '\n'};

static void put32(uint8_t *p, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

static void put64(uint8_t *p, uint64_t x)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put_float(uint8_t *p, float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    put32(p, bits);
}

static float get_float(const uint8_t *p)
{
    uint32_t bits = get32(p);
    float x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

void as_vlog_header_put(const as_vlog_header *h, uint8_t to[AS_VLOG_HEADER])
{
    memset(to, 0, AS_VLOG_HEADER);
    memcpy(to, magic, sizeof(magic));
    put32(to + 8, VERSION);
    put32(to + 12, h->dim);
    put64(to + 16, h->stamp);
    put32(to + 24, (uint32_t)h->model.n);
    memcpy(to + 28, h->model.p, h->model.n);
    put64(to + AS_VLOG_HEADER - 8, as_sum64((as_bytes){to, AS_VLOG_HEADER - 8}, 0));
}

as_code as_vlog_header_get(as_bytes file, as_vlog_header *ret, as_err *err)
{
    as_vlog_header h = {0};

    if (file.n < AS_VLOG_HEADER || memcmp(file.p, magic, sizeof(magic)) != 0)
        return as_fail(err, AS_INVALID, 0, "not a log of vectors");
    if (as_sum64((as_bytes){file.p, AS_VLOG_HEADER - 8}, 0) != get64(file.p + AS_VLOG_HEADER - 8))
        return as_fail(err, AS_INVALID, 0, "the header of the log is damaged");
    if (get32(file.p + 8) != VERSION)
        return as_fail(err, AS_UNAVAILABLE, 8, "written by a newer version of assay");
    h.dim = get32(file.p + 12);
    h.stamp = get64(file.p + 16);
    h.model = (as_bytes){file.p + 28, get32(file.p + 24)};
    if (h.dim < 1 || h.dim > AS_VECTORS_DIM_MAX || h.model.n > AS_VLOG_MODEL_MAX)
        return as_fail(err, AS_INVALID, 12, "the header of the log is damaged");
    *ret = h;
    return AS_OK;
}

void as_vlog_entry_put(const as_vlog_entry *e, uint64_t *chain, uint8_t to[AS_VLOG_ENTRY])
{
    memset(to, 0, AS_VLOG_ENTRY);
    put32(to, e->op);
    put32(to + 4, e->row);
    put64(to + 8, (uint64_t)e->id);
    put64(to + 16, (uint64_t)e->tags.sample);
    put32(to + 24, e->tags.tool);
    put32(to + 28, e->tags.section);
    put32(to + 32, e->tags.lang);
    put_float(to + 36, e->scale);
    put_float(to + 40, e->error);
    put64(to + 48, e->sum);
    *chain = as_sum64((as_bytes){to, CHECKED}, *chain);
    put64(to + CHECKED, *chain);
}

void as_vlog_commit_put(uint64_t stamp, uint64_t number, uint64_t chain, unsigned copy,
                        uint8_t to[AS_VLOG_ENTRY])
{
    memset(to, 0, AS_VLOG_ENTRY);
    put32(to, AS_VLOG_COMMIT);
    put32(to + 4, copy);
    put64(to + 8, number);
    put64(to + 16, chain);
    put64(to + CHECKED, as_sum64((as_bytes){to, CHECKED}, stamp));
}

static bool commit_fits(const uint8_t *e, uint64_t stamp, uint64_t number)
{
    return get32(e) == AS_VLOG_COMMIT && get64(e + 8) == number &&
           as_sum64((as_bytes){e, CHECKED}, stamp) == get64(e + CHECKED);
}

/* Entry `number` of the file is a commit in itself. */
static bool is_commit(as_bytes file, const as_vlog_header *h, uint64_t number)
{
    return commit_fits(file.p + AS_VLOG_HEADER + number * AS_VLOG_ENTRY, h->stamp, number);
}

bool as_vlog_committed(const uint8_t entry[AS_VLOG_ENTRY], uint64_t stamp, uint64_t number,
                       uint64_t chain)
{
    return commit_fits(entry, stamp, number) && get64(entry + 16) == chain;
}

static bool entry_fits(const uint8_t *e, uint64_t rows, uint64_t *chain)
{
    uint32_t op = get32(e);
    uint64_t sum = as_sum64((as_bytes){e, CHECKED}, *chain);
    float scale = get_float(e + 36), error = get_float(e + 40);

    if (sum != get64(e + CHECKED))
        return false;
    if (op == AS_VLOG_PUT && (get32(e + 4) != rows || rows >= AS_VECTORS_MAX || !(scale > 0) ||
                              !(scale <= 1) || !(error >= 0) || !(error <= 2)))
        return false;
    if (op != AS_VLOG_PUT && op != AS_VLOG_DELETE)
        return false;
    *chain = sum;
    return true;
}

static as_code damaged(uint64_t number, as_err *err)
{
    return as_fail(err, AS_INVALID, AS_VLOG_HEADER + number * AS_VLOG_ENTRY,
                   "the log of vectors is damaged at entry %llu", (unsigned long long)number);
}

as_code as_vlog_check(as_bytes file, const as_vlog_header *h, as_vlog_end *ret, as_err *err)
{
    uint64_t n = (file.n - AS_VLOG_HEADER) / AS_VLOG_ENTRY, i = 0, chain = h->stamp, rows = 0;
    as_vlog_end end = {AS_VLOG_HEADER, chain, 0};

    for (; i < n; i++) {
        const uint8_t *e = file.p + AS_VLOG_HEADER + i * AS_VLOG_ENTRY;

        if (is_commit(file, h, i)) {
            if (get64(e + 16) != chain)
                return damaged(i, err);
            end = (as_vlog_end){AS_VLOG_HEADER + (i + 1) * AS_VLOG_ENTRY, chain, rows};
        } else if (entry_fits(e, rows, &chain)) {
            rows += get32(e) == AS_VLOG_PUT;
        } else if (i + 1 < n && is_commit(file, h, i + 1) && get32(e + AS_VLOG_ENTRY + 4) == 1 &&
                   get64(e + AS_VLOG_ENTRY + 16) == chain) {
            continue; /* the first copy of a commit is lost, the second is whole */
        } else {
            break;
        }
    }
    /* A torn write leaves nothing valid behind it; a commit there means lost entries before. */
    for (uint64_t k = i + 1; k < n; k++)
        if (is_commit(file, h, k))
            return damaged(i, err);
    *ret = end;
    return AS_OK;
}

as_code as_vlog_walk(as_bytes file, uint64_t stamp, const as_vlog_end *end, as_vlog_fn *fn,
                     void *ctx, as_err *err)
{
    uint64_t chain = stamp, rows = 0;
    as_code rc = AS_OK;

    for (uint64_t at = AS_VLOG_HEADER; !rc && at < end->bytes; at += AS_VLOG_ENTRY) {
        const uint8_t *p = file.p + at;
        as_vlog_entry e = {
            .op = (as_vlog_op)get32(p),
            .row = get32(p + 4),
            .id = (int64_t)get64(p + 8),
            .tags = {(int64_t)get64(p + 16), get32(p + 24), get32(p + 28), get32(p + 32)},
            .scale = get_float(p + 36),
            .error = get_float(p + 40),
            .sum = get64(p + 48),
        };

        /* The lost copy of a commit may look like anything: only what is of the chain counts. */
        if (!entry_fits(p, rows, &chain))
            continue;
        rows += e.op == AS_VLOG_PUT;
        rc = fn(ctx, &e, err);
    }
    return rc;
}
