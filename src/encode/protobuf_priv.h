/*
 * protobuf_priv - private to encode: a message of protobuf, field by field; bounded, no schema.
 *
 *     as_pb pb = {bytes, 0};
 *     as_pb_field f;
 *     while ((state = as_pb_next(&pb, &f)) == AS_PB_FIELD) ...
 *
 * Views point into the bytes. Depends on: base.
 */
#ifndef AS_PROTOBUF_PRIV_H
#define AS_PROTOBUF_PRIV_H

#include "base/base.h"

enum { AS_PB_VARINT = 0, AS_PB_I64 = 1, AS_PB_LEN = 2, AS_PB_I32 = 5 };

typedef struct as_pb {
    as_bytes b;
    size_t at;
} as_pb;

typedef struct as_pb_field {
    uint32_t number;
    unsigned wire;
    uint64_t v;        /* VARINT, I64, I32 */
    as_bytes bytes;    /* LEN */
    const uint8_t *at; /* its tag */
} as_pb_field;

typedef enum as_pb_state { AS_PB_END, AS_PB_FIELD, AS_PB_BROKEN } as_pb_state;

as_pb_state as_pb_next(as_pb *pb, as_pb_field *ret);
bool as_pb_varint(as_bytes b, size_t *at, uint64_t *ret);

#endif
