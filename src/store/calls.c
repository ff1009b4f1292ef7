#include "base/hash.h"
#include "store/store_priv.h"

#include <string.h>
#include <sys/random.h>
#include <zstd.h>

#include "base/banned.h"

/*
 * API calls are too many for rows. Those of one process stand behind each other, each in a
 * few bytes: the number of the API with two flags, how often it was repeated, how far its
 * evidence begins behind the end of the one before, how long it is. zstd finds the rest.
 */

#define PART_SIZE  ((size_t)1 << 20) /* packed calls of one process that become one row */
#define ZSTD_LEVEL 6
#define PART_MAX   ((size_t)64 << 20) /* unpacked; a row that says more is damaged */

#define FAILED 1u
#define AGAIN  2u

struct api {
    uint64_t hash;
    int64_t id;     /* 0: free */
    uint32_t at, n; /* of the text in `texts` */
};

struct list { /* calls of one process */
    uint32_t process;
    bool used;
    uint64_t calls, end;
    as_buf packed;
};

struct as_callbook {
    as_store *s;
    struct api *apis;
    size_t n_apis, mask_apis;
    as_buf texts;
    struct list *lists;
    size_t n_lists, mask_lists;
    struct list *last; /* the list of the call before: mostly the same */
    uint64_t seed;
    int64_t part;
    as_buf data;
};

as_callbook *as_callbook_new(as_store *s)
{
    as_callbook *b = as_mem_zero(1, sizeof(*b));

    if (!b)
        return NULL;
    b->s = s;
    if (getrandom(&b->seed, sizeof(b->seed), GRND_NONBLOCK) != sizeof(b->seed))
        b->seed = (uint64_t)(uintptr_t)b;
    return b;
}

static void drop_lists(as_callbook *b)
{
    for (size_t i = 0; b->lists && i <= b->mask_lists; i++)
        as_buf_done(&b->lists[i].packed);
    as_mem_free(b->lists);
    b->lists = b->last = NULL;
    b->n_lists = b->mask_lists = 0;
}

void as_callbook_free(as_callbook *b)
{
    if (!b)
        return;
    drop_lists(b);
    as_mem_free(b->apis);
    as_buf_done(&b->texts);
    as_buf_done(&b->data);
    as_mem_free(b);
}

/* --- APIs ----------------------------------------------------------------------------------- */

static as_code api_stored(as_store *s, as_bytes name, int64_t *ret, as_err *err)
{
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(s, "SELECT id FROM api WHERE name = ?1", &st, err);

    if (!rc) {
        (void)sqlite3_bind_blob64(st, 1, name.p ? name.p : (const uint8_t *)"", name.n,
                                  SQLITE_STATIC);
        rc = as_sql_step(s, st, &row, err);
    }
    if (!rc && row)
        *ret = sqlite3_column_int64(st, 0);
    as_sql_put(s, st);
    if (rc || row)
        return rc;
    rc = as_sql_get(s, "INSERT INTO api(name) VALUES(?1)", &st, err);
    if (!rc) {
        (void)sqlite3_bind_blob64(st, 1, name.p ? name.p : (const uint8_t *)"", name.n,
                                  SQLITE_STATIC);
        rc = as_sql_do(s, st, err);
        *ret = sqlite3_last_insert_rowid(s->db);
    }
    as_sql_put(s, st);
    return rc;
}

static struct api *api_slot(const as_callbook *b, struct api *apis, size_t mask, uint64_t hash,
                            as_bytes name)
{
    size_t at = (size_t)hash & mask;

    for (; apis[at].id; at = (at + 1) & mask) {
        as_bytes text = {b->texts.p + apis[at].at, apis[at].n};

        if (apis[at].hash == hash && as_bytes_eq(text, name))
            break;
    }
    return &apis[at];
}

static bool grow_apis(as_callbook *b)
{
    size_t size = b->apis ? 2 * (b->mask_apis + 1) : 256;
    struct api *wide = as_mem_zero(size, sizeof(*wide));

    if (!wide)
        return false;
    for (size_t i = 0; b->apis && i <= b->mask_apis; i++) {
        const struct api *api = &b->apis[i];

        if (api->id)
            *api_slot(b, wide, size - 1, api->hash, (as_bytes){b->texts.p + api->at, api->n}) =
                *api;
    }
    as_mem_free(b->apis);
    b->apis = wide;
    b->mask_apis = size - 1;
    return true;
}

static as_code api_of(as_callbook *b, as_bytes name, int64_t *ret, as_err *err)
{
    uint64_t hash = as_hash64(name, b->seed);
    struct api *slot;
    int64_t id = 0;
    as_code rc;

    if ((!b->apis || 2 * b->n_apis > b->mask_apis) && !grow_apis(b))
        return as_fail_nomem(err, "the API calls of a report");
    slot = api_slot(b, b->apis, b->mask_apis, hash, name);
    if (slot->id) {
        *ret = slot->id;
        return AS_OK;
    }
    rc = api_stored(b->s, name, &id, err);
    if (rc)
        return rc;
    *slot = (struct api){hash, id, (uint32_t)b->texts.n, (uint32_t)name.n};
    as_buf_add(&b->texts, name);
    b->n_apis++;
    *ret = id;
    return b->texts.failed ? as_fail_nomem(err, "the API calls of a report") : AS_OK;
}

/* --- lists ---------------------------------------------------------------------------------- */

static struct list *list_slot(const as_callbook *b, struct list *lists, size_t mask,
                              uint32_t process)
{
    uint64_t hash = as_hash64((as_bytes){(const uint8_t *)&process, sizeof(process)}, b->seed);
    size_t at = (size_t)hash & mask;

    while (lists[at].used && lists[at].process != process)
        at = (at + 1) & mask;
    return &lists[at];
}

static struct list *list_of(as_callbook *b, uint32_t process)
{
    struct list *slot;

    if (b->last && b->last->process == process)
        return b->last;
    if (!b->lists || 2 * b->n_lists > b->mask_lists) {
        size_t size = b->lists ? 2 * (b->mask_lists + 1) : 16;
        struct list *wide = as_mem_zero(size, sizeof(*wide));

        if (!wide)
            return NULL;
        for (size_t i = 0; b->lists && i <= b->mask_lists; i++) {
            if (b->lists[i].used)
                *list_slot(b, wide, size - 1, b->lists[i].process) = b->lists[i];
        }
        as_mem_free(b->lists);
        b->lists = wide;
        b->mask_lists = size - 1;
    }
    slot = list_slot(b, b->lists, b->mask_lists, process);
    if (!slot->used) {
        *slot = (struct list){.process = process, .used = true};
        b->n_lists++;
    }
    b->last = slot;
    return slot;
}

as_code as_callbook_add(as_callbook *b, const as_call *call, as_err *err)
{
    struct list *list = list_of(b, call->process);
    unsigned flags = (call->failed ? FAILED : 0) | (call->repeated ? AGAIN : 0);
    int64_t api = 0;
    as_code rc;

    if (!list)
        return as_fail_nomem(err, "the API calls of a report");
    rc = api_of(b, call->api, &api, err);
    if (rc)
        return rc;
    as_put_varint(&list->packed, (uint64_t)api << 2 | flags);
    if (call->repeated)
        as_put_varint(&list->packed, call->repeated);
    as_put_varint(&list->packed, as_zigzag((int64_t)(call->begin - list->end)));
    as_put_varint(&list->packed, call->end - call->begin);
    list->end = call->end;
    list->calls++;
    return list->packed.failed ? as_fail_nomem(err, "the API calls of a report") : AS_OK;
}

/* --- storing -------------------------------------------------------------------------------- */

static as_code put_list(as_callbook *b, sqlite3_stmt *st, int64_t doc, int64_t process,
                        const struct list *list, as_err *err)
{
    size_t bound = ZSTD_compressBound(list->packed.n), n;

    as_buf_reset(&b->data);
    if (!as_buf_room(&b->data, bound))
        return as_fail_nomem(err, "the API calls of a report");
    n = ZSTD_compress(b->data.p, bound, list->packed.p, list->packed.n, ZSTD_LEVEL);
    if (ZSTD_isError(n))
        return as_fail_nomem(err, "the API calls of a report");
    (void)sqlite3_bind_int64(st, 1, doc);
    (void)sqlite3_bind_int64(st, 2, process);
    (void)sqlite3_bind_int64(st, 3, b->part++);
    (void)sqlite3_bind_int64(st, 4, (int64_t)list->calls);
    (void)sqlite3_bind_int64(st, 5, (int64_t)list->packed.n);
    (void)sqlite3_bind_blob64(st, 6, b->data.p, n, SQLITE_STATIC);
    return as_sql_do(b->s, st, err);
}

as_code as_callbook_flush(as_callbook *b, int64_t doc, const int64_t *ids, size_t n, as_err *err)
{
    sqlite3_stmt *st = NULL;
    as_code rc;

    if (b->n_lists == 0)
        return AS_OK;
    rc = as_sql_get(b->s,
                    "INSERT INTO calls(doc, process, part, calls, size, data) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                    &st, err);
    for (size_t i = 0; !rc && i <= b->mask_lists; i++) {
        const struct list *list = &b->lists[i];

        if (list->used && list->calls > 0)
            rc = put_list(b, st, doc, list->process < n ? ids[list->process] : 0, list, err);
    }
    as_sql_put(b->s, st);
    drop_lists(b);
    return rc;
}

/* --- reading -------------------------------------------------------------------------------- */

struct reader {
    as_store *s;
    as_stored_call_fn *fn;
    void *ctx;
    as_buf data;
    sqlite3_stmt *name;
};

static as_code api_name(struct reader *r, uint64_t id, as_bytes *ret, as_err *err)
{
    bool row = false;
    as_code rc;

    (void)sqlite3_reset(r->name);
    (void)sqlite3_bind_int64(r->name, 1, (int64_t)id);
    rc = as_sql_step(r->s, r->name, &row, err);
    if (!rc && !row)
        rc = as_sql_damaged(r->s, "a call of an unknown API", err);
    if (!rc)
        *ret = as_column_bytes(r->name, 0);
    return rc;
}

static as_code read_calls(struct reader *r, int64_t process, as_bytes in, as_err *err)
{
    uint64_t end = 0, head, gap, length;
    as_code rc = AS_OK;

    while (!rc && in.n > 0) {
        as_stored_call call = {0};

        if (!as_take_varint(&in, &head) ||
            ((head & AGAIN) && !as_take_varint(&in, &call.repeated)) ||
            !as_take_varint(&in, &gap) || !as_take_varint(&in, &length))
            return as_sql_damaged(r->s, "a list of calls", err);
        call.failed = head & FAILED;
        call.evidence.begin = end + (uint64_t)as_unzigzag(gap);
        call.evidence.end = end = call.evidence.begin + length;
        rc = api_name(r, head >> 2, &call.api, err);
        if (!rc)
            rc = r->fn(r->ctx, process, &call, err);
    }
    return rc;
}

static as_code read_part(struct reader *r, sqlite3_stmt *st, as_err *err)
{
    as_bytes data = as_column_bytes(st, 2);
    int64_t size = sqlite3_column_int64(st, 1);
    size_t n;

    if (size < 0 || (uint64_t)size > AS_BUF_MAX / 2)
        return as_sql_damaged(r->s, "a list of calls", err);
    as_buf_reset(&r->data);
    if (!as_buf_room(&r->data, (size_t)size))
        return as_fail_nomem(err, "the API calls of a report");
    n = ZSTD_decompress(r->data.p, (size_t)size, data.p, data.n);
    if (ZSTD_isError(n) || n != (size_t)size)
        return as_sql_damaged(r->s, "a list of calls", err);
    return read_calls(r, sqlite3_column_int64(st, 0), (as_bytes){r->data.p, n}, err);
}

as_code as_store_calls(as_store *s, int64_t doc, as_stored_call_fn *fn, void *ctx, as_err *err)
{
    struct reader r = {.s = s, .fn = fn, .ctx = ctx};
    sqlite3_stmt *st = NULL;
    bool row = false;
    as_code rc = as_sql_get(
        s, "SELECT process, size, data FROM calls WHERE doc = ?1 ORDER BY process, part", &st, err);

    if (!rc)
        rc = as_sql_get(s, "SELECT name FROM api WHERE id = ?1", &r.name, err);
    if (!rc)
        (void)sqlite3_bind_int64(st, 1, doc);
    while (!rc && !(rc = as_sql_step(s, st, &row, err)) && row)
        rc = read_part(&r, st, err);
    as_sql_put(s, r.name);
    as_sql_put(s, st);
    as_buf_done(&r.data);
    return rc == AS_STORE_STOP ? AS_OK : rc;
}
