/*
 * jread_priv - private to encode: small JSON documents, member by member.
 *
 *     as_jread r;
 *     if (as_jread_open(&r, json, arena, &err)) ...
 *     if (!(rc = as_jread_next(&r, &t, &err)) && t.type == AS_JSON_OBJECT)
 *         rc = as_jread_members(&r, take, ctx, &err);
 *     as_jread_done(&r);
 *
 * Depends on: base/json.h.
 */
#ifndef AS_JREAD_PRIV_H
#define AS_JREAD_PRIV_H

#include "base/json.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_jread {
    as_source *source;
    as_json *json;
    as_buf scratch;
    as_arena *a;
} as_jread;

/* A member's key and the first token of its value; what it leaves of the value is skipped. */
typedef as_code as_member_fn(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err);
typedef as_code as_item_fn(void *ctx, as_jread *r, as_json_tok *t, as_err *err);

as_code as_jread_open(as_jread *r, as_bytes json, as_arena *a, as_err *err) AS_CHECKED;
void as_jread_done(as_jread *r);
as_code as_jread_next(as_jread *r, as_json_tok *t, as_err *err) AS_CHECKED;

/* After OBJECT or ARRAY: all within it. A value of scalars needs nothing done. */
as_code as_jread_members(as_jread *r, as_member_fn *each, void *ctx, as_err *err) AS_CHECKED;
as_code as_jread_items(as_jread *r, as_item_fn *each, void *ctx, as_err *err) AS_CHECKED;

/* The document is over: AS_INVALID if something follows. */
as_code as_jread_end(as_jread *r, as_err *err) AS_CHECKED;

/* The text of a STRING in the arena; other types leave *ret. */
as_code as_jread_text(as_jread *r, const as_json_tok *t, as_bytes *ret, as_err *err) AS_CHECKED;
bool as_jread_u64(const as_json_tok *t, uint64_t *ret);

/* The whole of a document that is one object. */
as_code as_jread_object(as_bytes json, as_arena *a, as_member_fn *each, void *ctx,
                        as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
