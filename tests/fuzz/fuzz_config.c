/*
 * Any bytes as a config.json: what is read can be an encoder, within the limits; what is
 * refused has a message.
 */
#include "encode/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "fuzz_config: not so: %s\n", #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_model_config c = {0};
    as_err err = {0};
    uint8_t *copy = malloc(size ? size : 1);
    as_code rc;

    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    rc = as_model_config_read((as_bytes){copy, size}, &c, &err);
    if (rc) {
        MUST(err.code == rc && err.msg[0] && c.hidden == 0);
    } else {
        MUST(c.hidden && c.hidden <= AS_MODEL_WIDTH_MAX && c.ffn && c.ffn <= AS_MODEL_WIDTH_MAX);
        MUST(c.heads && c.heads <= AS_MODEL_HEADS_MAX && c.hidden % c.heads == 0);
        MUST(c.layers && c.layers <= AS_MODEL_LAYERS_MAX && c.types && c.vocab);
        MUST(c.positions && c.positions <= AS_MODEL_POSITIONS_MAX);
        MUST(c.eps > 0 && c.eps <= 0.1 && c.pad >= -1 && c.pad < (int64_t)c.vocab);
        MUST(c.reranker == (c.labels > 0));
    }
    free(copy);
    return 0;
}
