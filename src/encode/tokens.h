/*
 * tokens - text to the numbers that a text encoder was trained on.
 *
 *     as_tokenizer *t = NULL;
 *     as_tokens tokens = {0};
 *     if (as_tokenizer_open("model/tokenizer.json", NULL, &t, &err)) ...
 *     if (as_tokens_read(t, text, &tokens, &err)) ...
 *     for (size_t i = 0; i < tokens.n; i++)
 *         ... tokens.p[i].id, and the bytes of `text` from .begin to .end
 *     as_tokens_done(&tokens);
 *     as_tokenizer_free(t);
 *
 * Two families, each the same, id for id, as the reference implementations: WordPiece
 * (BERT: tokenizer.json or vocab.txt) and Unigram (XLM-R, bge-m3, T5: tokenizer.json or a
 * SentencePiece .model file). Text need not be valid UTF-8: each bad byte is read as U+FFFD.
 *
 * Depends on: base; utf8proc.  Threads: a tokenizer is read-only after open; each thread
 * has its own as_tokens.
 */
#ifndef AS_TOKENS_H
#define AS_TOKENS_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_TOKENIZER_FILE_MAX  ((size_t)256 << 20)
#define AS_TOKENIZER_VOCAB_MAX 4000000u
#define AS_TOKENIZER_PIECE_MAX ((size_t)4096)    /* bytes; the longest of those known here has 48 */
#define AS_TOKENIZE_TEXT_MAX   ((size_t)1 << 30) /* bytes of one text: over it AS_LIMIT */

typedef struct as_tokenizer as_tokenizer;

typedef struct as_token {
    uint32_t id;
    uint32_t begin, end; /* bytes of the text it stands for; empty for one that stands for none */
} as_token;

typedef struct as_tokens { /* {0} is empty and ready; reused, it keeps its memory */
    as_token *p;
    size_t n, cap;
    void *scratch; /* the tokenizer's own */
} as_tokens;

/* -1: the vocabulary has none. */
typedef struct as_specials {
    int32_t bos, eos, sep, pad, unk, mask; /* [CLS], [SEP] for BERT: bos, and eos == sep */
} as_specials;

/* What vocab.txt leaves to tokenizer_config.json. NULL: lower case, Chinese split. */
typedef struct as_tokenizer_options {
    bool keep_case;    /* do_lower_case: false */
    bool keep_chinese; /* tokenize_chinese_chars: false */
    int strip_accents; /* 0: as case is folded; 1: yes; -1: no */
    /*
     * Of a .model file, whether ids are XLM-R's (fairseq's): <s> 0, <pad> 1, </s> 2, <unk> 3, the
     * pieces behind <unk> <s> </s> each one higher than in the file, <mask> behind the last. The
     * file does not say so. 0: yes if it has just the 250,000 pieces of XLM-R; 1: yes; -1: no.
     */
    int xlmr_ids;
} as_tokenizer_options;

/*
 * By content: tokenizer.json, vocab.txt, SentencePiece .model. AS_REFUSED: not to be opened.
 * AS_INVALID: broken, and where. AS_UNKNOWN: a kind that is not read (BPE ...), named.
 */
as_code as_tokenizer_open(const char *path, const as_tokenizer_options *options, as_tokenizer **ret,
                          as_err *err) AS_CHECKED;
as_code as_tokenizer_open_bytes(as_bytes bytes, const as_tokenizer_options *options,
                                as_tokenizer **ret, as_err *err) AS_CHECKED;
void as_tokenizer_free(as_tokenizer *t);

/*
 * The tokens of `text`, no specials added, nothing cut. Words of the special tokens in the
 * text ("[SEP]", "</s>") are read as ordinary text: the text is the attacker's, and must not
 * be able to end itself. AS_LIMIT, AS_NOMEM.
 */
as_code as_tokens_read(const as_tokenizer *t, as_bytes text, as_tokens *ret,
                       as_err *err) AS_CHECKED;
void as_tokens_done(as_tokens *tokens);

size_t as_tokenizer_vocab(const as_tokenizer *t);     /* ids are below it */
const char *as_tokenizer_kind(const as_tokenizer *t); /* "wordpiece", "unigram" */
as_specials as_tokenizer_specials(const as_tokenizer *t);
as_bytes as_tokenizer_piece(const as_tokenizer *t,
                            uint32_t id); /* as the file has it; else empty */

#ifdef __cplusplus
}
#endif
#endif
