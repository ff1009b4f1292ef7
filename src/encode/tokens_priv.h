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
typedef struct as_trie {
    uint64_t *edges;  /* node << 8 | byte, plus 1; 0: free */
    uint32_t *to;     /* node */
    uint32_t *values; /* of a node: id + 1; 0: no piece ends here */
    size_t n_nodes, cap_nodes;
    size_t n_edges, slots; /* a power of two */
} as_trie;

bool as_trie_add(as_trie *t, uint32_t root, as_bytes piece, uint32_t id) AS_CHECKED;
bool as_trie_root(as_trie *t, uint32_t *ret) AS_CHECKED; /* another tree in the same table */
void as_trie_done(as_trie *t);

/* The node behind `byte`, or 0: node 0 is nothing. */
static inline uint32_t as_trie_step(const as_trie *t, uint32_t node, uint8_t byte)
{
    uint64_t edge = ((uint64_t)node << 8 | byte) + 1;
    size_t at = (size_t)(edge * 0x9e3779b97f4a7c15u >> 20) & (t->slots - 1);

    while (t->edges[at] != edge) {
        if (t->edges[at] == 0)
            return 0;
        at = (at + 1) & (t->slots - 1);
    }
    return t->to[at];
}

struct as_tokenizer {
    bool unigram;
    as_specials specials;
    as_buf text;      /* of all pieces */
    uint32_t *pieces; /* id -> where it begins in `text`; [vocab] is the end of the last */
    size_t vocab;
    /* WordPiece */
    as_trie trie;
    uint32_t first, more;                /* roots: of a word's first piece, of the others */
    uint32_t word_max;                   /* characters of a word; a longer one is [UNK] */
    bool clean, chinese, accents, lower; /* accents: they are stripped */
    as_buf prefix;                       /* of a piece within a word: "##" */
};

as_code as_wordpiece_json(as_bytes json, as_tokenizer *t, as_err *err) AS_CHECKED;
as_code as_wordpiece_vocab(as_bytes text, const as_tokenizer_options *o, as_tokenizer *t,
                           as_err *err) AS_CHECKED;
as_code as_wordpiece_run(const as_tokenizer *t, as_bytes text, as_tokens *ret,
                         as_err *err) AS_CHECKED;

void as_wordpiece_scratch_free(void *scratch);

enum { AS_CHAR_LETTER, AS_CHAR_SIGN, AS_CHAR_DROPPED };

/* What a character is to the reference implementation, if not what Unicode says now; else -1. */
int as_wordpiece_other(uint32_t c);

#ifdef __cplusplus
}
#endif
#endif
