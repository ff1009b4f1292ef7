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
 * A tree of bytes in one table: an edge is (node, byte) -> node. What lies in a vocabulary is
 * found by walking on, so that the longest piece at a place costs its own length.
 */
typedef struct as_edge {
    uint64_t key;   /* node << 8 | byte, plus 1; 0: free */
    uint32_t to;    /* node */
    uint32_t value; /* id + 1 of the piece that ends there; 0: none does */
} as_edge;

typedef struct as_trie {
    as_edge *edges;
    size_t n_edges, slots; /* a power of two */
    uint32_t n_nodes;      /* node 0 is nothing */
} as_trie;

/* Another tree in the same table. */
bool as_trie_root(as_trie *t, uint32_t *ret) AS_CHECKED;
/* Of equal pieces the last counts. An empty one is not added. */
bool as_trie_add(as_trie *t, uint32_t root, as_bytes piece, uint32_t id) AS_CHECKED;
/* The id + 1 of just this piece; 0: it is not there. */
uint32_t as_trie_find(const as_trie *t, uint32_t root, as_bytes piece);
void as_trie_done(as_trie *t);

/* NULL: no piece goes on like this. */
static inline const as_edge *as_trie_step(const as_trie *t, uint32_t node, uint8_t byte)
{
    uint64_t key = ((uint64_t)node << 8 | byte) + 1;
    size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (t->slots - 1);

    while (t->edges[at].key != key) {
        if (t->edges[at].key == 0)
            return NULL;
        at = (at + 1) & (t->slots - 1);
    }
    return &t->edges[at];
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
    as_trie trie;
    uint32_t first, more; /* roots: of a word's first piece, of the others */
    as_unigram *unigram;  /* NULL: WordPiece */
    /* WordPiece */
    uint32_t word_max;                   /* characters of a word; a longer one is [UNK] */
    bool clean, chinese, accents, lower; /* accents: they are stripped */
    as_buf prefix;                       /* of a piece within a word: "##" */
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

/* The property White_Space. */
static inline bool as_char_is_blank(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

#ifdef __cplusplus
}
#endif
#endif
