/*
 * tokens_priv - private to encode: the families of tokenizers behind tokens.h.
 *
 * Depends on: tokens.h, buf.h.
 */
#ifndef AS_TOKENS_PRIV_H
#define AS_TOKENS_PRIV_H

#include "base/buf.h"
#include "base/json.h"
#include "encode/tokens.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A tree of bytes as a double array (Aoe 1989, with exclusive or for the sum): what a byte c
 * leads to from a unit lies at (the unit's base ^ c), if that place says that c led there. No
 * two units have one base, so that the byte is proof. A unit: bits 0-7 the byte, 8 taken,
 * 9-31 the id + 1 of the piece that ends here or 0, 32-63 the base or 0 where nothing follows.
 */
typedef struct as_trie {
    uint64_t *units;
    size_t n_units; /* whole blocks of 256 */
    uint32_t root;  /* base */
} as_trie;

typedef struct as_trie_key {
    as_bytes text;
    uint64_t head; /* the trie's own */
    uint32_t id;
} as_trie_key;

#define AS_TRIE_UNITS_MAX ((size_t)1 << 26)

/*
 * Sorts the keys. Of equal ones that with the highest id counts; empty ones are not added.
 * AS_LIMIT: over AS_TRIE_UNITS_MAX, or a key over AS_TOKENIZER_PIECE_MAX.
 */
as_code as_trie_build(as_trie *t, as_trie_key *keys, size_t n, as_err *err) AS_CHECKED;
uint32_t as_trie_find(const as_trie *t, as_bytes piece); /* id + 1; 0: it is not there */
void as_trie_done(as_trie *t);

/* 0: no piece goes on like this. */
static inline uint64_t as_trie_step(const as_trie *t, uint32_t base, uint8_t byte)
{
    uint64_t unit = t->units[base ^ byte];

    return (unit & 0x1ff) == (0x100u | byte) ? unit : 0;
}

static inline uint32_t as_trie_base(uint64_t unit)
{
    return (uint32_t)(unit >> 32);
}

static inline uint32_t as_trie_value(uint64_t unit)
{
    return (uint32_t)unit >> 9;
}

/* Bytes of the source that a normalised byte comes from. */
typedef struct as_mark {
    uint32_t begin, end;
} as_mark;

typedef struct as_marked { /* a text as it is normalised */
    uint8_t *bytes;
    as_mark *marks;
    size_t n, cap_bytes, cap_marks;
} as_marked;

bool as_marked_room(as_marked *m, size_t more) AS_CHECKED;
bool as_marked_add(as_marked *m, as_bytes bytes, as_mark mark) AS_CHECKED; /* all from one place */
void as_marked_done(as_marked *m);

/*
 * What words fell into, so that a word which comes again costs a look: real text is made of
 * the same few thousand. A slot belongs to the last word that fell on it.
 */
#define AS_MEMO_BYTES  32u
#define AS_MEMO_TOKENS 8u
#define AS_MEMO_SLOTS  8192u

typedef struct as_memo {
    uint64_t hash;
    uint8_t n_bytes, n; /* 0 bytes: free */
    uint8_t ends[AS_MEMO_TOKENS];
    uint8_t bytes[AS_MEMO_BYTES];
    uint32_t ids[AS_MEMO_TOKENS];
} as_memo;

typedef struct as_best { /* the best way to a place within a word */
    double score;
    uint32_t from, id;
} as_best;

/* Behind as_tokens.scratch: memory that the next text uses again. */
typedef struct as_scratch {
    as_marked word, a, b;
    uint32_t chars; /* of the word */
    as_best *best;
    size_t cap_best;
    as_token *path; /* of the word, places within it */
    size_t n_path, cap_path;
    as_memo *memo;
    uint64_t memo_of; /* the sum of the tokenizer that it holds words of */
} as_scratch;

as_scratch *as_scratch_of(as_tokens *tokens) AS_CHECKED; /* NULL: no memory */
as_code as_tokens_push(as_tokens *out, as_token token, as_err *err) AS_CHECKED;

typedef struct as_unigram as_unigram;

struct as_tokenizer {
    as_specials specials;
    uint64_t sum;     /* of the file and the options */
    as_buf text;      /* of all pieces */
    uint32_t *pieces; /* id -> where it begins in `text`; [vocab] is the end of the last */
    size_t vocab, cap_pieces;
    as_trie trie;        /* of all pieces, or those that text may become */
    as_unigram *unigram; /* NULL: WordPiece */
    /* WordPiece */
    uint32_t word_max;                   /* characters of a word; a longer one is [UNK] */
    bool clean, chinese, accents, lower; /* accents: they are stripped */
    as_buf prefix;                       /* of a piece within a word: "##" */
    as_trie more;                        /* of these, without it */
};

/* The next piece of the vocabulary, its id is t->vocab. */
as_code as_tokenizer_put(as_tokenizer *t, as_bytes piece, as_err *err) AS_CHECKED;
int32_t as_tokenizer_id(const as_tokenizer *t, const char *piece); /* -1: there is none */

as_code as_wordpiece_json(as_bytes json, as_tokenizer *t, as_err *err) AS_CHECKED;
as_code as_wordpiece_vocab(as_bytes text, const as_tokenizer_options *o, as_tokenizer *t,
                           as_err *err) AS_CHECKED;
as_code as_wordpiece_run(const as_tokenizer *t, as_bytes text, as_tokens *ret,
                         as_err *err) AS_CHECKED;

enum { AS_CHAR_LETTER, AS_CHAR_SIGN, AS_CHAR_DROPPED };

/* What a character is to the reference implementation, if not what Unicode says now; else -1. */
int as_wordpiece_other(uint32_t c);

#ifdef __cplusplus
}
#endif
#endif
