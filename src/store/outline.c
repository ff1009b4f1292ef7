#include "base/json.h"
#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * What a report has room for, filled or empty. "No dropped files" is an answer only of a
 * tool that lists them.
 */

#define ENTRIES_MAX 1024u
#define DEPTH_MAX   2u
#define LINE_MAX    512u /* a longer path is data that became a key */

struct level {
    uint64_t children;
    bool array;
    as_buf path; /* as a JSON Pointer */
};

struct outline {
    struct level levels[DEPTH_MAX + 1]; /* by the depth of the container: the root is 0 */
    size_t entries;
    as_buf *out;
};

static void put_line(struct outline *o, const struct level *level)
{
    if (o->entries >= ENTRIES_MAX || level->path.n == 0 || level->path.n > LINE_MAX)
        return;
    o->entries++;
    as_buf_add(o->out, as_buf_bytes(&level->path));
    as_buf_byte(o->out, ' ');
    as_buf_u64(o->out, level->children);
    as_buf_byte(o->out, '\n');
}

static void begin(struct outline *o, const as_json *j, size_t depth, bool array)
{
    struct level *level = &o->levels[depth];

    level->children = 0;
    level->array = array;
    as_buf_reset(&level->path);
    as_json_pointer(j, &level->path);
}

/* Elements of arrays are rows, not rooms: they are counted and passed over. */
static as_code take(struct outline *o, as_json *j, as_json_tok *t, as_err *err)
{
    size_t depth = as_json_depth(j);
    bool opens = t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY;
    bool closes = t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END;

    if (closes) {
        put_line(o, &o->levels[depth]);
        return AS_OK;
    }
    if (t->type == AS_JSON_KEY || t->type == AS_JSON_END)
        return AS_OK;
    depth -= opens; /* of the value's own container */
    if (depth > 0)
        o->levels[depth - 1].children++;
    if (!opens)
        return AS_OK;
    if (depth > DEPTH_MAX || (depth > 0 && o->levels[depth - 1].array))
        return as_json_skip(j, t, err);
    begin(o, j, depth, t->type == AS_JSON_ARRAY);
    return AS_OK;
}

as_code as_outline_read(as_source *source, as_buf *out, as_err *err)
{
    struct outline o = {.out = out};
    as_json *j = NULL;
    as_json_tok t = {.type = AS_JSON_NULL};
    as_code rc = as_json_new(source, NULL, &j, err);
    as_err not_json = {0};

    while (!rc && t.type != AS_JSON_END) {
        rc = as_json_next(j, &t, &not_json);
        if (!rc)
            rc = take(&o, j, &t, &not_json);
    }
    if (rc == AS_INVALID || rc == AS_LIMIT) {
        as_buf_reset(out); /* a reader of another form of text has read it */
        rc = AS_OK;
    } else if (rc && err) {
        *err = not_json;
    }
    as_json_free(j);
    for (size_t i = 0; i <= DEPTH_MAX; i++)
        as_buf_done(&o.levels[i].path);
    if (!rc && out->failed)
        rc = as_fail_nomem(err, "the outline of a report");
    return rc;
}
