/*
 * tensor - numbers in rows, as a model file has them.
 *
 *     as_tensor t = {.dtype = AS_F32, .rank = 2, .shape = {384, 1536}, .data = p, .size = n};
 *
 * A view: the memory belongs to whoever made the tensor (a mapped file, an arena). Numbers
 * are little-endian, the last dimension is the innermost, nothing lies between rows. `data`
 * may be unaligned: files do not promise more.
 *
 * Depends on: base.
 */
#ifndef AS_TENSOR_H
#define AS_TENSOR_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_TENSOR_RANK_MAX 8u

/* id, name as safetensors spells it, bytes of one number */
#define AS_DTYPE_MAP(X)                                                                            \
    X(F32, "F32", 4)                                                                               \
    X(F16, "F16", 2)                                                                               \
    X(BF16, "BF16", 2)                                                                             \
    X(F64, "F64", 8)                                                                               \
    X(I64, "I64", 8)                                                                               \
    X(I32, "I32", 4)                                                                               \
    X(I16, "I16", 2)                                                                               \
    X(I8, "I8", 1)                                                                                 \
    X(U64, "U64", 8)                                                                               \
    X(U32, "U32", 4)                                                                               \
    X(U16, "U16", 2)                                                                               \
    X(U8, "U8", 1)                                                                                 \
    X(BOOL, "BOOL", 1)

typedef enum as_dtype {
#define AS_X(id, name, size) AS_##id,
    AS_DTYPE_MAP(AS_X)
#undef AS_X
} as_dtype;

typedef struct as_tensor {
    as_dtype dtype;
    unsigned rank; /* 0: one number */
    uint64_t shape[AS_TENSOR_RANK_MAX];
    const uint8_t *data;
    uint64_t size; /* bytes: the product of the shape, times that of one number */
} as_tensor;

const char *as_dtype_name(as_dtype type);
size_t as_dtype_size(as_dtype type);

/* Product of the shape times the size of one number. False: that is no uint64_t. */
bool as_tensor_bytes(const as_tensor *t, uint64_t *ret);

/*
 * Writes elements `from`.. of a F32, F16, BF16 or F64 tensor as float. False: another type,
 * or not so many elements.
 */
bool as_tensor_floats(const as_tensor *t, uint64_t from, size_t n, float *ret);

#ifdef __cplusplus
}
#endif
#endif
