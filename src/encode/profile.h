/*
 * profile - what is known of a model beside its files: how its tokens become one vector,
 * what it wants to read before a question, whose it is, what it is good for.
 *
 *     const as_profile *p = as_profile_find("BAAI/bge-small-zh-v1.5");
 *
 * A model's own files come first (1_Pooling/config.json, config_sentence_transformers.json);
 * an ONNX file alone says none of this, and e5's prefixes stand just in its description.
 * Sources: the model cards.
 *
 * Depends on: base.
 */
#ifndef AS_PROFILE_H
#define AS_PROFILE_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum as_pooling { AS_POOL_UNSET, AS_POOL_CLS, AS_POOL_MEAN } as_pooling;

typedef struct as_profile {
    const char *name; /* "bge-small-zh-v1.5": how users call it, and its folder's name */
    const char *hub;  /* "BAAI/bge-small-zh-v1.5" */
    const char *languages, *licence, *good_for; /* for a list that a person reads */
    const char *query, *passage;                /* what stands before a text; "" for nothing */
    as_pooling pooling;
    unsigned dim, layers, max_tokens;
    unsigned mbytes; /* to download, about */
    float floor;     /* a cosine below which a passage is not what was asked for */
} as_profile;

/* By name or hub name, whatever the case; NULL: not known. */
const as_profile *as_profile_find(as_bytes name);
const as_profile *as_profile_all(size_t *ret_n);

#ifdef __cplusplus
}
#endif
#endif
