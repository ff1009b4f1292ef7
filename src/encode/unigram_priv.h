/*
 * unigram_priv - private to encode: what a Unigram tokenizer does before it looks for pieces.
 *
 * Two rules that share a vocabulary's form and little else: that of tokenizer.json (a list of
 * normalizers, words, sums in double precision) and that of a SentencePiece .model (one pass,
 * sums in single precision). Each is followed to the bit: among ways that are equally good but
 * for rounding, which one is taken depends on it.
 *
 * Depends on: tokens_priv.h, charsmap_priv.h.
 */
#ifndef AS_UNIGRAM_PRIV_H
#define AS_UNIGRAM_PRIV_H

#include "encode/charsmap_priv.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_UNIGRAM_STEPS 16u

typedef enum as_step_kind {
    AS_STEP_CHARSMAP,
    AS_STEP_REPLACE, /* `from` by `to` */
    AS_STEP_RUN,     /* `least` or more of `from`, all of them, by `to` */
    AS_STEP_STRIP,
    AS_STEP_PREPEND /* `to` */
} as_step_kind;

typedef struct as_step {
    as_step_kind kind;
    as_charsmap map;
    as_buf from, to;
    size_t least;
    bool left, right;
} as_step;

typedef enum as_prepend { AS_PREPEND_ALWAYS, AS_PREPEND_FIRST, AS_PREPEND_NEVER } as_prepend;

struct as_unigram {
    double *scores; /* by id */
    double unk_score;
    uint32_t unk;
    bool bytes; /* an unknown character is the pieces of its bytes */
    uint32_t byte_ids[256];
    bool sentencepiece;
    /* tokenizer.json */
    as_step steps[AS_UNIGRAM_STEPS];
    size_t n_steps;
    bool by_blanks;        /* WhitespaceSplit */
    bool metaspace, split; /* a blank is `space`; a word begins at each */
    as_prepend prepend;
    as_buf space;
    /* .model */
    as_charsmap map;
    bool dummy_prefix, trim; /* add_dummy_prefix, remove_extra_whitespaces */
    bool whole;              /* a piece has a space within: no cutting there */
    bool *own;               /* by id: a user's own piece, which always wins; NULL: none */
    as_trie own_trie;
    double own_score; /* of a byte of it */
};

as_unigram *as_unigram_of(as_tokenizer *t, as_err *err) AS_CHECKED; /* makes it; NULL: no memory */
void as_unigram_free(as_unigram *u);

/* Whether tokenizer.json is of this kind, and not of WordPiece. */
as_code as_unigram_probe(as_bytes json, bool *ret, as_err *err) AS_CHECKED;
as_code as_unigram_json(as_bytes json, as_tokenizer *t, as_err *err) AS_CHECKED;

bool as_unigram_is_model(as_bytes bytes);
as_code as_unigram_model(as_bytes bytes, const as_tokenizer_options *o, as_tokenizer *t,
                         as_err *err) AS_CHECKED;

as_code as_unigram_run(const as_tokenizer *t, as_bytes text, as_tokens *ret,
                       as_err *err) AS_CHECKED;

/* --- between the parts of a run ------------------------------------------------------------- */

typedef struct as_uni_run {
    const as_tokenizer *t;
    const as_unigram *u;
    as_tokens *out;
    as_scratch *s; /* s->word is the word in hand */
    as_err *err;
    float sum;    /* .model: of all before the word */
    bool unknown; /* .model: the last token is unknown, and another would join it */
} as_uni_run;

as_code as_unigram_word(as_uni_run *r) AS_CHECKED; /* the word in hand is over: it is emptied */
as_code as_unigram_normalize(as_uni_run *r, as_bytes text, size_t from, size_t end) AS_CHECKED;
as_code as_unigram_run_model(as_uni_run *r, as_bytes text) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
