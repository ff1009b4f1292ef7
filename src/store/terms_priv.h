/*
 * terms_priv - the terms of a fact, one after the other; the same may come twice.
 *
 * Depends on: base, evidence.  Threads: one teller, one thread.
 */
#ifndef AS_STORE_TERMS_PRIV_H
#define AS_STORE_TERMS_PRIV_H

#include "store/store_priv.h"

#define AS_TERM_MAX  1024u /* bytes of a term; a longer text ends in '#' and a hash */
#define AS_TERM_TAIL 8u    /* bytes of that hash */

typedef struct as_term_teller {
    as_buf norm;
    as_term_of_fn *fn;
    void *ctx;
    size_t told;
} as_term_teller;

/* --- term_cache.c: numbers of terms, and counts that are not written yet -------------------- */

/* The term's number (a new one if need be) and its place in the cache, until the next call. */
as_code as_term_cache_get(as_store *s, as_term_type type, as_bytes norm, size_t *ret_entry,
                          int64_t *ret_id, as_err *err) AS_CHECKED;
void as_term_cache_count(as_store *s, size_t entry, bool sample, uint64_t facts);

/* --- a fact's terms -------------------------------------------------------------------------- */

as_code as_term_teller_fact(as_term_teller *t, const as_facts *f, const as_fact *fact,
                            as_err *err) AS_CHECKED;

#endif
