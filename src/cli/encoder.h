/*
 * encoder - the text encoder of the command line or the configuration, and its vectors.
 *
 *     as_dense_here d = {.args = args};
 *     q.dense = as_dense_open;                 opened when a search needs it, not before
 *     q.dense_ctx = &d;
 *     ...
 *     as_dense_done(&d);
 *
 * Depends on: cli_priv.h, encode, retrieve.  Threads: the main thread alone.
 */
#ifndef AS_CLI_ENCODER_H
#define AS_CLI_ENCODER_H

#include "cli/cli_priv.h"
#include "encode/model.h"
#include "encode/remote.h"
#include "retrieve/retrieve.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One of the two is there, or none: then `encoder` is NULL. */
typedef struct as_embedder {
    as_model *model;
    as_remote *remote;
    const as_encoder *encoder;
} as_embedder;

/*
 * --encoder, else what is configured: a model here, else one behind an endpoint. None at all is
 * AS_OK; the rest is as as_model_open() and as_remote_new() say.
 */
as_code as_embedder_open(const as_args *args, as_embedder *ret, as_err *err) AS_CHECKED;
void as_embedder_close(as_embedder *e);

/* The store's vectors of this encoder. AS_NOT_FOUND: read only, and none were made yet. */
as_code as_vectors_here(const as_args *args, const as_encoder *encoder, bool read_only,
                        as_vectors **ret, as_err *err) AS_CHECKED;

typedef struct as_dense_here {
    const as_args *args;
    as_embedder embedder;
    as_vectors *vectors;
} as_dense_here;

/* An as_dense_fn; ctx is an as_dense_here. */
as_code as_dense_open(void *ctx, as_dense *ret, as_err *err) AS_CHECKED;
void as_dense_done(as_dense_here *d);

#ifdef __cplusplus
}
#endif
#endif
