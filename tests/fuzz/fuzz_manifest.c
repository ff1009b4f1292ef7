/* A model's manifest: what is taken is written and read again as the same. */
#include "encode/models.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_arena *a = as_arena_new((size_t)64 << 20);
    uint8_t *copy = as_mem_get(size ? size : 1);
    as_manifest m = {0}, again = {0};
    as_buf first = {0}, second = {0};
    as_err err = {0};
    as_code rc;

    assert(a && copy);
    if (size > 0)
        memcpy(copy, data, size);
    rc = as_manifest_read((as_bytes){copy, size}, a, &m, &err);
    assert(!rc || err.msg[0]);
    if (!rc) {
        assert(as_model_name_ok(m.name) && m.n_files > 0 && m.n_files <= AS_MODEL_FILES_MAX);
        as_manifest_write(&m, &first);
        rc = as_manifest_read(as_buf_bytes(&first), a, &again, &err);
        assert(!rc && again.n_files == m.n_files);
        as_manifest_write(&again, &second);
        assert(as_bytes_eq(as_buf_bytes(&first), as_buf_bytes(&second)));
    }
    as_buf_done(&first);
    as_buf_done(&second);
    as_mem_free(copy);
    as_arena_free(a);
    return 0;
}
