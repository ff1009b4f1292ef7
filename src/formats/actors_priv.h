/*
 * actors_priv - private to formats: the processes of a report by the tool's own numbers for them.
 *
 * What a process did may stand before the process itself, so a fact that names it gets a
 * parent by number; as_actors_settle() makes that number stand for the process.
 */
#ifndef AS_ACTORS_PRIV_H
#define AS_ACTORS_PRIV_H

#include "formats/formats_priv.h"

typedef struct as_actors {
    as_ids told;      /* to the fact of the process */
    as_ids mentioned; /* to the fact number reserved for it */
    uint64_t *ids;    /* of the numbers reserved, in the order of `numbers` */
    uint32_t *numbers;
    size_t n, cap;
} as_actors;

/* The process `id` is `fact`; of several facts the first counts. */
as_code as_actors_tell(as_actors *a, uint64_t id, uint32_t fact, as_err *err) AS_CHECKED;

/* A parent for what the process `id` did. */
as_code as_actors_number(as_walk *w, as_actors *a, uint64_t id, uint32_t *ret,
                         as_err *err) AS_CHECKED;

/* Once all is read and before facts are joined. */
void as_actors_settle(as_walk *w, const as_actors *a);
void as_actors_done(as_actors *a);

#endif
