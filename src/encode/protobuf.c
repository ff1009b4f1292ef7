#include "encode/protobuf_priv.h"
#include "encode/weights_priv.h"

#include "base/banned.h"

bool as_pb_varint(as_bytes b, size_t *at, uint64_t *ret)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 70 && *at < b.n; shift += 7) {
        uint8_t byte = b.p[(*at)++];

        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

as_pb_state as_pb_next(as_pb *pb, as_pb_field *ret)
{
    uint64_t tag, n;

    ret->at = pb->b.p + pb->at;
    if (pb->at == pb->b.n)
        return AS_PB_END;
    if (!as_pb_varint(pb->b, &pb->at, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return AS_PB_BROKEN;
    ret->number = (uint32_t)(tag >> 3);
    ret->wire = (unsigned)(tag & 7);
    ret->bytes = (as_bytes){ret->at, 0}; /* never NULL: offsets are taken of it */
    ret->v = 0;
    switch (ret->wire) {
    case AS_PB_VARINT:
        return as_pb_varint(pb->b, &pb->at, &ret->v) ? AS_PB_FIELD : AS_PB_BROKEN;
    case AS_PB_LEN:
        if (!as_pb_varint(pb->b, &pb->at, &n) || n > pb->b.n - pb->at)
            return AS_PB_BROKEN;
        ret->bytes = (as_bytes){pb->b.p + pb->at, (size_t)n};
        break;
    case AS_PB_I64:
    case AS_PB_I32:
        n = ret->wire == AS_PB_I64 ? 8 : 4;
        if (n > pb->b.n - pb->at)
            return AS_PB_BROKEN;
        ret->v = as_le(pb->b.p + pb->at, (unsigned)n);
        break;
    default:
        return AS_PB_BROKEN; /* groups: no schema of today has one */
    }
    pb->at += (size_t)n;
    return AS_PB_FIELD;
}
