#include "encode/jread_priv.h"
#include "encode/remote.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NUMBER_MAX 64u /* bytes of a number */
#define ARENA_MAX  ((size_t)16 << 20)

struct answer {
    size_t n, dim; /* vectors; numbers in each, 0: as many as the first has */
    float *ret;
    bool *there;
    as_buf vector; /* floats of the one that is read */
    uint64_t index;
    size_t met;
};

static as_code take_number(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    struct answer *a = ctx;
    char text[NUMBER_MAX + 1];
    float value;

    (void)r;
    if (t->type != AS_JSON_NUMBER || t->raw.n > NUMBER_MAX)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "something in a vector is no number");
    if (a->vector.n / sizeof(value) >= (a->dim ? a->dim : AS_REMOTE_DIM_MAX))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a vector of more than %zu numbers",
                       a->dim ? a->dim : AS_REMOTE_DIM_MAX);
    memcpy(text, t->raw.p, t->raw.n);
    text[t->raw.n] = '\0';
    value = strtof(text, NULL);
    if (!isfinite(value))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a number in a vector is not finite");
    as_buf_add(&a->vector, (as_bytes){(const uint8_t *)&value, sizeof(value)});
    return a->vector.failed ? as_fail_nomem(err, "a vector") : AS_OK;
}

static as_code normalise(float *v, size_t dim, size_t index, as_err *err)
{
    double sum = 0, length;

    for (size_t i = 0; i < dim; i++)
        sum += (double)v[i] * (double)v[i];
    length = sqrt(sum);
    if (!(length > 0) || !isfinite(length))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "vector %zu has no length", index);
    for (size_t i = 0; i < dim; i++)
        v[i] = (float)((double)v[i] / length);
    return AS_OK;
}

/* The vector that was read goes to its place. */
static as_code put_vector(struct answer *a, uint64_t index, as_err *err)
{
    size_t dim = a->vector.n / sizeof(float);

    if (a->dim == 0)
        a->dim = dim;
    if (dim == 0 || dim != a->dim)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "vector %llu has %zu numbers, and %zu are due", (unsigned long long)index,
                       dim, a->dim);
    if (index >= a->n || a->there[index])
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "vector %llu is %s",
                       (unsigned long long)index, index < a->n ? "there twice" : "one too many");
    a->there[index] = true;
    a->met++;
    if (!a->ret)
        return AS_OK;
    memcpy(a->ret + index * dim, a->vector.p, a->vector.n);
    return normalise(a->ret + index * dim, dim, (size_t)index, err);
}

static as_code take_vector(struct answer *a, as_jread *r, as_json_tok *t, as_err *err)
{
    as_buf_reset(&a->vector);
    if (t->type != AS_JSON_ARRAY)
        return as_fail(err, AS_INVALID, (size_t)t->begin,
                       "an embedding that is no list of numbers");
    return as_jread_items(r, take_number, a, err);
}

/* OpenAI: {"index": 0, "embedding": [...]} */
static as_code take_member(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    struct answer *a = ctx;

    if (as_bytes_is(key, "embedding"))
        return take_vector(a, r, t, err);
    if (as_bytes_is(key, "index") && !as_jread_u64(t, &a->index))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "an index that is no number");
    return AS_OK;
}

static as_code take_datum(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    struct answer *a = ctx;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "an embedding that is no object");
    as_buf_reset(&a->vector);
    a->index = a->met;
    rc = as_jread_members(r, take_member, a, err);
    return rc ? rc : put_vector(a, a->index, err);
}

/* Ollama: [...] */
static as_code take_list(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    struct answer *a = ctx;
    as_code rc = take_vector(a, r, t, err);

    return rc ? rc : put_vector(a, a->met, err);
}

static as_code take_openai(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    if (as_bytes_is(key, "data") && t->type == AS_JSON_ARRAY)
        return as_jread_items(r, take_datum, ctx, err);
    return AS_OK;
}

static as_code take_ollama(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    if (as_bytes_is(key, "embeddings") && t->type == AS_JSON_ARRAY)
        return as_jread_items(r, take_list, ctx, err);
    return AS_OK;
}

as_code as_remote_answer(as_bytes json, as_remote_api api, size_t n, size_t *dim, float *ret,
                         as_err *err)
{
    struct answer a = {.n = n, .dim = *dim, .ret = ret};
    as_arena *arena = as_arena_new(ARENA_MAX);
    as_err why = {0};
    as_code rc;

    a.there = as_mem_zero(n ? n : 1, sizeof(*a.there));
    rc = arena && a.there ? AS_OK : as_fail_nomem(&why, "an answer");
    if (!rc)
        rc = as_jread_object(json, arena, api == AS_REMOTE_OPENAI ? take_openai : take_ollama, &a,
                             &why);
    if (!rc && a.met != n)
        rc = as_fail(&why, AS_INVALID, AS_NO_OFFSET, "%zu vectors for %zu texts", a.met, n);
    if (rc == AS_INVALID || rc == AS_LIMIT)
        rc = as_fail(err, AS_INVALID, why.offset, "the answer of the encoder: %s", why.msg);
    else if (rc && err)
        *err = why;
    if (!rc)
        *dim = a.dim;
    as_mem_free(a.there);
    as_buf_done(&a.vector);
    as_arena_free(arena);
    return rc;
}
