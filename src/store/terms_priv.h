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

as_code as_term_teller_fact(as_term_teller *t, const as_facts *f, const as_fact *fact,
                            as_err *err) AS_CHECKED;

#endif
