/*
 * weights_checks - private to the fuzz targets of model files: what opens is whole. Each
 * tensor's bytes lie in the input (or, for what had to be decoded, in memory of ours) and are
 * as many as its shape says; names rise; what is refused has a message; opening twice says the
 * same.
 */
#ifndef AS_FUZZ_WEIGHTS_CHECKS_H
#define AS_FUZZ_WEIGHTS_CHECKS_H

#include "encode/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches every byte, so that a view that is wrong is seen. */
static inline unsigned sum(const as_tensor *t)
{
    unsigned s = 0;

    for (uint64_t i = 0; i < t->size; i++)
        s += t->data[i];
    return s;
}

static inline void check(const as_weights *w)
{
    static volatile unsigned sink;
    as_model_config config;
    size_t n;
    const as_weight *all = as_weights_all(w, &n);

    MUST(n > 0 && as_weights_format(w));
    for (size_t i = 0; i < n; i++) {
        const as_tensor *t = &all[i].tensor;
        uint64_t bytes;

        MUST(all[i].name.n > 0 && t->rank <= AS_TENSOR_RANK_MAX);
        MUST(i == 0 || as_bytes_cmp(all[i - 1].name, all[i].name) < 0);
        MUST(as_weights_find(w, all[i].name) == &all[i]);
        MUST(as_tensor_bytes(t, &bytes) && bytes == t->size);
        sink = sink + sum(t);
    }
    MUST(as_weights_finite(w, NULL) == AS_OK || as_weights_finite(w, NULL) == AS_INVALID);
    if (!as_model_config_guess(w, &config, NULL))
        MUST(config.heads && config.hidden % config.heads == 0 && config.layers && config.vocab);
}

static inline int fuzz_weights(const uint8_t *data, size_t size)
{
    as_weights *w = NULL, *again = NULL;
    as_err err = {0};
    uint8_t *copy = malloc(size ? size : 1);
    as_code rc;

    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    rc = as_weights_open_bytes((as_bytes){copy, size}, &w, &err);
    if (rc)
        MUST(!w && err.code == rc && err.msg[0]);
    else
        check(w);
    MUST(as_weights_open_bytes((as_bytes){copy, size}, &again, NULL) == rc);
    as_weights_close(again);
    as_weights_close(w);
    free(copy);
    return 0;
}

#endif
