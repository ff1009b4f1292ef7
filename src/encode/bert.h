/*
 * bert - the encoder itself: numbers of tokens in, one row of numbers for each token out.
 *
 *     as_bert *b = NULL;
 *     if (as_bert_new(weights, &config, nn, &b, &err)) ...
 *     as_bert_text t = {.ids = ids, .n = n, .hidden = rows};   rows: (as_nn_padded(n), hidden)
 *     if (as_bert_run(b, &t, 1, &err)) ...                     the first n rows count
 *     as_bert_free(b);
 *
 * A block is x = LN(x + attention(x)), x = LN(x + W2 gelu(W1 x)) (Vaswani et al. 2017,
 * Devlin et al. 2019; RoBERTa counts positions from pad + 1). Texts are never padded to each
 * other's length, and their rows are cut into blocks by their own length and the number of
 * threads alone, so a text's rows are the same bits whatever is computed beside it.
 *
 * One step of the threads does, for a block of rows, the attention of a layer, all that
 * follows it row by row, and the queries, keys and values of the next layer: the threads
 * meet once a layer, and a block's rows stay in its processor's cache.
 *
 * Depends on: base, nn, config.h.  Threads: one caller at a time.
 */
#ifndef AS_ENCODE_BERT_H
#define AS_ENCODE_BERT_H

#include "encode/config.h"
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_bert as_bert;

typedef struct as_bert_text {
    const uint32_t *ids;
    size_t n;
    size_t second; /* tokens from here on are of the second text of a pair; 0: none are */
    float *hidden;
} as_bert_text;

/*
 * The layers are packed for the machine; the tables of words stay in `weights`, which must
 * outlive the encoder, as must `nn`. AS_INVALID: a tensor is missing, of another shape than
 * the config says, of a type that is no float, or not finite.
 */
as_code as_bert_new(const as_weights *weights, const as_model_config *config, as_nn *nn,
                    as_bert **ret, as_err *err) AS_CHECKED;
void as_bert_free(as_bert *b);

/* Tokens that a text may have, special ones included: RoBERTa leaves the first places free. */
size_t as_bert_room(const as_model_config *config);

/* AS_INVALID: an id outside the vocabulary; AS_LIMIT: a text longer than the positions. */
as_code as_bert_run(as_bert *b, const as_bert_text *texts, size_t n, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
