/*
 * encoder - what turns a text into a vector.
 *
 *     if (encoder->queries(encoder->ctx, &question, 1, vector, &err)) ...
 *
 * An encoder is given by whoever has one: a model in a folder, an endpoint, a test. Texts
 * that mean alike get vectors whose inner product is large; a question and a passage may
 * need different words before them, so there are two calls. Vectors of two encoders are
 * never compared: `name` says whose they are (vectors.h).
 *
 * Depends on: base.  Threads: as the encoder says; one call at a time is always right.
 */
#ifndef AS_ENCODER_H
#define AS_ENCODER_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes dim numbers for each of `n` texts, one text behind the other. A text is UTF-8;
 * what is too long for the encoder is cut at its end. AS_UNAVAILABLE: not now.
 */
typedef as_code as_encode_fn(void *ctx, const as_bytes *texts, size_t n, float *ret, as_err *err);

typedef struct as_encoder {
    const char *name; /* of the model and its settings: "all-MiniLM-L6-v2" */
    size_t dim;
    float floor; /* a passage whose cosine is below this is not what was asked for */
    as_encode_fn *passages;
    as_encode_fn *queries;
    void *ctx;
} as_encoder;

#ifdef __cplusplus
}
#endif
#endif
