#include "formats/formats_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* The keys and short values in the first bytes of an input, for the readers' probes. */

/* Where `path` is, or where it would be. The table is half free, so the search ends. */
static uint16_t *slot_of(as_head *h, const char *path)
{
    size_t at = (size_t)as_hash64(as_bytes_of(path), 0) % AS_COUNT(h->slots);

    while (h->slots[at] && strcmp(h->entries[h->slots[at] - 1].path, path) != 0)
        at = (at + 1) % AS_COUNT(h->slots);
    return &h->slots[at];
}

static void put_entry(as_head *h, const char *path, const as_json_tok *t)
{
    as_head_entry *e;
    uint16_t *slot;
    size_t n = t->type == AS_JSON_STRING || t->type == AS_JSON_NUMBER ? t->raw.n : 0;

    if (h->n == AS_HEAD_ENTRIES)
        return;
    e = &h->entries[h->n++];
    (void)snprintf(e->path, sizeof(e->path), "%s", path);
    n = n < sizeof(e->text) - 1 ? n : sizeof(e->text) - 1;
    if (n)
        memcpy(e->text, t->raw.p, n);
    e->text[n] = '\0';
    e->type = t->type;
    slot = slot_of(h, e->path);
    if (!*slot)
        *slot = (uint16_t)h->n;
}

/* Appends a step to `path`; one that does not fit is marked so that it equals no key. */
static void step_to(char path[96], size_t len, as_bytes key)
{
    size_t room = 95 - len - (len > 0);

    if (len + (len > 0) >= 95 || key.n > room) {
        path[len < 95 ? len : 94] = '?';
        path[len < 95 ? len + 1 : 95] = '\0';
        return;
    }
    if (len)
        path[len++] = '/';
    if (key.n)
        memcpy(path + len, key.p, key.n);
    path[len + key.n] = '\0';
}

/* Of arrays only the first element counts; what lies deeper is passed over. */
static as_code look_value(as_json *j, as_head *h, char path[96], unsigned depth, as_json_tok *t)
{
    size_t len = strlen(path);
    bool object = t->type == AS_JSON_OBJECT, first = true;
    as_code rc;

    if (t->type != AS_JSON_OBJECT && t->type != AS_JSON_ARRAY)
        return AS_OK;
    if (depth == AS_HEAD_DEPTH)
        return as_json_skip(j, t, NULL);
    for (;;) {
        rc = as_json_next(j, t, NULL);
        if (rc || t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END)
            return rc;
        path[len] = '\0';
        step_to(path, len, object ? t->raw : AS_LITERAL("*"));
        if (object)
            rc = as_json_next(j, t, NULL);
        if (rc)
            return rc;
        if (object || first)
            put_entry(h, path, t);
        rc = object || first ? look_value(j, h, path, depth + 1, t) : as_json_skip(j, t, NULL);
        path[len] = '\0';
        if (rc)
            return rc;
        first = false;
    }
}

/* The end of the first bytes cuts the value off: a fault here means nothing, but for memory. */
static as_code look_json(as_head *h, as_source *s)
{
    as_json_limits limits = AS_JSON_LIMITS_DEFAULT;
    as_json *j = NULL;
    char path[96] = "";
    as_json_tok t;
    as_code rc;

    limits.many = true;
    rc = as_json_new(s, &limits, &j, NULL);
    if (!rc)
        rc = as_json_next(j, &t, NULL);
    if (!rc && t.type != AS_JSON_END) {
        h->is_json = true;
        h->root = t.type;
        rc = look_value(j, h, path, 0, &t);
        if (!rc)
            rc = as_json_next(j, &t, NULL);
        h->is_lines = !rc && t.type != AS_JSON_END;
    }
    as_json_free(j);
    return rc == AS_NOMEM ? rc : AS_OK;
}

as_code as_head_look(as_source *source, size_t want, as_head *ret, as_err *err)
{
    as_source *s = NULL;
    as_code rc;

    ret->n = 0;
    memset(ret->slots, 0, sizeof(ret->slots));
    ret->is_json = ret->is_lines = false;
    rc = as_source_peek(source, want, &ret->bytes, err);
    if (rc)
        return rc;
    /* Unpacked already; what looks like gzip inside gzip is no JSON. */
    if (ret->bytes.n >= 2 && ret->bytes.p[0] == 0x1f && ret->bytes.p[1] == 0x8b)
        return AS_OK;
    rc = as_source_open_bytes(ret->bytes, NULL, &s, err);
    if (rc)
        return rc;
    as_source_hash(s, false);
    rc = look_json(ret, s);
    as_source_free(s);
    return rc ? as_fail_nomem(err, "the first bytes of the input") : AS_OK;
}

static const as_head_entry *find_entry(const as_head *h, const char *path)
{
    size_t at = (size_t)as_hash64(as_bytes_of(path), 0) % AS_COUNT(h->slots);

    for (; h->slots[at]; at = (at + 1) % AS_COUNT(h->slots)) {
        const as_head_entry *e = &h->entries[h->slots[at] - 1];

        if (!strcmp(e->path, path))
            return e;
    }
    return NULL;
}

bool as_head_has(const as_head *h, const char *path)
{
    return find_entry(h, path) != NULL;
}

const char *as_head_text(const as_head *h, const char *path)
{
    const as_head_entry *e = find_entry(h, path);

    return e ? e->text : "";
}
