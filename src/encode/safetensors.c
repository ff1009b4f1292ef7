#include "encode/weights_priv.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A tensor as the header tells of it; offsets count from the end of the header. */
typedef struct entry {
    as_bytes name;
    as_tensor t;
    uint64_t begin, end;
    size_t at; /* of its name, in the header */
} entry;

typedef struct reader {
    as_weights *w;
    as_json *json;
    as_buf scratch;
    entry *entries;
    size_t n, cap;
} reader;

bool as_safetensors_probe(as_bytes file)
{
    /* 2^56 bytes of header would be an ONNX file or a text; the rest is checked with words. */
    return file.n > 8 && file.p[8] == '{' && file.p[7] == 0;
}

/* The next token, which must be of `type`. */
static as_code expect(reader *r, as_json_type type, const char *what, as_json_tok *t, as_err *err)
{
    as_code rc = as_json_next(r->json, t, err);

    if (rc)
        return rc;
    if (t->type != type)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "%s expected", what);
    return AS_OK;
}

static as_code text_of(reader *r, const as_json_tok *t, as_bytes *ret, as_err *err)
{
    return as_json_text(t->raw, &r->scratch, ret) ? as_fail_nomem(err, "a string") : AS_OK;
}

static as_code number_of(const as_json_tok *t, const char *what, uint64_t *ret, as_err *err)
{
    if (t->type != AS_JSON_NUMBER || !as_bytes_u64(t->raw, ret))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "%s is no whole number", what);
    return AS_OK;
}

/* Types of the format that no encoder has its weights in. */
static bool is_other_type(as_bytes name)
{
    return as_bytes_is(name, "C64") ||
           (name.n >= 2 && name.p[0] == 'F' && name.n <= 12 &&
            (name.p[1] == '4' || !memcmp(name.p, "F6_", 3) || !memcmp(name.p, "F8_", 3)));
}

static as_code read_type(reader *r, entry *e, as_err *err)
{
    char shown[32];
    as_json_tok t;
    as_bytes name;
    as_code rc = expect(r, AS_JSON_STRING, "a dtype", &t, err);

    if (rc || (rc = text_of(r, &t, &name, err)))
        return rc;
    for (as_dtype i = AS_F32; i <= AS_BOOL; i++) {
        if (as_bytes_is(name, as_dtype_name(i))) {
            e->t.dtype = i;
            return AS_OK;
        }
    }
    (void)as_bytes_show(name, shown, sizeof(shown));
    if (is_other_type(name))
        return as_fail(err, AS_UNKNOWN, (size_t)t.begin, "numbers of type %s are not read", shown);
    return as_fail(err, AS_INVALID, (size_t)t.begin, "there is no dtype '%s'", shown);
}

static as_code read_shape(reader *r, entry *e, as_err *err)
{
    as_json_tok t;
    as_code rc = expect(r, AS_JSON_ARRAY, "a shape", &t, err);

    e->t.rank = 0;
    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_ARRAY_END) {
        if (e->t.rank == AS_TENSOR_RANK_MAX)
            return as_fail(err, AS_LIMIT, (size_t)t.begin, "more than %u dimensions",
                           AS_TENSOR_RANK_MAX);
        rc = number_of(&t, "a dimension", &e->t.shape[e->t.rank], err);
        e->t.rank++;
    }
    return rc;
}

static as_code read_offsets(reader *r, entry *e, as_err *err)
{
    as_json_tok t;
    as_code rc = expect(r, AS_JSON_ARRAY, "a pair of offsets", &t, err);

    if (!rc && !(rc = as_json_next(r->json, &t, err)))
        rc = number_of(&t, "an offset", &e->begin, err);
    if (!rc && !(rc = as_json_next(r->json, &t, err)))
        rc = number_of(&t, "an offset", &e->end, err);
    if (!rc)
        rc = expect(r, AS_JSON_ARRAY_END, "the end of two offsets", &t, err);
    return rc;
}

static as_code read_entry_key(reader *r, const as_json_tok *key, entry *e, unsigned *seen,
                              as_err *err)
{
    if (as_bytes_is(key->raw, "dtype")) {
        *seen |= 1;
        return read_type(r, e, err);
    }
    if (as_bytes_is(key->raw, "shape")) {
        *seen |= 2;
        return read_shape(r, e, err);
    }
    if (as_bytes_is(key->raw, "data_offsets")) {
        *seen |= 4;
        return read_offsets(r, e, err);
    }
    return as_fail(err, AS_INVALID, (size_t)key->begin,
                   "a tensor has dtype, shape and data_offsets, no other key");
}

static as_code check_entry(const entry *e, unsigned seen, as_err *err)
{
    char shown[96];
    uint64_t size;

    (void)as_bytes_show(e->name, shown, sizeof(shown));
    if (seen != 7)
        return as_fail(err, AS_INVALID, e->at, "tensor '%s' lacks %s", shown,
                       !(seen & 1)   ? "its dtype"
                       : !(seen & 2) ? "its shape"
                                     : "its data_offsets");
    if (!as_tensor_bytes(&e->t, &size))
        return as_fail(err, AS_INVALID, e->at, "tensor '%s': its shape is too large", shown);
    if (e->begin > e->end || e->end - e->begin != size)
        return as_fail(err, AS_INVALID, e->at,
                       "tensor '%s': offsets %llu to %llu, but its shape takes %llu bytes", shown,
                       (unsigned long long)e->begin, (unsigned long long)e->end,
                       (unsigned long long)size);
    return AS_OK;
}

static as_code read_entry(reader *r, const as_json_tok *key, as_err *err)
{
    as_json_tok t;
    as_bytes name;
    unsigned seen = 0;
    as_code rc;
    entry *e;

    if (r->n >= AS_WEIGHTS_TENSORS_MAX)
        return as_fail(err, AS_LIMIT, (size_t)key->begin, "more than %zu tensors",
                       AS_WEIGHTS_TENSORS_MAX);
    if (!as_mem_room((void **)&r->entries, &r->cap, r->n, sizeof(*r->entries)))
        return as_fail_nomem(err, "the list of tensors");
    e = &r->entries[r->n];
    *e = (entry){.at = (size_t)key->begin};
    rc = text_of(r, key, &name, err);
    if (rc)
        return rc;
    if (as_arena_copy(r->w->arena, name, &e->name))
        return as_fail_nomem(err, "a tensor's name");
    rc = expect(r, AS_JSON_OBJECT, "what a tensor is", &t, err);
    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_OBJECT_END)
        rc = read_entry_key(r, &t, e, &seen, err);
    if (!rc)
        rc = check_entry(e, seen, err);
    if (!rc)
        r->n++;
    return rc;
}

/* Free words about the file: strings by name. */
static as_code read_metadata(reader *r, as_err *err)
{
    as_json_tok t;
    as_code rc = expect(r, AS_JSON_OBJECT, "an object of metadata", &t, err);

    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_OBJECT_END)
        rc = expect(r, AS_JSON_STRING, "a string of metadata", &t, err);
    return rc;
}

static as_code read_header(reader *r, as_err *err)
{
    as_json_doubts doubts;
    as_json_tok t;
    as_code rc = expect(r, AS_JSON_OBJECT, "an object", &t, err);

    while (!rc && !(rc = as_json_next(r->json, &t, err)) && t.type != AS_JSON_OBJECT_END)
        rc = as_bytes_is(t.raw, "__metadata__") ? read_metadata(r, err) : read_entry(r, &t, err);
    if (!rc)
        rc = expect(r, AS_JSON_END, "the end", &t, err);
    if (rc)
        return rc;
    doubts = as_json_doubts_so_far(r->json);
    if (doubts.duplicate_keys)
        return as_fail(err, AS_INVALID, (size_t)doubts.first_duplicate, "a name comes twice");
    return AS_OK;
}

static int by_place(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The tensors must cover the data, each byte once. */
static as_code check_places(reader *r, uint64_t size, as_err *err)
{
    uint64_t at = 0;
    char shown[96];

    if (r->n)
        qsort(r->entries, r->n, sizeof(*r->entries), by_place);
    for (size_t i = 0; i < r->n; i++) {
        const entry *e = &r->entries[i];

        (void)as_bytes_show(e->name, shown, sizeof(shown));
        if (e->end > size)
            return as_fail(err, AS_INVALID, e->at,
                           "tensor '%s' ends at byte %llu of %llu bytes of data", shown,
                           (unsigned long long)e->end, (unsigned long long)size);
        if (e->begin != at)
            return as_fail(err, AS_INVALID, e->at, "tensor '%s' %s", shown,
                           e->begin < at ? "overlaps the one before it" : "follows a hole");
        at = e->end;
    }
    if (at != size)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "%llu bytes behind the last tensor",
                       (unsigned long long)(size - at));
    return AS_OK;
}

/* The index must know the tensor, and as one of this shard. */
static as_code claim(as_shards *s, const entry *e, as_err *err)
{
    size_t low = 0, high = s->n;
    char shown[96];

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = as_bytes_cmp(s->names[mid].name, e->name);

        if (c == 0 && s->names[mid].file == s->now) {
            s->names[mid].seen = true;
            return AS_OK;
        }
        if (c == 0)
            break;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return as_fail(err, AS_INVALID, e->at, "tensor '%s' is here, but the index says otherwise",
                   as_bytes_show(e->name, shown, sizeof(shown)));
}

static as_code take(reader *r, as_bytes data, as_shards *shards, as_err *err)
{
    as_code rc = check_places(r, data.n, err);

    for (size_t i = 0; !rc && i < r->n; i++) {
        entry *e = &r->entries[i];

        e->t.data = data.p + e->begin;
        e->t.size = e->end - e->begin;
        if (shards)
            rc = claim(shards, e, err);
        if (!rc)
            rc = as_weights_add(r->w, e->name, &e->t, false, e->at, err);
    }
    return rc;
}

static as_code read_file(reader *r, as_bytes header, as_bytes data, as_shards *shards, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_source_open_bytes(header, NULL, &source, err);

    if (rc)
        return rc;
    as_source_hash(source, false);
    rc = as_json_new(source, NULL, &r->json, err);
    if (!rc)
        rc = read_header(r, err);
    if (!rc)
        rc = take(r, data, shards, err);
    as_json_free(r->json);
    as_source_free(source);
    return rc;
}

as_code as_safetensors_read(as_weights *w, as_bytes file, as_shards *shards, as_err *err)
{
    reader r = {.w = w};
    as_err why = {0};
    uint64_t n;
    as_code rc;

    if (!as_safetensors_probe(file))
        return as_fail(err, AS_INVALID, 0, "no safetensors file");
    n = as_le(file.p, 8);
    if (n > AS_WEIGHTS_HEADER_MAX)
        return as_fail(err, AS_LIMIT, 0, "a safetensors header of %llu bytes, at most %llu",
                       (unsigned long long)n, (unsigned long long)AS_WEIGHTS_HEADER_MAX);
    if (n > file.n - 8)
        return as_fail(err, AS_INVALID, 0,
                       "a safetensors header of %llu bytes in a file of %zu: cut short?",
                       (unsigned long long)n, file.n);
    rc = read_file(&r, (as_bytes){file.p + 8, (size_t)n},
                   (as_bytes){file.p + 8 + n, file.n - 8 - (size_t)n}, shards, &why);
    if (rc)
        (void)as_fail(err, rc, why.offset == AS_NO_OFFSET ? why.offset : why.offset + 8,
                      "safetensors: %s", why.msg);
    as_buf_done(&r.scratch);
    as_mem_free(r.entries);
    return rc;
}
