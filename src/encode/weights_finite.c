#include "encode/weights.h"

#include <string.h>

#include "base/banned.h"

/*
 * A float is NaN or infinite just where all bits of its exponent are set: an integer
 * comparison, which compilers turn into vector code for blocks of a fixed size.
 */

#define BLOCK ((size_t)1024)

/* Whether one of BLOCK numbers of 16, 32 or 64 bits is not finite. */
static bool bad16(const uint8_t *p, uint16_t exponent)
{
    uint16_t v, bad = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        memcpy(&v, p + i * sizeof(v), sizeof(v));
        bad |= (uint16_t) - ((v & exponent) == exponent);
    }
    return bad;
}

static bool bad32(const uint8_t *p)
{
    uint32_t v, bad = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        memcpy(&v, p + i * sizeof(v), sizeof(v));
        bad |= (uint32_t) - ((v & 0x7f800000u) == 0x7f800000u);
    }
    return bad;
}

static bool bad64(const uint8_t *p)
{
    const uint64_t exponent = (uint64_t)0x7ff << 52;
    uint64_t v, bad = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        memcpy(&v, p + i * sizeof(v), sizeof(v));
        bad |= (uint64_t) - ((v & exponent) == exponent);
    }
    return bad;
}

static bool bad_block(as_dtype type, const uint8_t *p)
{
    switch (type) {
    case AS_F32:
        return bad32(p);
    case AS_F64:
        return bad64(p);
    case AS_F16:
        return bad16(p, 0x7c00);
    default:
        return bad16(p, 0x7f80); /* BF16 */
    }
}

static bool bad_one(as_dtype type, const uint8_t *p)
{
    uint64_t v = 0, exponent = type == AS_F64   ? (uint64_t)0x7ff << 52
                               : type == AS_F32 ? 0x7f800000u
                               : type == AS_F16 ? 0x7c00u
                                                : 0x7f80u;

    for (size_t i = as_dtype_size(type); i-- > 0;)
        v = v << 8 | p[i];
    return (v & exponent) == exponent;
}

/* The first element that is no number; the count of elements if all are. */
static uint64_t first_bad(const as_tensor *t)
{
    size_t each = as_dtype_size(t->dtype);
    uint64_t n = t->size / each, at = 0;

    while (n - at >= BLOCK && !bad_block(t->dtype, t->data + at * each))
        at += BLOCK;
    while (at < n && !bad_one(t->dtype, t->data + at * each))
        at++;
    return at;
}

as_code as_weight_finite(const as_weight *w, as_err *err)
{
    as_dtype type = w->tensor.dtype;
    char shown[96];
    uint64_t at;

    if (type != AS_F32 && type != AS_F16 && type != AS_BF16 && type != AS_F64)
        return AS_OK;
    at = first_bad(&w->tensor);
    if (at == w->tensor.size / as_dtype_size(type))
        return AS_OK;
    return as_fail(err, AS_INVALID, AS_NO_OFFSET, "tensor '%s': element %llu is no finite number",
                   as_bytes_show(w->name, shown, sizeof(shown)), (unsigned long long)at);
}

as_code as_weights_finite(const as_weights *w, as_err *err)
{
    size_t n;
    const as_weight *all = as_weights_all(w, &n);

    for (size_t i = 0; i < n; i++) {
        as_code rc = as_weight_finite(&all[i], err);

        if (rc)
            return rc;
    }
    return AS_OK;
}
