/*
 * assemblyline_priv - private to formats: what the parts of the Assemblyline reader share.
 *
 * One thing may be told in several lists of one result: a connection in the sandbox's
 * own list and in two tables, a signature there and as a section. as_same_note() takes
 * down each such fact, as_same_join() makes one of those that are one.
 */
#ifndef AS_ASSEMBLYLINE_PRIV_H
#define AS_ASSEMBLYLINE_PRIV_H

#include "formats/formats_priv.h"

struct as_same_entry {
    uint32_t fact;
    uint32_t list; /* facts of one list are never one */
};

typedef struct as_same {
    struct as_same_entry *entries;
    size_t n, cap;
    uint32_t list; /* in hand */
} as_same;

as_code as_same_note(as_same *s, uint32_t fact, as_err *err) AS_CHECKED;
as_code as_same_join(as_same *s, as_walk *w, as_err *err) AS_CHECKED;
void as_same_done(as_same *s);

#endif
