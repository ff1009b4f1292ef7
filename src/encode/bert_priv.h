/*
 * bert_priv - private to encode: an encoder's layers, and what a run needs.
 *
 * Depends on: bert.h.
 */
#ifndef AS_BERT_PRIV_H
#define AS_BERT_PRIV_H

#include "encode/bert.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_bert_layer {
    as_linear *qkv, *out, *wide, *narrow;
    float *norm1[2], *norm2[2]; /* gamma, beta */
} as_bert_layer;

/* The buffers of a run (bert_run.c). */
typedef struct as_bert_wave as_bert_wave;
void as_bert_wave_free(as_bert_wave *w);

struct as_bert {
    as_model_config c;
    as_nn *nn;
    as_tensor words, places, types;
    float *norm[2];
    as_bert_layer *layers;
    as_bert_wave *wave;
};

#ifdef __cplusplus
}
#endif
#endif
