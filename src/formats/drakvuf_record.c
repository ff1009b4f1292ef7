#include "formats/drakvuf_priv.h"

#include <string.h>

#include "base/banned.h"

/* One record of a log as a list of its scalars. */

#define ENTRIES_MAX ((size_t)65536) /* of one record; the largest real one has 70 */

/* Offsets in the text, which moves while it grows. */
struct as_drak_spans {
    size_t top, top_n, key, key_n, value, value_n;
};

void as_drak_record_done(as_drak_record *r)
{
    as_mem_free(r->entries);
    as_mem_free(r->spans);
    as_buf_done(&r->text);
    *r = (as_drak_record){0};
}

static as_code fail_nomem(as_err *err)
{
    return as_fail_nomem(err, "a record of a log");
}

static as_code grow(as_drak_record *r, as_err *err)
{
    size_t cap = r->cap ? r->cap * 2 : 64;
    void *moved = as_mem_resize(r->entries, cap * sizeof(*r->entries));

    if (!moved)
        return fail_nomem(err);
    r->entries = moved;
    moved = as_mem_resize(r->spans, cap * sizeof(*r->spans));
    if (!moved)
        return fail_nomem(err);
    r->spans = moved;
    r->cap = cap;
    return AS_OK;
}

static as_code keep_key(as_walk *w, as_drak_record *r, const as_json_tok *t, size_t *ret_at,
                        size_t *ret_n, as_err *err)
{
    as_bytes text = {0};

    if (as_json_text(t->raw, &w->text, &text))
        return fail_nomem(err);
    *ret_at = r->text.n;
    *ret_n = text.n;
    as_buf_add(&r->text, text);
    return r->text.failed ? fail_nomem(err) : AS_OK;
}

static as_code keep_value(as_walk *w, as_drak_record *r, struct as_drak_spans in, bool nested,
                          const as_json_tok *t, as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    if (t->type == AS_JSON_NULL || (t->type == AS_JSON_STRING && !t->raw.n))
        return AS_OK;
    if (r->n == ENTRIES_MAX)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "a record has too many values");
    rc = r->n < r->cap ? AS_OK : grow(r, err);
    if (!rc)
        rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    in.value = r->text.n;
    in.value_n = text.n;
    as_buf_add(&r->text, text);
    r->spans[r->n] = in;
    r->entries[r->n++] = (as_drak_entry){
        .begin = t->begin,
        .end = t->end,
        .nested = nested,
        .form = as_form_of(t->type),
    };
    return r->text.failed ? fail_nomem(err) : AS_OK;
}

static as_code read_value(as_walk *w, as_drak_record *r, struct as_drak_spans in, bool nested,
                          as_json_tok *t, as_err *err)
{
    as_json_type open = t->type;

    if (open != AS_JSON_OBJECT && open != AS_JSON_ARRAY)
        return keep_value(w, r, in, nested, t, err);
    for (;;) {
        as_code rc = as_walk_next(w, t, err);

        if (rc || t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (open == AS_JSON_OBJECT) {
            rc = keep_key(w, r, t, &in.key, &in.key_n, err);
            if (!rc)
                rc = as_walk_next(w, t, err);
        }
        if (!rc)
            rc = read_value(w, r, in, true, t, err);
        if (rc)
            return rc;
    }
}

static as_bytes view(const as_drak_record *r, size_t at, size_t n)
{
    return (as_bytes){n ? r->text.p + at : NULL, n};
}

as_code as_drak_record_read(as_walk *w, as_drak_record *r, as_place *place, as_json_tok *t,
                            as_err *err)
{
    r->n = 0;
    as_buf_reset(&r->text);
    for (;;) {
        struct as_drak_spans in = {0};
        as_code rc = as_walk_next(w, t, err);

        if (!rc && t->type == AS_JSON_OBJECT_END)
            break;
        if (!rc)
            rc = keep_key(w, r, t, &in.top, &in.top_n, err);
        in.key = in.top;
        in.key_n = in.top_n;
        if (!rc)
            rc = as_walk_next(w, t, err);
        if (!rc)
            rc = read_value(w, r, in, false, t, err);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct as_drak_spans *s = &r->spans[i];

        r->entries[i].top = view(r, s->top, s->top_n);
        r->entries[i].key = view(r, s->key, s->key_n);
        r->entries[i].value = view(r, s->value, s->value_n);
    }
    return as_walk_evidence(w, place, t->end, &r->at, err);
}

static as_drak_entry *find(const as_drak_record *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!r->entries[i].nested && as_bytes_is(r->entries[i].key, key))
            return &r->entries[i];
    }
    return NULL;
}

const as_drak_entry *as_drak_take(as_drak_record *r, const char *key)
{
    as_drak_entry *e = find(r, key);

    if (e)
        e->used = true;
    return e;
}

as_bytes as_drak_text(as_drak_record *r, const char *key)
{
    const as_drak_entry *e = as_drak_take(r, key);

    return e ? e->value : (as_bytes){0};
}

bool as_drak_has(const as_drak_record *r, const char *key)
{
    return find(r, key) != NULL;
}
