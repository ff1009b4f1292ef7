/*
 * An answer of a remote encoder: what is taken is n vectors of the dimension, each finite and
 * of length one. The first byte says which of the two forms is expected.
 */
#include "encode/remote.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_remote_api api = size > 0 && data[0] & 1 ? AS_REMOTE_OLLAMA : AS_REMOTE_OPENAI;
    size_t skip = size > 0 ? 1 : 0, n = size - skip, dim = 2, found = 0;
    uint8_t *copy = as_mem_get(n ? n : 1);
    float *v = as_mem_get(4 * sizeof(*v)); /* no more than two vectors need */
    as_err err = {0};
    as_code rc;

    assert(copy && v);
    if (n > 0)
        memcpy(copy, data + skip, n);
    rc = as_remote_answer((as_bytes){copy, n}, api, 2, &dim, v, &err);
    assert(!rc || (err.msg[0] && !strchr(err.msg, '\n')));
    for (size_t i = 0; !rc && i < 2; i++)
        assert(fabsf(hypotf(v[2 * i], v[2 * i + 1]) - 1) < 1e-5f);
    rc = as_remote_answer((as_bytes){copy, n}, api, 1, &found, NULL, NULL);
    assert(rc || (found > 0 && found <= AS_REMOTE_DIM_MAX));
    as_mem_free(v);
    as_mem_free(copy);
    return 0;
}
