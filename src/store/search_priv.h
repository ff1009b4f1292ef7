/*
 * search_priv - private to search: the rank of one row, an auxiliary function of FTS5.
 *
 * Depends on: store_priv.h.  Threads: as the store.
 */
#ifndef AS_SEARCH_PRIV_H
#define AS_SEARCH_PRIV_H

#include "store/search.h"
#include "store/store_priv.h"

#define AS_RANK_POINTER "assay_rank"
#define AS_RANK_PHRASES (3 * AS_SEARCH_WORDS_MAX)

/* What assay_rank() is given, and the words that the last row had. */
typedef struct as_rank {
    double idf[AS_SEARCH_WORDS_MAX];
    int of_phrase[AS_RANK_PHRASES]; /* word of each phrase of the expression; -1: it is not counted
                                     */
    size_t n_phrases;
    double average; /* words of a body; 0: not asked for yet */
    uint64_t words;
} as_rank;

/* Inverse document frequency of a word in `df` of `n` chunks; never negative. */
double as_rank_idf(double n, double df);

/* Makes assay_rank() known to the store's connection. */
as_code as_rank_register(as_store *s, as_err *err) AS_CHECKED;

#endif
