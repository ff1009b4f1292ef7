/*
 * config - what a model's config.json says of its encoder.
 *
 *     as_model_config c;
 *     if (as_model_config_read(bytes_of_config_json, &c, &err)) ...
 *     if (as_model_config_guess(weights, &c, &err)) ...     an ONNX file that stands alone
 *
 * Two families of one architecture, BERT and XLM-RoBERTa: encoder blocks with the layer norm
 * behind each half, learnt absolute positions, GELU. What differs from that is refused by
 * name, as its numbers would be plausible and wrong.
 *
 * Depends on: base, weights.h.  Threads: re-entrant.
 */
#ifndef AS_CONFIG_H
#define AS_CONFIG_H

#include "encode/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Far above every encoder that is known; over it AS_LIMIT. */
#define AS_MODEL_CONFIG_MAX    ((size_t)16 << 20) /* bytes of config.json */
#define AS_MODEL_LAYERS_MAX    256u
#define AS_MODEL_HEADS_MAX     256u
#define AS_MODEL_WIDTH_MAX     65536u /* hidden, ffn */
#define AS_MODEL_POSITIONS_MAX (1u << 20)
#define AS_MODEL_VOCAB_MAX     4000000u
#define AS_MODEL_LABELS_MAX    65536u

typedef enum as_model_family { AS_MODEL_BERT, AS_MODEL_XLMR } as_model_family;

typedef struct as_model_config {
    as_model_family family;
    unsigned hidden, layers, heads, ffn;
    unsigned positions; /* rows of the table; XLM-R cannot use the first pad + 1 of them */
    unsigned types, vocab;
    unsigned labels; /* of the classifier; 0: it has none */
    int32_t pad;     /* -1: null */
    double eps;      /* of the layer norms */
    bool gelu_tanh;  /* gelu_new, gelu_pytorch_tanh; else the exact one */
    bool reranker;   /* a ...ForSequenceClassification */
} as_model_config;

/*
 * AS_INVALID: no JSON, or a number that cannot be; err->offset is its byte where there is one.
 * AS_UNKNOWN: another kind of model, activation or position. AS_LIMIT.
 */
as_code as_model_config_read(as_bytes json, as_model_config *ret, as_err *err) AS_CHECKED;

/*
 * From the shapes of the tensors and what the graph shows. AS_UNKNOWN: no encoder, or one
 * whose number of heads, epsilon or activation is nowhere to be seen: it needs a config.json.
 */
as_code as_model_config_guess(const as_weights *w, as_model_config *ret, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
