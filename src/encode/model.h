/*
 * model - a text encoder in a folder, as Hugging Face lays one out: text in, vectors out.
 *
 *     as_model *m = NULL;
 *     as_model_options o = {.threads = 2};
 *     if (as_model_open("models/bge-small-zh-v1.5", &o, &m, &err)) ...
 *     float *v = as_arena_take(arena, n * as_model_dim(m), sizeof(*v));
 *     if (as_model_encode(m, AS_ENCODE_PASSAGE, texts, n, v, NULL, &err)) ...
 *     as_model_close(m);
 *
 * Read from the folder: the weights (model.safetensors or its index, pytorch_model.bin, an
 * .onnx file), config.json (an ONNX file may go without), the tokenizer (tokenizer.json,
 * vocab.txt, a SentencePiece .model), and, where they are, 1_Pooling/config.json,
 * sentence_bert_config.json and config_sentence_transformers.json. What these leave open is
 * taken from the model's profile (profile.h). Nothing is taken on trust: sizes, types and
 * names are checked against each other before a text is read.
 *
 * A text longer than the model reads is cut into windows that overlap, and its vector is the
 * mean of theirs by the tokens that each added; as_model_stats says how many there were.
 *
 * Depends on: base, nn, tokens.h, weights.h, bert.h.  Threads: one caller at a time; the
 * work is shared among the threads of the options.
 */
#ifndef AS_ENCODE_MODEL_H
#define AS_ENCODE_MODEL_H

#include "encode/config.h"
#include "encode/encoder.h"
#include "encode/profile.h"
#include "encode/tokens.h"
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_MODEL_OVERLAP 32u /* tokens that a window shares with the one before it */

typedef struct as_model as_model;

typedef struct as_model_options {
    unsigned threads; /* 0: one for each processor */
    as_precision precision;
    const char *name;            /* as which its profile is looked up; NULL: the folder's name */
    as_pooling pooling;          /* AS_POOL_UNSET: as the model says */
    const char *query, *passage; /* prefixes; NULL: as the model says */
    unsigned max_tokens;         /* of one window; 0: as the model says */
} as_model_options;

typedef struct as_model_stats {
    size_t tokens;  /* without special ones and prefixes */
    size_t windows; /* at least one a text */
    size_t split;   /* texts that were longer than one window */
} as_model_stats;

/*
 * AS_NOT_FOUND: no such folder or no model in it; AS_INVALID, AS_UNKNOWN, AS_LIMIT: what is
 * wrong with it, by file. The weights stay mapped until as_model_close().
 */
as_code as_model_open(const char *folder, const as_model_options *options, as_model **ret,
                      as_err *err) AS_CHECKED;
void as_model_close(as_model *m);

const char *
as_model_name(const as_model *m); /* with precision: "bge-small-zh-v1.5" or "...+bf16" */
size_t as_model_dim(const as_model *m);
size_t as_model_window(const as_model *m); /* tokens of text that one window holds */
const as_model_config *as_model_shape(const as_model *m);
const as_tokenizer *as_model_tokenizer(const as_model *m);
as_pooling as_model_pooling(const as_model *m);
const char *as_model_prefix(const as_model *m, bool query); /* "" for none */

typedef enum as_encode_as { AS_ENCODE_PLAIN, AS_ENCODE_QUERY, AS_ENCODE_PASSAGE } as_encode_as;

/* n * dim numbers, each text's a vector of length 1. stats may be NULL; they are added to. */
as_code as_model_encode(as_model *m, as_encode_as as, const as_bytes *texts, size_t n, float *ret,
                        as_model_stats *stats, as_err *err) AS_CHECKED;

/* One text token by token; of special tokens nothing is kept. Lives in the arena. */
typedef struct as_model_tokens {
    size_t n;
    const as_token *tokens;
    const float *rows; /* (n, dim): the last hidden state */
} as_model_tokens;

as_code as_model_tokens_of(as_model *m, as_bytes text, as_arena *arena, as_model_tokens *ret,
                           as_err *err) AS_CHECKED;

/* The model as retrieve sees it; it lives as long as the model. */
const as_encoder *as_model_encoder(as_model *m);

#ifdef __cplusplus
}
#endif
#endif
