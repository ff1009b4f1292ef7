#include "encode/torch_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define KEY_MAX ((size_t)64) /* of a storage: a small number in every file that was seen */

/* --- what the pickle may name -------------------------------------------------------------- */

static const struct {
    const char *module, *name;
    int64_t tag;
    as_dtype dtype;
} globals[] = {
    {"collections", "OrderedDict", AS_PICKLE_ORDERED_DICT, AS_F32},
    {"torch._utils", "_rebuild_tensor_v2", AS_PICKLE_REBUILD_TENSOR, AS_F32},
    {"torch", "FloatStorage", AS_PICKLE_STORAGE, AS_F32},
    {"torch", "HalfStorage", AS_PICKLE_STORAGE + 1, AS_F16},
    {"torch", "BFloat16Storage", AS_PICKLE_STORAGE + 2, AS_BF16},
    {"torch", "LongStorage", AS_PICKLE_STORAGE + 3, AS_I64},
    {"torch", "IntStorage", AS_PICKLE_STORAGE + 4, AS_I32},
};

as_code as_pickle_find_global(const as_pickle *p, as_bytes module, as_bytes name,
                              as_pickle_value *ret, as_err *err)
{
    char shown[2][48];

    for (size_t i = 0; i < AS_COUNT(globals); i++) {
        if (as_bytes_is(module, globals[i].module) && as_bytes_is(name, globals[i].name)) {
            *ret = (as_pickle_value){.type = AS_PICKLE_GLOBAL, .u.number = globals[i].tag};
            return AS_OK;
        }
    }
    return as_fail(err, AS_UNKNOWN, p->op,
                   "pickle: names '%s.%s' at byte %zu of data.pkl, which no state dict needs",
                   as_bytes_show(module, shown[0], sizeof(shown[0])),
                   as_bytes_show(name, shown[1], sizeof(shown[1])), p->op);
}

/* --- storages ------------------------------------------------------------------------------ */

static const as_zip_entry *find_storage(const as_pickle *p, as_bytes key)
{
    static const char middle[] = "data/";
    uint8_t name[512];
    size_t n = 0;

    if (key.n == 0 || key.n > KEY_MAX || p->folder.n > sizeof(name) - KEY_MAX - sizeof(middle))
        return NULL;
    if (p->folder.n)
        memcpy(name, p->folder.p, p->folder.n);
    n = p->folder.n;
    memcpy(name + n, middle, sizeof(middle) - 1);
    n += sizeof(middle) - 1;
    memcpy(name + n, key.p, key.n);
    return as_zip_find(p->entries, p->entries_n, (as_bytes){name, n + key.n});
}

as_code as_pickle_storage(as_pickle *p, as_pickle_value *v, as_err *err)
{
    const as_pickle_value *t = v->u.items;
    const as_zip_entry *entry;
    as_pickle_stored *s;
    uint64_t size;

    if (v->type != AS_PICKLE_TUPLE || v->n != 5 || t[0].type != AS_PICKLE_TEXT ||
        !as_bytes_is(t[0].u.text, "storage") || t[1].type != AS_PICKLE_GLOBAL ||
        t[1].u.number < AS_PICKLE_STORAGE || t[2].type != AS_PICKLE_TEXT ||
        t[3].type != AS_PICKLE_TEXT || t[4].type != AS_PICKLE_INT || t[4].u.number < 0)
        return as_pickle_fail(p, AS_INVALID, "a persistent id that is no storage", err);
    s = as_arena_take(p->arena, 1, sizeof(*s));
    if (!s)
        return as_fail_nomem(err, "a storage");
    for (size_t i = 0; i < AS_COUNT(globals); i++) {
        if (globals[i].tag == t[1].u.number)
            s->dtype = globals[i].dtype;
    }
    entry = find_storage(p, t[2].u.text);
    if (!entry)
        return as_pickle_fail(p, AS_INVALID, "a storage that is not in the file", err);
    if (__builtin_mul_overflow((uint64_t)t[4].u.number, as_dtype_size(s->dtype), &size) ||
        size != entry->data.n)
        return as_pickle_fail(p, AS_INVALID, "a storage of another size", err);
    s->data = entry->data;
    *v = (as_pickle_value){.type = AS_PICKLE_STORED, .u.stored = s};
    return AS_OK;
}

/* --- tensors ------------------------------------------------------------------------------- */

static bool is_shape(const as_pickle_value *v)
{
    if (v->type != AS_PICKLE_TUPLE || v->n > AS_TENSOR_RANK_MAX)
        return false;
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->u.items[i].type != AS_PICKLE_INT || v->u.items[i].u.number < 0)
            return false;
    }
    return true;
}

/* Whether rows lie one behind the other; where there is one row at most, any stride does. */
static bool is_contiguous(const as_tensor *t, const as_pickle_value *strides)
{
    uint64_t step = 1;

    if (t->size == 0)
        return true;
    for (unsigned i = t->rank; i-- > 0;) {
        if (t->shape[i] > 1 && (uint64_t)strides->u.items[i].u.number != step)
            return false;
        step *= t->shape[i]; /* no more than t->size, which did not overflow */
    }
    return true;
}

/* (storage, offset, shape, strides, requires_grad, hooks), and metadata in newer ones. */
static as_code rebuild(as_pickle *p, as_pickle_value *v, const as_pickle_value *arguments,
                       as_err *err)
{
    const as_pickle_value *a = arguments->u.items;
    uint64_t each, offset;
    as_tensor *t;

    if (arguments->type != AS_PICKLE_TUPLE || arguments->n < 6 || arguments->n > 7 ||
        a[0].type != AS_PICKLE_STORED || a[1].type != AS_PICKLE_INT || a[1].u.number < 0 ||
        !is_shape(&a[2]) || !is_shape(&a[3]) || a[2].n != a[3].n || a[4].type != AS_PICKLE_BOOL)
        return as_pickle_fail(p, AS_INVALID, "a tensor that is made of something else", err);
    t = as_arena_take(p->arena, 1, sizeof(*t));
    if (!t)
        return as_fail_nomem(err, "a tensor");
    t->dtype = a[0].u.stored->dtype;
    t->rank = a[2].n;
    for (uint32_t i = 0; i < t->rank; i++)
        t->shape[i] = (uint64_t)a[2].u.items[i].u.number;
    if (!as_tensor_bytes(t, &t->size))
        return as_pickle_fail(p, AS_INVALID, "a tensor whose shape is too large", err);
    if (!is_contiguous(t, &a[3]))
        return as_pickle_fail(p, AS_UNKNOWN, "a tensor whose rows are not in their order", err);
    each = as_dtype_size(t->dtype);
    if (__builtin_mul_overflow((uint64_t)a[1].u.number, each, &offset) ||
        offset > a[0].u.stored->data.n || t->size > a[0].u.stored->data.n - offset)
        return as_pickle_fail(p, AS_INVALID, "a tensor that ends behind its storage", err);
    t->data = a[0].u.stored->data.p + offset;
    *v = (as_pickle_value){.type = AS_PICKLE_TENSOR, .u.tensor = t};
    return AS_OK;
}

as_code as_pickle_reduce(as_pickle *p, as_pickle_value *v, const as_pickle_value *arguments,
                         as_err *err)
{
    if (v->type == AS_PICKLE_GLOBAL && v->u.number == AS_PICKLE_REBUILD_TENSOR)
        return rebuild(p, v, arguments, err);
    if (v->type == AS_PICKLE_GLOBAL && v->u.number == AS_PICKLE_ORDERED_DICT &&
        arguments->type == AS_PICKLE_TUPLE && arguments->n == 0) {
        *v = (as_pickle_value){.type = AS_PICKLE_DICT, .u.number = p->dicts++};
        return AS_OK;
    }
    return as_pickle_fail(p, AS_INVALID, "a call of what is not called so", err);
}

/* --- the file ------------------------------------------------------------------------------ */

static bool ends(as_bytes b, const char *tail)
{
    size_t n = strlen(tail);

    return b.n >= n && !memcmp(b.p + b.n - n, tail, n);
}

/* The folder that all lies in, with its slash; and the program. */
static as_code find_program(as_pickle *p, as_err *err)
{
    static const char name[] = "/data.pkl", order[] = "/byteorder";
    unsigned n = 0;

    for (size_t i = 0; i < p->entries_n; i++) {
        const as_zip_entry *e = &p->entries[i];

        if (ends(e->name, order) && !as_bytes_is(e->data, "little"))
            return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "torch: numbers are not little-endian");
        if (!ends(e->name, name) ||
            memchr(e->name.p, '/', e->name.n) != e->name.p + e->name.n - sizeof(name) + 1)
            continue;
        n++;
        p->program = e->data;
        p->folder = (as_bytes){e->name.p, e->name.n - sizeof(name) + 2};
    }
    if (n != 1)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       n ? "torch: a zip with two data.pkl"
                         : "a zip, but no data.pkl of torch in it");
    if (p->program.n > AS_PICKLE_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "torch: data.pkl has %zu bytes, at most %zu",
                       p->program.n, AS_PICKLE_MAX);
    return AS_OK;
}

static as_code take_tensors(as_weights *w, as_pickle *p, const as_pickle_value *dict, as_err *err)
{
    as_code rc = AS_OK;
    char shown[96];

    if (dict->type != AS_PICKLE_DICT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "torch: what was saved is no state dict");
    for (size_t i = 0; !rc && i < p->items_n; i++) {
        const as_pickle_item *item = &p->items[i];

        if (item->dict != dict->u.number)
            continue; /* a dict of something else: versions of modules, hooks */
        if (item->key.type != AS_PICKLE_TEXT)
            return as_fail(err, AS_INVALID, item->at, "torch: a tensor without a name");
        if (item->value.type != AS_PICKLE_TENSOR)
            return as_fail(err, AS_UNKNOWN, item->at,
                           "torch: '%s' is no tensor, so this is no state dict",
                           as_bytes_show(item->key.u.text, shown, sizeof(shown)));
        rc = as_weights_add(w, item->key.u.text, item->value.u.tensor, false, item->at, err);
    }
    return rc;
}

as_code as_torch_read(as_weights *w, as_bytes file, as_err *err)
{
    as_pickle p = {.arena = w->arena};
    as_zip_entry *entries = NULL;
    as_pickle_value result;
    as_code rc = as_zip_read(file, &entries, &p.entries_n, err);

    if (rc)
        return rc;
    p.entries = entries;
    rc = find_program(&p, err);
    if (!rc)
        rc = as_pickle_run(&p, &result, err);
    if (!rc)
        rc = take_tensors(w, &p, &result, err);
    as_pickle_done(&p);
    as_mem_free(entries);
    return rc;
}
