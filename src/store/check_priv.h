/*
 * check_priv - looking at a store and mending it.
 *
 * Depends on: base, evidence, formats; SQLite.  Threads: as as_store.
 */
#ifndef AS_STORE_CHECK_PRIV_H
#define AS_STORE_CHECK_PRIV_H

#include "store/store_priv.h"

typedef struct as_checker {
    as_store *s;
    const as_check_options *options;
    as_check_summary summary;
    as_buf blobs; /* SHA-256 of all, sorted */
} as_checker;

typedef struct as_check_doc {
    int64_t id;
    uint64_t size, facts;
    uint8_t sha256[AS_SHA256_SIZE];
    char called[128]; /* "3391c4e3bafe (a.json)": for a person */
} as_check_doc;

as_code as_check_say(as_checker *c, bool repaired, as_err *err, const char *fmt, ...)
    AS_PRINTF(4, 5);

/* Makes all counts anew from the rows. */
as_code as_check_recount(as_checker *c, as_err *err) AS_CHECKED;

/* In rebuild.c: the database is put aside and made again from the blobs. */
as_code as_store_rebuild(const char *home, as_checker *c, as_err *err) AS_CHECKED;

#endif
