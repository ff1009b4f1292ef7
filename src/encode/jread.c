#include "encode/jread_priv.h"

#include "base/banned.h"

as_code as_jread_open(as_jread *r, as_bytes json, as_arena *a, as_err *err)
{
    as_code rc;

    *r = (as_jread){.a = a};
    rc = as_source_open_bytes(json, NULL, &r->source, err);
    if (rc)
        return rc;
    as_source_hash(r->source, false);
    return as_json_new(r->source, NULL, &r->json, err);
}

void as_jread_done(as_jread *r)
{
    as_json_free(r->json);
    as_source_free(r->source);
    as_buf_done(&r->scratch);
}

as_code as_jread_next(as_jread *r, as_json_tok *t, as_err *err)
{
    return as_json_next(r->json, t, err);
}

/* Whatever of the value was not taken. */
static as_code leave(as_jread *r, as_json_tok *t, size_t depth, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && as_json_depth(r->json) > depth)
        rc = as_json_next(r->json, t, err);
    return rc;
}

as_code as_jread_members(as_jread *r, as_member_fn *each, void *ctx, as_err *err)
{
    size_t depth = as_json_depth(r->json);
    as_json_tok t;
    as_code rc;

    while (!(rc = as_json_next(r->json, &t, err)) && t.type == AS_JSON_KEY) {
        as_bytes key, name;

        if (as_json_text(t.raw, &r->scratch, &key) || as_arena_copy(r->a, key, &name))
            return as_fail_nomem(err, "a key");
        rc = as_json_next(r->json, &t, err);
        if (!rc)
            rc = each(ctx, r, name, &t, err);
        if (!rc)
            rc = leave(r, &t, depth, err);
        if (rc)
            return rc;
    }
    return rc;
}

as_code as_jread_items(as_jread *r, as_item_fn *each, void *ctx, as_err *err)
{
    size_t depth = as_json_depth(r->json);
    as_json_tok t;
    as_code rc;

    while (!(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_ARRAY_END) {
        rc = each(ctx, r, &t, err);
        if (!rc)
            rc = leave(r, &t, depth, err);
        if (rc)
            return rc;
    }
    return rc;
}

as_code as_jread_end(as_jread *r, as_err *err)
{
    as_json_tok t;

    return as_json_next(r->json, &t, err);
}

as_code as_jread_text(as_jread *r, const as_json_tok *t, as_bytes *ret, as_err *err)
{
    as_bytes text;

    if (t->type != AS_JSON_STRING)
        return AS_OK;
    if (as_json_text(t->raw, &r->scratch, &text) || as_arena_copy(r->a, text, ret))
        return as_fail_nomem(err, "a text");
    return AS_OK;
}

bool as_jread_u64(const as_json_tok *t, uint64_t *ret)
{
    return t->type == AS_JSON_NUMBER && as_bytes_u64(t->raw, ret);
}

as_code as_jread_object(as_bytes json, as_arena *a, as_member_fn *each, void *ctx, as_err *err)
{
    as_jread r;
    as_json_tok t;
    as_code rc = as_jread_open(&r, json, a, err);

    if (!rc)
        rc = as_jread_next(&r, &t, err);
    if (!rc && t.type != AS_JSON_OBJECT)
        rc = as_fail(err, AS_INVALID, 0, "no JSON object");
    if (!rc)
        rc = as_jread_members(&r, each, ctx, err);
    if (!rc)
        rc = as_jread_end(&r, err);
    as_jread_done(&r);
    return rc;
}
