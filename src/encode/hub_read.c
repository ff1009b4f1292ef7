#include "encode/hub.h"
#include "encode/jread_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- a listing ------------------------------------------------------------------------------ */

struct entry {
    as_hub_file file;
    as_bytes type, oid, lfs_oid;
    uint64_t size, lfs_size;
    bool lfs;
};

static as_code take_lfs(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    struct entry *e = ctx;

    if (as_bytes_is(key, "oid"))
        return as_jread_text(r, t, &e->lfs_oid, err);
    if (as_bytes_is(key, "size") && !as_jread_u64(t, &e->lfs_size))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a size that is no number");
    return AS_OK;
}

static as_code take_entry(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    struct entry *e = ctx;

    if (as_bytes_is(key, "path"))
        return as_jread_text(r, t, &e->file.path, err);
    if (as_bytes_is(key, "type"))
        return as_jread_text(r, t, &e->type, err);
    if (as_bytes_is(key, "oid"))
        return as_jread_text(r, t, &e->oid, err);
    if (as_bytes_is(key, "size") && t->type != AS_JSON_NULL && !as_jread_u64(t, &e->size))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a size that is no number");
    if (as_bytes_is(key, "lfs") && t->type == AS_JSON_OBJECT) {
        e->lfs = true;
        return as_jread_members(r, take_lfs, e, err);
    }
    return AS_OK;
}

static bool is_hex(as_bytes text, size_t n)
{
    if (text.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((text.p[i] < '0' || text.p[i] > '9') && (text.p[i] < 'a' || text.p[i] > 'f'))
            return false;
    return true;
}

static as_code take_item(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    as_hub_listing *l = ctx;
    struct entry e = {0};
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "an entry that is no object");
    rc = as_jread_members(r, take_entry, &e, err);
    if (rc || !as_bytes_is(e.type, "file") || e.file.path.n == 0)
        return rc;
    if (l->n == AS_MODEL_LISTED_MAX)
        return as_fail(err, AS_LIMIT, (size_t)t->begin, "more than %u files", AS_MODEL_LISTED_MAX);
    e.file.size = e.lfs && e.lfs_size > 0 ? e.lfs_size : e.size;
    if (e.lfs && is_hex(e.lfs_oid, 64))
        (void)snprintf(e.file.sha256, sizeof(e.file.sha256), "%.64s", (const char *)e.lfs_oid.p);
    if (!e.lfs && is_hex(e.oid, 40))
        (void)snprintf(e.file.git_sha1, sizeof(e.file.git_sha1), "%.40s", (const char *)e.oid.p);
    if (!as_mem_room((void **)&l->p, &l->cap, l->n, sizeof(*l->p)))
        return as_fail_nomem(err, "a listing");
    l->p[l->n++] = e.file;
    return AS_OK;
}

as_code as_hub_listing_read(as_bytes json, as_arena *a, as_hub_listing *ret, as_err *err)
{
    as_jread r;
    as_json_tok t;
    as_code rc = as_jread_open(&r, json, a, err);

    if (!rc)
        rc = as_jread_next(&r, &t, err);
    if (!rc && t.type != AS_JSON_ARRAY)
        rc = as_fail(err, AS_INVALID, 0, "a listing that is no JSON array");
    if (!rc)
        rc = as_jread_items(&r, take_item, ret, err);
    if (!rc)
        rc = as_jread_end(&r, err);
    as_jread_done(&r);
    return rc;
}

void as_hub_listing_done(as_hub_listing *l)
{
    as_mem_free(l->p);
    *l = (as_hub_listing){0};
}

/* --- what is said of the model ---------------------------------------------------------------- */

struct info {
    as_bytes commit, licence;
};

static as_code take_card(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    struct info *in = ctx;

    return as_bytes_is(key, "license") ? as_jread_text(r, t, &in->licence, err) : AS_OK;
}

static as_code take_info(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    struct info *in = ctx;

    if (as_bytes_is(key, "sha"))
        return as_jread_text(r, t, &in->commit, err);
    if (as_bytes_is(key, "cardData") && t->type == AS_JSON_OBJECT)
        return as_jread_members(r, take_card, in, err);
    return AS_OK;
}

as_code as_hub_info_read(as_bytes json, as_arena *a, as_bytes *ret_commit, as_bytes *ret_licence,
                         as_err *err)
{
    struct info in = {0};
    as_code rc = as_jread_object(json, a, take_info, &in, err);

    if (rc)
        return rc;
    if (is_hex(in.commit, 40))
        *ret_commit = in.commit;
    if (in.licence.n > 0 && in.licence.n <= 80)
        *ret_licence = in.licence;
    return AS_OK;
}
