#include "nn/tensor.h"

#include <string.h>

#include "base/banned.h"

static const struct {
    const char *name;
    uint8_t size;
} types[] = {
#define AS_X(id, name, size) {name, size},
    AS_DTYPE_MAP(AS_X)
#undef AS_X
};

const char *as_dtype_name(as_dtype type)
{
    return types[type].name;
}

size_t as_dtype_size(as_dtype type)
{
    return types[type].size;
}

bool as_tensor_bytes(const as_tensor *t, uint64_t *ret)
{
    uint64_t size = types[t->dtype].size;

    for (unsigned i = 0; i < t->rank; i++) {
        if (__builtin_mul_overflow(size, t->shape[i], &size))
            return false;
    }
    *ret = size;
    return true;
}

static float float_of_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* IEEE 754 binary16: one sign, five bits of exponent (bias 15), ten of fraction. */
static float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
             fraction = half & 0x3ff;

    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent > 0)
        return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
}

bool as_tensor_floats(const as_tensor *t, uint64_t from, size_t n, float *ret)
{
    size_t each = types[t->dtype].size;
    const uint8_t *at;

    if (from > t->size / each || n > t->size / each - from)
        return false;
    at = t->data + from * each;
    if (t->dtype == AS_F32) {
        memcpy(ret, at, n * each);
        return true;
    }
    if (t->dtype != AS_F16 && t->dtype != AS_BF16 && t->dtype != AS_F64)
        return false;
    for (size_t i = 0; i < n; i++, at += each) {
        if (t->dtype == AS_F64) {
            double wide;

            memcpy(&wide, at, sizeof(wide));
            ret[i] = (float)wide;
        } else {
            uint16_t bits = (uint16_t)(at[0] | at[1] << 8);

            ret[i] =
                t->dtype == AS_BF16 ? float_of_bits((uint32_t)bits << 16) : float_of_half(bits);
        }
    }
    return true;
}
