/*
 * model_priv - private to encode: what a model's folder held.
 *
 * Depends on: model.h, bert.h.
 */
#ifndef AS_MODEL_PRIV_H
#define AS_MODEL_PRIV_H

#include "encode/bert.h"
#include "encode/jread_priv.h"
#include "encode/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_MODEL_LABEL_MAX 128u /* of the name, with what it is computed in */
#define AS_PREFIX_TOKENS   64u
#define AS_MODEL_JSON_MAX  ((size_t)4 << 20) /* of a side file */

typedef struct as_prefix {
    as_buf text; /* with a NUL */
    uint32_t ids[AS_PREFIX_TOKENS];
    size_t n;
} as_prefix;

struct as_model {
    char name[AS_MODEL_LABEL_MAX];
    as_nn *nn;
    as_weights *weights;
    as_bert *bert;
    as_tokenizer *tokenizer;
    as_model_config c;
    as_pooling pooling;
    as_prefix query, passage;
    unsigned max_tokens;
    as_encoder encoder;
};

/* Fills what the folder's side files say: pooling, prefixes, max_tokens. */
as_code as_model_settings(as_model *m, const char *folder, const as_model_options *options,
                          as_err *err) AS_CHECKED;

/*
 * Calls `take` for each member of the object that folder/name holds; a file that is not there
 * holds none. The message names the file.
 */
as_code as_model_side(const char *folder, const char *name, as_member_fn *take, void *ctx,
                      as_err *err) AS_CHECKED;

/*
 * Bytes of folder/name (name may have one slash in it). AS_NOT_FOUND without a word if there
 * is no such file.
 */
as_code as_model_file(const char *folder, const char *name, size_t most, as_buf *ret,
                      as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
