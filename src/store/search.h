/*
 * search - the chunks that hold the words of a question, best first (BM25 over FTS5).
 *
 *     as_search_words words = {0};
 *     if (as_search_parse(text, arena, &words, &err)) ...
 *     if (as_search_run(store, words.p, words.n, &filter, &limits, arena, &found, &err)) ...
 *     found.base[0].id, .score                     found.child[0].parent
 *
 * FTS5's own bm25() visits every chunk that has any of the words, twice. Here the words are
 * counted first, each only up to a bound; in a large index the rare ones choose the
 * candidates, and the common ones only take part in their rank. Where that is so, the trace
 * says how many were looked at. The rules are in docs/retrieval.md ("Ranks").
 *
 * Depends on: base, store.  Threads: as the store.
 */
#ifndef AS_SEARCH_H
#define AS_SEARCH_H

#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_SEARCH_WORDS_MAX 128u  /* of a question; more are not looked for */
#define AS_SEARCH_COUNT_MAX 1024u /* a word is counted up to this many chunks, then estimated */
#define AS_SEARCH_FULL      1024u /* so many rows are all ranked */
#define AS_SEARCH_RARE      640u  /* else the rarest words with at most so many rows together */
#define AS_SEARCH_COMMON    256u  /* rows that common words choose, the newest first */
#define AS_SEARCH_SCAN      8000u /* rows of the rarest of them that are passed for these */
#define AS_SEARCH_ENOUGH    100u  /* fewer rows than this: commoner words choose, too */

/* A word or a phrase, as an FTS5 string in quotes: what is in it is no syntax. */
typedef struct as_search_word {
    as_bytes match;
    double df; /* chunks of the whole store that have it, estimated where they are many */
    bool many; /* it was not counted to the end */
} as_search_word;

typedef struct as_search_words {
    as_search_word *p;
    size_t n;
} as_search_words;

/* The words of what a person typed; each once. No word: n is 0. */
as_code as_search_parse(as_bytes text, as_arena *arena, as_search_words *ret,
                        as_err *err) AS_CHECKED;

/* One word that stands for all of `text`. match {0}: there is no word in it. */
as_code as_search_phrase(as_bytes text, as_arena *arena, as_search_word *ret,
                         as_err *err) AS_CHECKED;

/* What is 0 or empty filters nothing. Chunks of no language pass every language. */
typedef struct as_search_filter {
    int64_t sample, since_us;
    as_bytes tool;          /* ASCII case folded */
    unsigned section, lang; /* + 1 */
} as_search_filter;

typedef struct as_search_limits {
    size_t base, child; /* hits */
    bool all;           /* rank every row that has a word, however many: slow, to measure against */
} as_search_limits;

typedef struct as_search_hit {
    int64_t id, parent, sample, doc; /* parent 0: a base chunk */
    as_section section;
    uint8_t lang, role;
    double score;   /* larger is better */
    uint64_t words; /* bit i: it has words[i]; of the first 64 */
} as_search_hit;

typedef struct as_search_found {
    as_search_hit *base, *child; /* best first; ties by id */
    size_t n_base, n_child;
    size_t candidates; /* that were ranked */
    bool cut;          /* there were more, and the words alone did not rule them out */
} as_search_found;

/*
 * Between the two, all reads see the store as it was at the first; and each is cheaper. Within
 * a batch of additions they do nothing.
 */
as_code as_search_begin(as_store *s, bool *ret_begun, as_err *err) AS_CHECKED;
void as_search_end(as_store *s, bool begun);

/* Fills in df and many of the words. */
as_code as_search_run(as_store *s, as_search_word *words, size_t n, const as_search_filter *filter,
                      const as_search_limits *limits, as_arena *arena, as_search_found *ret,
                      as_err *err) AS_CHECKED;

/* What the index says of one chunk without its text; false in *ret_there: it is gone. */
as_code as_search_meta(as_store *s, int64_t id, as_search_hit *ret, bool *ret_there,
                       as_err *err) AS_CHECKED;

/* True if two chunks say the same of the same facts in two languages. */
as_code as_search_twins(as_store *s, int64_t a, int64_t b, bool *ret, as_err *err) AS_CHECKED;

/* True if a document of that tool, added since then, may have chunks that pass. */
as_code as_search_passes(as_store *s, int64_t doc, const as_search_filter *filter, bool *ret,
                         as_err *err) AS_CHECKED;

/* True if something in the store has that name: a term of one of the types, at most 16. */
as_code as_search_named(as_store *s, as_bytes norm, const as_term_type *types, size_t n, bool *ret,
                        as_err *err) AS_CHECKED;

/* How much there is to be searched under a filter: for who finds nothing. */
as_code as_search_scope(as_store *s, const as_search_filter *filter, uint64_t *ret_samples,
                        uint64_t *ret_chunks, as_err *err) AS_CHECKED;

/* Each chunk behind `after`, in the order of ids, with its text. */
as_code as_search_each(as_store *s, int64_t after, as_stored_chunk_fn *fn, void *ctx,
                       as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
