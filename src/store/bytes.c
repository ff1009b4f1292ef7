#include "store/store_priv.h"

#include <string.h>

#include "base/banned.h"

static as_code take_sha256(void *ctx, const as_document *doc, as_err *err)
{
    (void)err;
    memcpy(ctx, doc->sha256, AS_SHA256_SIZE);
    return AS_OK;
}

as_code as_store_bytes(as_store *s, int64_t doc, uint64_t begin, uint8_t *dst, size_t n,
                       as_err *err)
{
    uint8_t sha256[AS_SHA256_SIZE];
    as_code rc = as_store_document(s, doc, take_sha256, sha256, err);

    return rc ? rc : as_blob_read(s->blobs, sha256, begin, dst, n, err);
}

as_code as_store_open_document(as_store *s, int64_t doc, as_source **ret, as_err *err)
{
    uint8_t sha256[AS_SHA256_SIZE];
    as_code rc = as_store_document(s, doc, take_sha256, sha256, err);

    return rc ? rc : as_blob_open(s->blobs, sha256, ret, err);
}
