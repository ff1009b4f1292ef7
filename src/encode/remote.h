/*
 * remote - a text encoder that runs on another server.
 *
 *     as_remote *r = NULL;
 *     as_remote_options o = {.endpoint = "http://127.0.0.1:11434", .model = "bge-m3",
 *                            .api = AS_REMOTE_OLLAMA};
 *     if (as_remote_new(&o, &r, &err)) ...
 *     const as_encoder *e = as_remote_encoder(r);
 *     if (e->passages(e->ctx, texts, n, vectors, &err)) ...
 *     as_remote_free(r);
 *
 * Speaks POST /v1/embeddings as OpenAI defined it (many servers do) and Ollama's POST
 * /api/embed. Texts go in batches; vectors are put in order by their index, checked (count,
 * dimension, every number finite) and normalised. What may pass is tried again (http.h).
 * The key comes from ASSAY_ENCODER_KEY, or the file (0600) that ASSAY_ENCODER_KEY_FILE names,
 * and is sent to the endpoint's origin alone.
 *
 * Depends on: encoder.h, http.h.  Threads: one as_remote, one thread.
 */
#ifndef AS_REMOTE_H
#define AS_REMOTE_H

#include "encode/encoder.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_REMOTE_DIM_MAX    ((size_t)65536)
#define AS_REMOTE_BATCH      32u
#define AS_REMOTE_BATCH_MAX  2048u
#define AS_REMOTE_BATCH_SIZE ((size_t)1 << 20) /* bytes of text in a batch of several */
#define AS_REMOTE_ANSWER_MAX ((uint64_t)256 << 20)

typedef enum as_remote_api { AS_REMOTE_OPENAI, AS_REMOTE_OLLAMA } as_remote_api;

typedef struct as_remote_options {
    const char *endpoint; /* with or without "/v1" at its end */
    const char *model;    /* what the server calls it */
    as_remote_api api;
    const char *query, *passage; /* put before a text; NULL: those of the profile of that name */
    size_t dim;                  /* that it must have; 0: the server is asked at once */
    float floor;                 /* 0: that of the profile */
    unsigned batch;              /* texts; 0: AS_REMOTE_BATCH */
    unsigned timeout_s;          /* without a byte; 0: 120 */
    unsigned tries, pause_ms;    /* 0: those of http.h */
} as_remote_options;

typedef struct as_remote as_remote;

/* AS_USAGE: no address, no model, a key that cannot be sent; and what as_http_send() says. */
as_code as_remote_new(const as_remote_options *options, as_remote **ret, as_err *err) AS_CHECKED;
void as_remote_free(as_remote *r); /* NULL is accepted */

/* Lives as long as `r`. */
const as_encoder *as_remote_encoder(const as_remote *r);

/*
 * Reads an answer into n vectors of `dim` numbers. With *dim 0 it becomes that of the first;
 * `ret` may then be NULL. AS_INVALID: not as announced, and where.
 */
as_code as_remote_answer(as_bytes json, as_remote_api api, size_t n, size_t *dim, float *ret,
                         as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
