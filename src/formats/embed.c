#include "formats/formats_priv.h"

#include "base/banned.h"

/*
 * JSON that a tool put into a text of its report. The text has a place in the report
 * and its content has none, so whatever is read from the content points at the text.
 */

static as_code open_text(as_bytes text, as_source **source, as_json **json, as_err *err)
{
    as_source *s = NULL;
    as_code rc = as_source_open_bytes(text, NULL, &s, err);

    if (rc)
        return rc;
    as_source_hash(s, false);
    rc = as_json_new(s, NULL, json, err);
    if (rc) {
        as_source_free(s);
        return rc;
    }
    *source = s;
    return AS_OK;
}

as_code as_walk_is_json(as_bytes text, bool *ret, as_err *err)
{
    as_source *source = NULL;
    as_json *json = NULL;
    as_json_tok t;
    as_code rc;

    *ret = false;
    if (text.n < 2 || (text.p[0] != '{' && text.p[0] != '['))
        return AS_OK;
    rc = open_text(text, &source, &json, err);
    if (rc)
        return rc;
    rc = as_json_next(json, &t, NULL);
    if (!rc)
        rc = as_json_skip(json, &t, NULL);
    if (!rc)
        rc = as_json_next(json, &t, NULL);
    *ret = !rc;
    as_json_free(json);
    as_source_free(source);
    return rc == AS_NOMEM ? as_fail_nomem(err, "a text of the report") : AS_OK;
}

as_code as_walk_inside(as_walk *w, as_place *place, uint64_t end, as_bytes text, const as_row *row,
                       uint32_t fact, as_draft *draft, as_err *err)
{
    as_place child = {.up = place->up, .step = place->step};
    const as_evidence *around = w->inside;
    as_json *outer = w->json, *json = NULL;
    as_source *source = NULL;
    as_evidence at;
    as_json_tok t;
    as_code rc = as_walk_evidence(w, place, end, &at, err);

    if (!rc)
        rc = open_text(text, &source, &json, err);
    if (rc)
        return rc;
    w->json = json;
    w->inside = &at;
    rc = as_walk_next(w, &t, err);
    if (!rc)
        rc = as_walk_apply(w, &child, row, fact, draft, &t, err);
    w->inside = around;
    w->json = outer;
    as_json_free(json);
    as_source_free(source);
    return rc;
}

static void copy_token(as_buf *out, const as_json_tok *t)
{
    switch (t->type) {
    case AS_JSON_OBJECT:
    case AS_JSON_ARRAY:
        as_buf_byte(out, t->type == AS_JSON_OBJECT ? '{' : '[');
        break;
    case AS_JSON_OBJECT_END:
    case AS_JSON_ARRAY_END:
        as_buf_byte(out, t->type == AS_JSON_OBJECT_END ? '}' : ']');
        break;
    case AS_JSON_KEY:
    case AS_JSON_STRING:
        as_buf_byte(out, '"');
        as_buf_add(out, t->raw);
        as_buf_byte(out, '"');
        break;
    case AS_JSON_TRUE:
        as_buf_text(out, "true");
        break;
    case AS_JSON_FALSE:
        as_buf_text(out, "false");
        break;
    case AS_JSON_NULL:
        as_buf_text(out, "null");
        break;
    default:
        as_buf_add(out, t->raw);
    }
}

/* The bytes leave the window as the parser goes on: they are written anew, token by token. */
static as_code copy_container(as_walk *w, as_json_tok *t, as_buf *out, as_err *err)
{
    as_json_type last = t->type;
    size_t depth = 1;

    copy_token(out, t);
    while (depth) {
        bool end;
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        end = t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END;
        if (last == AS_JSON_KEY)
            as_buf_byte(out, ':');
        else if (!end && last != AS_JSON_OBJECT && last != AS_JSON_ARRAY)
            as_buf_byte(out, ',');
        copy_token(out, t);
        if (end)
            depth--;
        else if (t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY)
            depth++;
        last = t->type;
    }
    return AS_OK;
}

as_code as_walk_copy(as_walk *w, as_json_tok *t, as_buf *out, as_err *err)
{
    as_bytes text = {0};
    as_code rc;

    if (t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY) {
        rc = copy_container(w, t, out, err);
    } else {
        rc = t->type == AS_JSON_NULL ? AS_OK : as_walk_text(w, t, &text, err);
        as_buf_add(out, text);
    }
    if (!rc && out->failed)
        return as_fail_nomem(err, "a value of the report");
    return rc;
}
