/*
 * add_priv - a document on its way into a store.
 *
 * Depends on: base, evidence, formats; SQLite.  Threads: as as_store.
 */
#ifndef AS_STORE_ADD_PRIV_H
#define AS_STORE_ADD_PRIV_H

#include "store/store_priv.h"

/* A process by the number that the system gave it. */
typedef struct as_actor {
    uint32_t run;
    as_str pid;
    uint32_t fact;
} as_actor;

typedef struct as_adder {
    as_store *s;
    const as_store_add_options *options;
    const char *path; /* as the document was given */
    as_bytes name;
    as_blob_info info;
    int64_t doc;      /* given: a document that is read anew */
    int64_t own;      /* sample of such a one, if its target is of no other; 0: a new one */
    int64_t added_us; /* 0: now */
    bool begun;       /* the document has its row */
    int64_t sample, first_fact, last_fact, seen_us;
    int64_t *ids, *before; /* rows by number of the fact, in this portion and in the last */
    size_t n_ids, n_before;
    as_actor *actors;
    size_t n_actors, cap_actors, runs;
    as_target target;
    as_gather *gather;
    as_callbook *calls;
    uint64_t n_calls, chunks;
    as_buf evidence, attrs, outline;
    struct {
        int64_t facts, first;
    } kinds[AS_KIND_COUNT];
} as_adder;

/* Reads the blob and puts everything into the tables. */
as_code as_adder_run(as_adder *a, as_err *err) AS_CHECKED;
void as_adder_done(as_adder *a);

/* In chunks.c: what options->chunks tells of the analysis; *ret_n is how many. */
as_code as_chunks_put(as_store *s, int64_t doc, int64_t sample, const as_analysis *a,
                      const as_store_add_options *options, uint64_t *ret_n, as_err *err) AS_CHECKED;

#endif
