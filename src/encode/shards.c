#include "encode/weights_priv.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FILE_NAME_MAX ((size_t)255)

typedef struct reader {
    as_weights *w;
    as_json *json;
    as_buf scratch;
    as_shard_name *names;
    size_t n, cap;
    as_bytes *files; /* NUL-terminated behind their n bytes */
    size_t files_n, files_cap;
} reader;

/* A name and nothing else: beside the index, or nowhere. */
static bool is_plain(as_bytes name)
{
    return name.n > 0 && name.n <= FILE_NAME_MAX && name.p[0] != '.' &&
           !memchr(name.p, '/', name.n) && !memchr(name.p, '\\', name.n) &&
           !memchr(name.p, 0, name.n);
}

/* The number of a shard; most names are that of the shard before. */
static as_code file_number(reader *r, as_bytes name, size_t at, uint32_t *ret, as_err *err)
{
    as_bytes kept;
    uint8_t *copy;

    for (size_t i = r->files_n; i-- > 0;) {
        if (as_bytes_eq(r->files[i], name)) {
            *ret = (uint32_t)i;
            return AS_OK;
        }
    }
    if (r->files_n >= AS_WEIGHTS_SHARDS_MAX)
        return as_fail(err, AS_LIMIT, at, "more than %zu shards", AS_WEIGHTS_SHARDS_MAX);
    copy = as_arena_take(r->w->arena, name.n + 1, 1);
    if (!copy || !as_mem_room((void **)&r->files, &r->files_cap, r->files_n, sizeof(*r->files)))
        return as_fail_nomem(err, "the list of shards");
    memcpy(copy, name.p, name.n);
    kept = (as_bytes){copy, name.n};
    *ret = (uint32_t)r->files_n;
    r->files[r->files_n++] = kept;
    return AS_OK;
}

static as_code read_name(reader *r, const as_json_tok *key, as_err *err)
{
    as_shard_name *one;
    char shown[96];
    as_json_tok t;
    as_bytes text;
    as_code rc;

    if (r->n >= AS_WEIGHTS_TENSORS_MAX)
        return as_fail(err, AS_LIMIT, (size_t)key->begin, "more than %zu tensors",
                       AS_WEIGHTS_TENSORS_MAX);
    if (!as_mem_room((void **)&r->names, &r->cap, r->n, sizeof(*r->names)))
        return as_fail_nomem(err, "the list of tensors");
    one = &r->names[r->n];
    *one = (as_shard_name){0};
    if (as_json_text(key->raw, &r->scratch, &text) || as_arena_copy(r->w->arena, text, &one->name))
        return as_fail_nomem(err, "a tensor's name");
    rc = as_json_next(r->json, &t, err);
    if (rc)
        return rc;
    if (t.type != AS_JSON_STRING || as_json_text(t.raw, &r->scratch, &text) || !is_plain(text))
        return as_fail(err, AS_INVALID, (size_t)t.begin,
                       "tensor '%s' is not in a file with a plain name beside the index",
                       as_bytes_show(one->name, shown, sizeof(shown)));
    rc = file_number(r, text, (size_t)t.begin, &one->file, err);
    if (!rc)
        r->n++;
    return rc;
}

static as_code read_map(reader *r, as_err *err)
{
    as_json_tok t;
    as_code rc = as_json_next(r->json, &t, err);

    if (!rc && t.type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t.begin, "weight_map is no object");
    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_OBJECT_END)
        rc = read_name(r, &t, err);
    return rc;
}

static as_code read_index(reader *r, as_err *err)
{
    as_json_doubts doubts;
    as_json_tok t;
    bool found = false;
    as_code rc = as_json_next(r->json, &t, err);

    if (!rc && t.type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t.begin, "the index is no object");
    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_OBJECT_END) {
        if (as_bytes_is(t.raw, "weight_map")) {
            found = true;
            rc = read_map(r, err);
        } else if (!(rc = as_json_next(r->json, &t, err))) {
            rc = as_json_skip(r->json, &t, err);
        }
    }
    if (!rc)
        rc = as_json_next(r->json, &t, err); /* only blanks behind it */
    if (rc)
        return rc;
    doubts = as_json_doubts_so_far(r->json);
    if (doubts.duplicate_keys)
        return as_fail(err, AS_INVALID, (size_t)doubts.first_duplicate, "a name comes twice");
    if (!found)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "JSON, but no weight_map in it");
    return AS_OK;
}

static int by_name(const void *a, const void *b)
{
    const as_shard_name *x = a, *y = b;

    return as_bytes_cmp(x->name, y->name);
}

static as_code read_shard(reader *r, as_shards *s, int dir, as_err *err)
{
    const char *name = (const char *)r->files[s->now].p;
    as_err why = {0};
    char shown[96];
    as_bytes file;
    as_code rc = as_weights_map_at(r->w, dir, name, &file, err);

    if (rc)
        return rc;
    rc = as_safetensors_read(r->w, file, s, &why);
    if (rc)
        return as_fail(err, rc, why.offset, "shard '%s': %s",
                       as_bytes_show(r->files[s->now], shown, sizeof(shown)), why.msg);
    return AS_OK;
}

static as_code read_shards(reader *r, int dir, as_err *err)
{
    as_shards s = {.names = r->names, .n = r->n};
    char shown[96], where[64];
    as_code rc = AS_OK;

    if (r->n)
        qsort(r->names, r->n, sizeof(*r->names), by_name);
    for (size_t i = 1; i < r->n; i++) {
        if (as_bytes_eq(r->names[i - 1].name, r->names[i].name))
            return as_fail(err, AS_INVALID, AS_NO_OFFSET, "a name comes twice");
    }
    for (; !rc && s.now < r->files_n; s.now++)
        rc = read_shard(r, &s, dir, err);
    for (size_t i = 0; !rc && i < r->n; i++) {
        if (!r->names[i].seen)
            rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "tensor '%s' is not in its shard '%s'",
                         as_bytes_show(r->names[i].name, shown, sizeof(shown)),
                         as_bytes_show(r->files[r->names[i].file], where, sizeof(where)));
    }
    return rc;
}

as_code as_shards_read(as_weights *w, as_bytes index, int dir, as_err *err)
{
    reader r = {.w = w};
    as_source *source = NULL;
    as_code rc;

    if (index.n > AS_WEIGHTS_HEADER_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "an index of %zu bytes, at most %llu", index.n,
                       (unsigned long long)AS_WEIGHTS_HEADER_MAX);
    rc = as_source_open_bytes(index, NULL, &source, err);
    if (rc)
        return rc;
    as_source_hash(source, false);
    rc = as_json_new(source, NULL, &r.json, err);
    if (!rc)
        rc = read_index(&r, err);
    if (!rc && dir < 0)
        rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "an index of shards, and no shard beside it");
    if (!rc)
        rc = read_shards(&r, dir, err);
    as_json_free(r.json);
    as_source_free(source);
    as_buf_done(&r.scratch);
    as_mem_free(r.names);
    as_mem_free(r.files);
    return rc;
}
